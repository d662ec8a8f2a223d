//! Who is mentioned.

use seqline_relay::store::{Op, Refusal, Send};

use crate::support::{Fresh, create, invite, message, read, send, sent, signed, users};

fn mention(by: &str, to: &str, id: &str, names: &[&str]) -> Op {
    Op::Send(signed(Send {
        mentions: users(names),
        ..send(by, to, id, id)
    }))
}

async fn mentioned(store: &Fresh, user: &str) -> Option<u64> {
    Some(store.conversation(user).await.mentioned?.get())
}

pub(crate) async fn are_kept_until_they_are_read(store: Fresh) {
    store
        .commit(vec![create("alice", "group:g", &["bob", "carol"])])
        .await;
    store
        .commit(vec![
            mention("alice", "group:g", "m1", &["bob", "nobody", "alice"]),
            mention("carol", "group:g", "m2", &[]),
            mention("carol", "group:g", "m3", &["bob"]),
        ])
        .await;
    let timeline = store.timeline("bob").await;
    assert_eq!(
        message(&timeline[1]).mentions,
        users(&["bob", "nobody", "alice"])
    );
    assert_eq!(mentioned(&store, "bob").await, Some(3));
    assert_eq!(mentioned(&store, "carol").await, None);
    // By oneself is no news.
    assert_eq!(mentioned(&store, "alice").await, None);
    store.commit(vec![read("bob", "group:g", 2)]).await;
    assert_eq!(mentioned(&store, "bob").await, Some(3));
    store.commit(vec![read("bob", "group:g", 3)]).await;
    assert_eq!(mentioned(&store, "bob").await, None);
}

pub(crate) async fn of_all_are_for_admins(store: Fresh) {
    store
        .commit(vec![create("alice", "group:g", &["bob", "carol"])])
        .await;
    let result = store
        .result(0, mention("bob", "group:g", "m1", &["@all"]))
        .await;
    assert!(matches!(result, Err(Refusal::NotAllowed(_))), "{result:?}");
    sent(
        &store
            .result(0, mention("alice", "group:g", "m1", &["@all"]))
            .await,
    );
    assert_eq!(mentioned(&store, "bob").await, Some(1));
    assert_eq!(mentioned(&store, "carol").await, Some(1));
    store.commit(vec![read("bob", "group:g", 1)]).await;
    assert_eq!(mentioned(&store, "bob").await, None);
    let mut by_server = send("bob", "group:g", "m2", "x");
    by_server.mentions = users(&["@all"]);
    by_server.by_server = true;
    sent(&store.result(0, Op::Send(signed(by_server))).await);
    assert_eq!(mentioned(&store, "carol").await, Some(2));
}

pub(crate) async fn reach_members_of_a_crowd(store: Fresh) {
    store
        .commit(vec![create("alice", "group:g", &["bob", "carol", "dave"])])
        .await;
    store
        .commit(vec![mention("bob", "group:g", "m1", &["carol", "zoe"])])
        .await;
    assert_eq!(mentioned(&store, "carol").await, Some(1));
    assert_eq!(mentioned(&store, "dave").await, None);
    store
        .commit(vec![mention("alice", "group:g", "m2", &["@all"])])
        .await;
    assert_eq!(mentioned(&store, "dave").await, Some(2));
    // Who comes later was not meant.
    store
        .commit(vec![invite("alice", "group:g", &["erin"])])
        .await;
    assert_eq!(mentioned(&store, "erin").await, None);
}

pub(crate) async fn between_two_are_only_kept(store: Fresh) {
    store
        .commit(vec![mention("alice", "bob", "m1", &["bob", "@all"])])
        .await;
    let timeline = store.timeline("bob").await;
    assert_eq!(message(&timeline[0]).mentions, users(&["bob", "@all"]));
    assert_eq!(mentioned(&store, "bob").await, None);
}
