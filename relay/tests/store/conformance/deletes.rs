//! What users no longer want to see. Others keep it.

use seqline_relay::store::{Done, HistoryRange, Op, Refusal};

use crate::support::{
    Fresh, bodies, clear, conv, create, delete, edit, invite, read, recall, send, told,
};

pub(crate) async fn hide_a_message_from_one_user(store: Fresh) {
    store.fill("alice", "bob", 3).await;
    for _ in 0..2 {
        let done = store.result(0, delete("bob", "alice", 3)).await;
        assert_eq!(done, Ok(Done::Applied));
    }
    let timeline = store.timeline("bob").await;
    let expected = [
        "message 1 alice 1",
        "message 2 alice 2",
        "delete 3",
        "delete 3",
    ];
    assert_eq!(told(&timeline), expected);
    assert_eq!(store.timeline("alice").await.len(), 3);
    let ab = conv("alice", "bob");
    let page = store.history("bob", &ab, HistoryRange::Newest, 9).await;
    assert_eq!(bodies(&page.unwrap().messages), ["alice 1", "alice 2"]);
    let page = store.history("alice", &ab, HistoryRange::Newest, 9).await;
    assert_eq!(page.unwrap().messages.len(), 3);
    assert_eq!(
        store.conversation("bob").await.last.unwrap().body,
        "alice 2"
    );
    assert_eq!(
        store.conversation("alice").await.last.unwrap().body,
        "alice 3"
    );
    assert_eq!(store.receipts("bob", "alice", 3).await, None);

    // Both in one batch are one as well.
    store
        .commit(vec![delete("bob", "alice", 1), delete("bob", "alice", 1)])
        .await;
    assert_eq!(store.timeline("bob").await.len(), 5);
}

pub(crate) async fn are_of_what_one_may_see(store: Fresh) {
    store.fill("alice", "bob", 1).await;
    for (user, peer, at) in [
        ("bob", "alice", 2),
        ("bob", "alice", 0),
        ("bob", "carol", 1),
    ] {
        let result = store.result(0, delete(user, peer, at)).await;
        assert_eq!(result, Err(Refusal::MessageUnknown), "{user} {peer} {at}");
    }
    let mut foreign = delete("carol", "bob", 1);
    if let Op::Delete(delete) = &mut foreign {
        delete.conv = conv("alice", "bob");
    }
    let result = store.result(0, foreign).await;
    assert_eq!(result, Err(Refusal::ConversationUnknown));
    store
        .commit(vec![create("alice", "group:g", &["bob"])])
        .await;
    let before = Op::Send(send("alice", "group:g", "m1", "before"));
    store
        .commit(vec![before, invite("alice", "group:g", &["carol"])])
        .await;
    let result = store.result(0, delete("carol", "group:g", 1)).await;
    assert_eq!(result, Err(Refusal::MessageUnknown));
    let result = store.result(0, delete("dave", "group:g", 1)).await;
    assert_eq!(result, Err(Refusal::ConversationUnknown));
}

pub(crate) async fn of_a_conversation_take_it_off_the_list(store: Fresh) {
    store.fill("alice", "bob", 2).await;
    for _ in 0..2 {
        let done = store.result(0, clear("bob", "alice")).await;
        assert_eq!(done, Ok(Done::Applied));
    }
    assert_eq!(told(&store.timeline("bob").await[2..]), ["read 2"]);
    assert_eq!(
        told(&store.timeline("alice").await[2..]),
        ["receipt bob 2 2"]
    );
    assert!(store.conversations("bob").await.is_empty());
    assert_eq!(store.conversations("alice").await.len(), 1);
    let ab = conv("alice", "bob");
    let page = store
        .history("bob", &ab, HistoryRange::Newest, 9)
        .await
        .unwrap();
    assert!(page.messages.is_empty());
    for (gone, what) in [
        (delete("bob", "alice", 2), "delete"),
        (recall("bob", "alice", 2), "recall"),
        (edit("bob", "alice", 2, "x"), "edit"),
    ] {
        let result = store.result(0, gone).await;
        assert_eq!(result, Err(Refusal::MessageUnknown), "{what}");
    }

    // It comes back with the next message.
    store
        .commit(vec![Op::Send(send("alice", "bob", "m3", "again"))])
        .await;
    let row = store.conversation("bob").await;
    assert_eq!((row.head.get(), row.read.get(), row.unread), (3, 2, 1));
    let page = store
        .history("bob", &ab, HistoryRange::Newest, 9)
        .await
        .unwrap();
    assert_eq!(bodies(&page.messages), ["again"]);
    let page = store.history("alice", &ab, HistoryRange::Newest, 9).await;
    assert_eq!(page.unwrap().messages.len(), 3);
}

pub(crate) async fn of_a_conversation_are_for_members(store: Fresh) {
    store
        .commit(vec![create("alice", "group:g", &["bob"])])
        .await;
    let result = store.result(0, clear("carol", "group:g")).await;
    assert_eq!(result, Err(Refusal::ConversationUnknown));
    let result = store.result(0, clear("carol", "group:none")).await;
    assert_eq!(result, Err(Refusal::ConversationUnknown));
    // Nothing was said in it yet: it is off the list all the same.
    assert_eq!(
        store.result(0, clear("bob", "group:g")).await,
        Ok(Done::Applied)
    );
    assert!(store.conversations("bob").await.is_empty());
    assert_eq!(store.conversations("alice").await.len(), 1);
    let hello = Op::Send(send("alice", "group:g", "m1", "hello"));
    store.commit(vec![hello, read("bob", "group:g", 1)]).await;
    assert_eq!(store.conversation("bob").await.unread, 0);
}
