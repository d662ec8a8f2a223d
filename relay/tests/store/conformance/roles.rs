//! Who may do what in a group.

use seqline_protocol::{JoinRule, Role};
use seqline_relay::store::{Done, GroupAction, GroupEdit, Op, Refusal};

use crate::support::{
    Fresh, RECALL_WINDOW_MS, SERVER, at_s, changed, create, group, invite, message, recall, remove,
    send, sent, told, user,
};

/// Alice owns it, Bob is an admin, Carol a member.
async fn team(store: &Fresh) {
    store
        .commit(vec![create("alice", "group:g", &["bob", "carol"])])
        .await;
    store.commit(vec![role("alice", "bob", Role::Admin)]).await;
}

fn role(by: &str, of: &str, role: Role) -> Op {
    let user = user(of);
    group(by, "group:g", GroupAction::SetRole { user, role })
}

fn mute(by: &str, of: &str, until_s: u64) -> Op {
    let until = at_s(until_s);
    group(
        by,
        "group:g",
        GroupAction::Mute {
            user: user(of),
            until,
        },
    )
}

fn assert_not_allowed(result: &seqline_relay::store::OpResult, op: &Op) {
    assert!(
        matches!(result, Err(Refusal::NotAllowed(_))),
        "{op:?} {result:?}"
    );
}

pub(crate) async fn later_ones_may_do_more(store: Fresh) {
    team(&store).await;
    let rename = GroupEdit {
        title: Some("x".to_owned()),
        ..GroupEdit::default()
    };
    let for_admins = |by: &str| {
        [
            group(by, "group:g", GroupAction::Edit(rename.clone())),
            group(by, "group:g", GroupAction::MuteAll(false)),
            mute(by, "carol", 0),
            remove(by, "group:g", &["carol"]),
        ]
    };
    let for_owners = |by: &str| {
        [
            role(by, "carol", Role::Admin),
            role(by, "carol", Role::Member),
            group(by, "group:g", GroupAction::Transfer(user("alice"))),
            group(by, "group:g", GroupAction::Dissolve),
        ]
    };
    for op in for_admins("carol").iter().chain(&for_owners("carol")) {
        assert_not_allowed(&store.result(0, op.clone()).await, op);
    }
    for op in &for_owners("bob") {
        assert_not_allowed(&store.result(0, op.clone()).await, op);
    }
    for op in for_admins("bob") {
        changed(&store.result(0, op).await);
    }
    store
        .commit(vec![invite("bob", "group:g", &["carol"])])
        .await;
    for op in for_owners("alice") {
        changed(&store.result(0, op).await);
    }
}

pub(crate) async fn higher_ones_are_out_of_reach(store: Fresh) {
    team(&store).await;
    store
        .commit(vec![role("alice", "carol", Role::Admin)])
        .await;
    for op in [
        remove("bob", "group:g", &["carol"]),
        remove("bob", "group:g", &["alice"]),
        remove("bob", "group:g", &["bob"]),
        remove(SERVER, "group:g", &["alice"]),
        mute("bob", "carol", 9),
        mute("bob", "alice", 9),
        role("alice", "alice", Role::Member),
        role("alice", "bob", Role::Owner),
        group("alice", "group:g", GroupAction::Leave),
        group(SERVER, "group:g", GroupAction::Leave),
        group(SERVER, "group:g", GroupAction::Join),
    ] {
        assert_not_allowed(&store.result(0, op.clone()).await, &op);
    }
    for op in [
        mute("bob", "zoe", 9),
        role("alice", "zoe", Role::Admin),
        group("alice", "group:g", GroupAction::Transfer(user("zoe"))),
    ] {
        let result = store.result(0, op.clone()).await;
        assert_eq!(result, Err(Refusal::MemberUnknown), "{op:?}");
    }
    changed(&store.result(0, mute("alice", "carol", 9)).await);
    changed(
        &store
            .result(0, remove("alice", "group:g", &["carol"]))
            .await,
    );
}

pub(crate) async fn are_told_and_asked(store: Fresh) {
    team(&store).await;
    // Once is enough.
    store.commit(vec![role("alice", "bob", Role::Admin)]).await;
    changed(
        &store
            .result(
                0,
                group("alice", "group:g", GroupAction::Transfer(user("carol"))),
            )
            .await,
    );
    let again = group(SERVER, "group:g", GroupAction::Transfer(user("carol")));
    changed(&store.result(0, again).await);
    let expected = ["role bob Admin by alice", "role carol Owner by alice"];
    assert_eq!(told(&store.timeline("bob").await[1..]), expected);
    let described = store.group("alice", "group:g").await.unwrap();
    assert_eq!(described.owner, user("carol"));
    assert_eq!(described.own.unwrap().role, Role::Admin);
    let all = store.members("alice", "group:g", None, 9).await.unwrap();
    let roles: Vec<_> = all.into_iter().map(|one| one.role).collect();
    assert_eq!(roles, [Role::Admin, Role::Admin, Role::Owner]);
}

pub(crate) async fn the_muted_cannot_send(store: Fresh) {
    team(&store).await;
    let say = |by: &str, id: &str| Op::Send(send(by, "group:g", id, "x"));
    store
        .commit(vec![mute("bob", "carol", 60), mute("bob", "carol", 60)])
        .await;
    let result = store.result(59, say("carol", "m1")).await;
    assert_eq!(result, Err(Refusal::Muted(at_s(60))));
    sent(&store.result(60, say("carol", "m1")).await);
    store.commit(vec![mute("alice", "bob", 60)]).await;
    assert_eq!(
        store.result(0, say("bob", "m2")).await,
        Err(Refusal::Muted(at_s(60)))
    );
    let mut by_server = send("bob", "group:g", "m3", "x");
    by_server.by_server = true;
    sent(&store.result(0, Op::Send(by_server)).await);
    let unmute = GroupAction::Mute {
        user: user("bob"),
        until: seqline_protocol::Micros::ZERO,
    };
    store.commit(vec![group("alice", "group:g", unmute)]).await;
    sent(&store.result(0, say("bob", "m2")).await);

    let all = |muted| group("bob", "group:g", GroupAction::MuteAll(muted));
    store.commit(vec![all(true), all(true)]).await;
    assert!(store.group("carol", "group:g").await.unwrap().is_muted);
    assert_eq!(
        store.result(99, say("carol", "m4")).await,
        Err(Refusal::MutedAll)
    );
    sent(&store.result(99, say("bob", "m5")).await);
    store.commit(vec![all(false)]).await;
    sent(&store.result(99, say("carol", "m4")).await);
    let told = told(&store.timeline("carol").await);
    assert_eq!(
        told.iter()
            .filter(|one| one.starts_with("muted carol"))
            .count(),
        1
    );
    assert_eq!(
        told.iter()
            .filter(|one| one.starts_with("muted all true"))
            .count(),
        1
    );
}

pub(crate) async fn who_may_invite_and_join(store: Fresh) {
    team(&store).await;
    let rule = |join| {
        let edit = GroupEdit {
            join: Some(join),
            ..GroupEdit::default()
        };
        group("alice", "group:g", GroupAction::Edit(edit))
    };
    changed(&store.result(0, invite("carol", "group:g", &["dave"])).await);
    store
        .commit(vec![remove("alice", "group:g", &["dave"])])
        .await;
    store.commit(vec![rule(JoinRule::Admins)]).await;
    let op = invite("carol", "group:g", &["dave"]);
    assert_not_allowed(&store.result(0, op.clone()).await, &op);
    changed(&store.result(0, invite("bob", "group:g", &["dave"])).await);
    changed(&store.result(0, invite(SERVER, "group:g", &["erin"])).await);
    let join = || group("zoe", "group:g", GroupAction::Join);
    assert_eq!(
        store.result(0, join()).await,
        Err(Refusal::ConversationUnknown)
    );
    store.commit(vec![rule(JoinRule::Open)]).await;
    changed(&store.result(0, join()).await);
}

pub(crate) async fn admins_and_the_server_recall_at_any_time(store: Fresh) {
    team(&store).await;
    let say = |n: u32| Op::Send(send("carol", "group:g", &format!("m{n}"), "rude"));
    store.commit(vec![say(1), say(2), say(3)]).await;
    let late = RECALL_WINDOW_MS / 1000 + 1;
    let refused = Err(Refusal::RecallRefused(RECALL_WINDOW_MS / 1000));
    assert_eq!(
        store.result(late, recall("carol", "group:g", 1)).await,
        refused
    );
    for (by, at) in [("bob", 1), ("alice", 2), (SERVER, 3)] {
        let done = store.result(late, recall(by, "group:g", at)).await;
        assert_eq!(done, Ok(Done::Applied), "{by}");
    }
    let timeline = store.timeline("alice").await;
    let last = timeline.len() - 3;
    // Nobody is named for the server: the message counts as the sender's own.
    let expected = ["recall 1 by bob", "recall 2 by alice", "recall 3 by carol"];
    assert_eq!(told(&timeline[last..]), expected);
    assert!(timeline[2..last].iter().all(|one| message(one).recalled));
}
