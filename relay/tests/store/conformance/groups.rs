//! Groups: who belongs to them, and what their members are told.

use seqline_protocol::JoinRule;
use seqline_relay::store::{CommitRules, Done, GroupAction, GroupEdit, HistoryRange, Op, Refusal};

use crate::support::{
    CROWD_MEMBERS_MIN, Fresh, SERVER, actor, bodies, changed, clear, create, group, invite, place,
    read, recall, remove, rules, send, sent, told, user, users,
};

pub(crate) async fn members_are_told_of_messages(store: Fresh) {
    let done = store
        .result(
            0,
            create("alice", "group:g", &["bob", "alice", "carol", "bob"]),
        )
        .await;
    assert_eq!(changed(&done).changed, users(&["bob", "carol"]));
    assert_eq!(changed(&done).members, 3);
    let done = store
        .result(1, Op::Send(send("bob", "group:g", "m1", "hello")))
        .await;
    assert_eq!((sent(&done).conv_seq.get(), sent(&done).seq.get()), (1, 2));
    for name in ["alice", "bob", "carol"] {
        let expected = ["created bob,carol by alice", "message 1 hello"];
        assert_eq!(told(&store.timeline(name).await), expected, "{name}");
        let row = store.conversation(name).await;
        assert_eq!(row.title.as_deref(), Some("group:g"));
        assert_eq!(row.unread, u64::from(name != "bob"), "{name}");
        assert!(row.receipts.is_empty());
        assert!(!row.crowd);
    }
    let known = store
        .store
        .users(actor("bob").app(), &users(&["carol", "dave"]))
        .await;
    let known: Vec<_> = known.unwrap().into_iter().map(|one| one.user).collect();
    assert_eq!(known, users(&["carol"]));
}

pub(crate) async fn is_described_to_its_members(store: Fresh) {
    store
        .commit_at(3, vec![create("alice", "group:g", &["carol", "bob"])])
        .await;
    let described = store.group("bob", "group:g").await.unwrap();
    assert_eq!((described.owner, described.members), (user("alice"), 3));
    assert_eq!(described.join, JoinRule::Invited);
    assert_eq!(described.own.unwrap().user, user("bob"));
    assert!(!described.is_crowd && !described.is_dissolved && !described.is_muted);
    assert_eq!(store.group(SERVER, "group:g").await.unwrap().own, None);
    assert_eq!(store.group("dave", "group:g").await, None);
    assert_eq!(store.group("alice", "group:none").await, None);

    let names = async |after: Option<&str>, limit| {
        let all = store.members("bob", "group:g", after, limit).await.unwrap();
        all.into_iter().map(|one| one.user).collect::<Vec<_>>()
    };
    assert_eq!(names(None, 2).await, users(&["alice", "bob"]));
    assert_eq!(names(Some("bob"), 2).await, users(&["carol"]));
    assert_eq!(store.members("dave", "group:g", None, 9).await, None);
}

pub(crate) async fn names_are_taken_once(store: Fresh) {
    store
        .commit(vec![create("alice", "group:g", &["bob"])])
        .await;
    let taken = Err(Refusal::ConversationExists);
    assert_eq!(
        store.result(0, create("carol", "group:g", &[])).await,
        taken
    );
    let commit = store
        .commit(vec![
            create("bob", "group:h", &[]),
            create("carol", "group:h", &[]),
        ])
        .await;
    assert_eq!(changed(&commit.results[0]).members, 1);
    assert_eq!(commit.results[1], taken);
    store
        .commit(vec![group("alice", "group:g", GroupAction::Dissolve)])
        .await;
    assert_eq!(
        store.result(0, create("alice", "group:g", &[])).await,
        taken
    );
    // Direct conversations and rooms are not made.
    for name in ["dm:alice:bob", "room:r"] {
        let result = store.result(0, create("alice", name, &["bob"])).await;
        assert_eq!(result, Err(Refusal::ConversationUnknown), "{name}");
    }
    assert!(store.conversations("dave").await.is_empty());
}

pub(crate) async fn the_server_names_the_owner(store: Fresh) {
    let by = |by: &str, owner: Option<&str>| {
        let action = GroupAction::Create {
            owner: owner.map(user),
            title: "team".to_owned(),
            join: Some(JoinRule::Admins),
            users: users(&["bob"]),
        };
        group(by, "group:g", action)
    };
    for wrong in [by(SERVER, None), by("alice", Some("bob"))] {
        let result = store.result(0, wrong).await;
        assert!(matches!(result, Err(Refusal::NotAllowed(_))), "{result:?}");
    }
    let done = store.result(0, by(SERVER, Some("alice"))).await;
    assert_eq!(changed(&done).members, 2);
    let described = store.group("alice", "group:g").await.unwrap();
    assert_eq!(
        (described.owner, described.join),
        (user("alice"), JoinRule::Admins)
    );
    assert_eq!(described.title, "team");
    assert_eq!(
        told(&store.timeline("bob").await),
        ["created bob by server"]
    );
}

pub(crate) async fn new_members_see_what_comes(store: Fresh) {
    store.commit(vec![create("alice", "group:g", &[])]).await;
    store
        .commit(vec![Op::Send(send("alice", "group:g", "m1", "before"))])
        .await;
    let done = store
        .result(0, invite("alice", "group:g", &["bob", "alice", "bob"]))
        .await;
    assert_eq!(changed(&done).changed, users(&["bob"]));
    let again = store.result(0, invite("alice", "group:g", &["bob"])).await;
    assert_eq!(changed(&again).changed, []);
    assert_eq!(changed(&again).members, 2);
    store
        .commit(vec![Op::Send(send("alice", "group:g", "m2", "after"))])
        .await;
    let timeline = store.timeline("bob").await;
    assert_eq!(told(&timeline), ["joined bob by alice", "message 2 after"]);
    let row = store.conversation("bob").await;
    assert_eq!((row.unread, row.read.get(), row.head.get()), (1, 1, 2));
    let page = store
        .history("bob", &place("", "group:g"), HistoryRange::Newest, 9)
        .await;
    assert_eq!(bodies(&page.unwrap().messages), ["after"]);
    assert_eq!(store.timeline("alice").await.len(), 4);
}

pub(crate) async fn new_members_may_be_shown_the_past(store: Fresh) {
    store.commit(vec![create("alice", "group:g", &[])]).await;
    store
        .commit(vec![Op::Send(send("alice", "group:g", "m1", "before"))])
        .await;
    store
        .commit(vec![invite("alice", "group:g", &["bob"])])
        .await;
    let page = store
        .history("bob", &place("", "group:g"), HistoryRange::Newest, 9)
        .await;
    assert_eq!(bodies(&page.unwrap().messages), ["before"]);
    assert_eq!(store.conversation("bob").await.unread, 0);
}

/// The rules of [`new_members_may_be_shown_the_past`].
pub(crate) fn shows_the_past() -> CommitRules {
    CommitRules {
        shows_history_to_new: true,
        ..rules()
    }
}

pub(crate) async fn who_goes_learns_it_and_no_more(store: Fresh) {
    store
        .commit(vec![create("alice", "group:g", &["bob", "carol"])])
        .await;
    let done = store
        .result(0, remove("alice", "group:g", &["bob", "dave"]))
        .await;
    assert_eq!(
        (changed(&done).members, &changed(&done).changed),
        (2, &users(&["bob"]))
    );
    let left = store
        .result(0, group("carol", "group:g", GroupAction::Leave))
        .await;
    assert_eq!(changed(&left).members, 1);
    store
        .commit(vec![Op::Send(send("alice", "group:g", "m1", "alone"))])
        .await;
    let created = "created bob,carol by alice";
    assert_eq!(
        told(&store.timeline("bob").await),
        [created, "removed bob by alice"]
    );
    let carol = [created, "removed bob by alice", "left carol by carol"];
    assert_eq!(told(&store.timeline("carol").await), carol);
    assert_eq!(store.timeline("alice").await.len(), 4);
    assert!(store.conversations("bob").await.is_empty());
    for name in ["bob", "carol", "dave"] {
        let unknown = Err(Refusal::ConversationUnknown);
        for op in [
            Op::Send(send(name, "group:g", "x", "x")),
            read(name, "group:g", 1),
            clear(name, "group:g"),
            recall(name, "group:g", 1),
            invite(name, "group:g", &["bob"]),
            group(name, "group:g", GroupAction::Leave),
            group(name, "group:g", GroupAction::Join),
            group(name, "group:g", GroupAction::Dissolve),
        ] {
            assert_eq!(store.result(0, op.clone()).await, unknown, "{op:?}");
        }
        let page = store
            .history(name, &place("", "group:g"), HistoryRange::Newest, 9)
            .await;
        assert_eq!(page, None);
    }

    // Back again, as a new member.
    store
        .commit(vec![invite("alice", "group:g", &["bob"])])
        .await;
    let row = store.conversation("bob").await;
    assert_eq!((row.unread, row.read.get()), (0, 1));
}

pub(crate) async fn going_and_coming_in_one_batch(store: Fresh) {
    store
        .commit(vec![create("alice", "group:g", &["bob"])])
        .await;
    let commit = store
        .commit(vec![
            remove("alice", "group:g", &["bob"]),
            Op::Send(send("alice", "group:g", "m1", "without bob")),
            invite("alice", "group:g", &["bob", "carol"]),
            Op::Send(send("bob", "group:g", "m2", "back")),
            remove("alice", "group:g", &["carol"]),
        ])
        .await;
    assert_eq!(changed(&commit.results[4]).members, 2);
    let expected = [
        "created bob by alice",
        "removed bob by alice",
        "joined bob,carol by alice",
        "message 2 back",
        "removed carol by alice",
    ];
    assert_eq!(told(&store.timeline("bob").await), expected);
    let carol = [
        "joined bob,carol by alice",
        "message 2 back",
        "removed carol by alice",
    ];
    assert_eq!(told(&store.timeline("carol").await), carol);
    let row = store.conversation("bob").await;
    assert_eq!((row.head.get(), row.read.get(), row.unread), (2, 1, 0));
    assert!(store.conversations("carol").await.is_empty());
    assert_eq!(
        store
            .members("bob", "group:g", None, 9)
            .await
            .unwrap()
            .len(),
        2
    );
}

pub(crate) async fn has_a_largest_size(store: Fresh) {
    let full = Err(Refusal::Full(3));
    let result = store
        .result(0, create("alice", "group:g", &["bob", "carol", "dave"]))
        .await;
    assert_eq!(result, full);
    store
        .commit(vec![create("alice", "group:g", &["bob"])])
        .await;
    let two = invite("alice", "group:g", &["carol", "dave"]);
    assert_eq!(store.result(0, two).await, full);
    assert!(store.conversations("carol").await.is_empty());
    let one = store
        .result(0, invite("alice", "group:g", &["carol", "bob"]))
        .await;
    assert_eq!(changed(&one).members, 3);
}

/// The rules of [`has_a_largest_size`].
pub(crate) fn three_at_most() -> CommitRules {
    CommitRules {
        group_members_max: 3,
        ..rules()
    }
}

pub(crate) async fn that_ended_stays_readable(store: Fresh) {
    store
        .commit(vec![create("alice", "group:g", &["bob"])])
        .await;
    store
        .commit(vec![Op::Send(send("bob", "group:g", "m1", "last words"))])
        .await;
    let done = store
        .result(0, group("alice", "group:g", GroupAction::Dissolve))
        .await;
    assert_eq!(changed(&done).members, 2);
    assert_eq!(
        told(&store.timeline("bob").await[2..]),
        ["dissolved by alice"]
    );
    for op in [
        Op::Send(send("bob", "group:g", "m2", "x")),
        recall("bob", "group:g", 1),
        invite("alice", "group:g", &["carol"]),
        group("alice", "group:g", GroupAction::Dissolve),
        group("bob", "group:g", GroupAction::Join),
        remove(SERVER, "group:g", &["bob"]),
    ] {
        let result = store.result(0, op.clone()).await;
        assert!(
            matches!(result, Err(Refusal::NotAllowed(_))),
            "{op:?} {result:?}"
        );
    }
    // What was stored before it ended is still answered.
    let repeat = Op::Send(send("bob", "group:g", "m1", "last words"));
    assert!(sent(&store.result(0, repeat).await).duplicate);
    let outside = Op::Send(send("carol", "group:g", "m1", "x"));
    assert_eq!(
        store.result(0, outside).await,
        Err(Refusal::ConversationUnknown)
    );

    let page = store
        .history("alice", &place("", "group:g"), HistoryRange::Newest, 9)
        .await;
    assert_eq!(bodies(&page.unwrap().messages), ["last words"]);
    assert_eq!(
        store.result(0, read("alice", "group:g", 1)).await,
        Ok(Done::Applied)
    );
    assert_eq!(store.conversation("alice").await.unread, 0);
    assert!(store.group("bob", "group:g").await.unwrap().is_dissolved);

    // Even its owner may leave it now.
    let left = store
        .result(0, group("alice", "group:g", GroupAction::Leave))
        .await;
    assert_eq!(changed(&left).members, 1);
    assert!(store.conversations("alice").await.is_empty());
    assert_eq!(store.conversations("bob").await.len(), 1);
}

pub(crate) async fn edits_tell_what_changed(store: Fresh) {
    store
        .commit(vec![create("alice", "group:g", &["bob"])])
        .await;
    let edit = |title: Option<&str>, announcement: Option<&str>, join| {
        let edit = GroupEdit {
            title: title.map(str::to_owned),
            announcement: announcement.map(str::to_owned),
            join,
        };
        group("alice", "group:g", GroupAction::Edit(edit))
    };
    store
        .commit(vec![
            edit(Some("new"), None, None),
            edit(None, Some("read this"), Some(JoinRule::Open)),
            edit(Some("new"), Some("read this"), None),
        ])
        .await;
    let described = store.group("bob", "group:g").await.unwrap();
    assert_eq!(described.title, "new");
    assert_eq!(described.announcement, "read this");
    assert_eq!(described.join, JoinRule::Open);
    assert_eq!(store.timeline("bob").await.len(), 3);
    assert_eq!(
        store.conversation("bob").await.title.as_deref(),
        Some("new")
    );
    let joined = store
        .result(0, group("carol", "group:g", GroupAction::Join))
        .await;
    assert_eq!(changed(&joined).changed, users(&["carol"]));
    let again = store
        .result(0, group("carol", "group:g", GroupAction::Join))
        .await;
    assert_eq!(changed(&again).changed, []);
    assert_eq!(
        told(&store.timeline("bob").await[3..]),
        ["joined carol by carol"]
    );
    const { assert!(CROWD_MEMBERS_MIN > 3) };
}

/// Send, mark, change: whatever a batch does, nothing of what it refuses is done.
pub(crate) async fn what_is_refused_leaves_no_trace(store: Fresh) {
    store
        .commit(vec![create("alice", "group:g", &["bob"])])
        .await;
    let before = store.timeline("alice").await.len();
    let commit = store
        .commit(vec![
            Op::Send(send("carol", "group:g", "m1", "x")),
            remove("bob", "group:g", &["alice"]),
            invite("dave", "group:g", &["erin"]),
            group("alice", "group:g", GroupAction::Transfer(user("zoe"))),
            group("alice", "group:none", GroupAction::MuteAll(true)),
        ])
        .await;
    assert!(commit.results.iter().all(Result::is_err), "{commit:?}");
    assert!(commit.appends.is_empty());
    assert_eq!(store.timeline("alice").await.len(), before);
    let known = store
        .store
        .users(actor("bob").app(), &users(&["dave", "erin", "zoe"]))
        .await;
    assert_eq!(known.unwrap(), []);
}
