//! Messages that are to read differently.

use seqline_protocol::Item;
use seqline_relay::store::{Done, GroupAction, HistoryRange, Op, Refusal, Send};

use crate::support::{
    EDIT_WINDOW_MS, Fresh, SERVER, at_s, conv, create, edit, group, message, recall, send, signed,
    told, user,
};

const WINDOW_S: u64 = EDIT_WINDOW_MS / 1000;

pub(crate) async fn change_the_message_everywhere(store: Fresh) {
    store.fill("alice", "bob", 2).await;
    let done = store.result(5, edit("alice", "bob", 1, "better")).await;
    assert_eq!(done, Ok(Done::Applied));
    for user in ["alice", "bob"] {
        let timeline = store.timeline(user).await;
        let expected = ["message 1 better", "message 2 alice 2", "edit 1 better"];
        assert_eq!(told(&timeline), expected);
        assert_eq!(message(&timeline[0]).edited_us, Some(at_s(5)));
        let Item::Edit(edited) = &timeline[2].item else {
            panic!("not an edit");
        };
        assert_eq!(edited, message(&timeline[0]));
        let history = store
            .history(user, &conv("alice", "bob"), HistoryRange::Newest, 9)
            .await
            .unwrap();
        assert_eq!(history.messages[0].body, "better");
        assert_eq!(history.messages[0].created_us, at_s(0));
    }
}

pub(crate) async fn are_for_the_sender_and_for_a_while(store: Fresh) {
    store.fill("alice", "bob", 1).await;
    let refused = Err(Refusal::EditRefused(WINDOW_S));
    let by_other = store.result(0, edit("bob", "alice", 1, "x")).await;
    assert_eq!(by_other, refused);
    let late = store
        .result(WINDOW_S + 1, edit("alice", "bob", 1, "x"))
        .await;
    assert_eq!(late, refused);
    for (peer, at) in [("bob", 2), ("bob", 0), ("nobody", 1)] {
        let result = store.result(0, edit("alice", peer, at, "x")).await;
        assert_eq!(result, Err(Refusal::MessageUnknown), "{peer} {at}");
    }
    let mut foreign = edit("carol", "bob", 1, "x");
    if let Op::Edit(edit) = &mut foreign {
        edit.conv = conv("alice", "bob");
    }
    let result = store.result(0, foreign).await;
    assert_eq!(result, Err(Refusal::ConversationUnknown));
    assert_eq!(store.timeline("bob").await.len(), 1);

    let just = store.result(WINDOW_S, edit("alice", "bob", 1, "x")).await;
    assert_eq!(just, Ok(Done::Applied));
    // Comes again because its answer was lost.
    let again = store
        .result(WINDOW_S + 5, edit("alice", "bob", 1, "x"))
        .await;
    assert_eq!(again, Ok(Done::Applied));
    assert_eq!(store.timeline("bob").await.len(), 2);
}

pub(crate) async fn are_for_the_server_at_any_time(store: Fresh) {
    store.fill("alice", "bob", 1).await;
    let mut op = edit(SERVER, "group:x", 1, "moderated");
    if let Op::Edit(edit) = &mut op {
        edit.conv = conv("alice", "bob");
    }
    assert_eq!(store.result(9_999, op).await, Ok(Done::Applied));
    let expected = ["message 1 moderated", "edit 1 moderated"];
    assert_eq!(told(&store.timeline("alice").await), expected);
}

pub(crate) async fn of_what_is_gone_are_refused(store: Fresh) {
    store.fill("alice", "bob", 1).await;
    let fleeting = signed(Send {
        expires: Some(at_s(10)),
        ..send("alice", "bob", "m2", "soon gone")
    });
    let keyed = |id: &str, replace| {
        let key = Some(seqline_protocol::Label::new("k").unwrap());
        let send = send("alice", "bob", id, id);
        Op::Send(signed(Send {
            key,
            replace,
            ..send
        }))
    };
    store
        .commit(vec![
            Op::Send(fleeting),
            keyed("m3", false),
            keyed("m4", true),
        ])
        .await;
    store.commit(vec![recall("alice", "bob", 1)]).await;
    let refused = Err(Refusal::EditRefused(WINDOW_S));
    for at in [1, 2, 3] {
        let result = store.result(10, edit("alice", "bob", at, "x")).await;
        assert_eq!(result, refused, "{at}");
    }
    let result = store.result(10, edit("alice", "bob", 4, "x")).await;
    assert_eq!(result, Ok(Done::Applied));
}

/// Who cannot say anything new cannot say it by an edit.
pub(crate) async fn take_the_right_to_send(store: Fresh) {
    store
        .commit(vec![create("alice", "group:g", &["bob"])])
        .await;
    store
        .commit(vec![Op::Send(send("bob", "group:g", "m1", "fine"))])
        .await;
    let mute = GroupAction::Mute {
        user: user("bob"),
        until: at_s(50),
    };
    store.commit(vec![group("alice", "group:g", mute)]).await;
    let result = store.result(9, edit("bob", "group:g", 1, "rude")).await;
    assert_eq!(result, Err(Refusal::Muted(at_s(50))));
    let result = store.result(50, edit("bob", "group:g", 1, "rude")).await;
    assert_eq!(result, Ok(Done::Applied));
}
