//! Messages are stored once, in order, in every timeline that they go to.

use std::collections::BTreeSet;

use seqline_protocol::{ClientMsgId, Kind, Priority};
use seqline_relay::store::{Done, Op, Refusal, Send};

use crate::support::{
    Fresh, account, account_of, at_s, conv, create, message, read, recall, remove, send, sent,
    seqs, signed, told,
};

pub(crate) async fn reaches_both_timelines(store: Fresh) {
    let commit = store
        .commit(vec![Op::Send(send("alice", "bob", "m1", "hello"))])
        .await;
    let place = sent(&commit.results[0]);
    assert_eq!((place.conv_seq.get(), place.seq.get()), (1, 1));
    assert!(!place.duplicate);
    for user in ["alice", "bob"] {
        let timeline = store.timeline(user).await;
        assert_eq!(seqs(&timeline), [1]);
        assert_eq!(message(&timeline[0]).body, "hello");
        assert_eq!(message(&timeline[0]).msg_id, place.msg_id);
        assert_eq!(message(&timeline[0]).sender.as_str(), "alice");
    }
    assert!(store.timeline("carol").await.is_empty());
}

pub(crate) async fn notes_to_oneself_are_one_entry(store: Fresh) {
    store.fill("alice", "alice", 2).await;
    assert_eq!(seqs(&store.timeline("alice").await), [1, 2]);
    assert_eq!(store.conversation("alice").await.unread, 0);
}

pub(crate) async fn a_batch_keeps_the_order_of_a_sender(store: Fresh) {
    let ops: Vec<_> = (0..200)
        .map(|n| {
            let (from, to) = if n % 3 == 0 {
                ("bob", "alice")
            } else {
                ("alice", "bob")
            };
            Op::Send(send(from, to, &format!("m{n}"), &n.to_string()))
        })
        .collect();
    let commit = store.commit(ops).await;
    let places: Vec<_> = commit
        .results
        .iter()
        .map(|one| sent(one).conv_seq.get())
        .collect();
    assert_eq!(places, (1..=200).collect::<Vec<_>>());
    let timeline = store.timeline("bob").await;
    let bodies: Vec<_> = timeline
        .iter()
        .map(|one| message(one).body.clone())
        .collect();
    assert_eq!(bodies, (0..200).map(|n| n.to_string()).collect::<Vec<_>>());
}

pub(crate) async fn a_retransmission_gets_the_first_result(store: Fresh) {
    let op = || Op::Send(send("alice", "bob", "m1", "hello"));
    let commit = store.commit_at(1, vec![op(), op()]).await;
    let later = store.result(2, op()).await;
    let first = sent(&commit.results[0]);
    assert!(!first.duplicate);
    for repeat in [sent(&commit.results[1]), sent(&later)] {
        assert!(repeat.duplicate);
        assert_eq!(
            (repeat.msg_id, repeat.conv_seq, repeat.seq, repeat.created),
            (first.msg_id, first.conv_seq, first.seq, first.created)
        );
    }
    assert_eq!(seqs(&store.timeline("bob").await), [1]);
    assert_eq!(seqs(&store.timeline("alice").await), [1]);
}

pub(crate) async fn a_retransmission_leaves_the_rest_of_its_batch_alone(store: Fresh) {
    let stored = send("alice", "bob", "m1", "hello");
    store.commit(vec![Op::Send(stored.clone())]).await;
    // Users and a conversation that are new, before and after it.
    let batch = vec![
        Op::Send(send("carol", "dave", "m1", "one")),
        Op::Send(stored),
        Op::Send(send("bob", "alice", "m1", "two")),
        Op::Send(send("dave", "carol", "m1", "three")),
    ];
    let commit = store.commit(batch).await;
    let places: Vec<_> = commit.results.iter().map(sent).collect();
    let duplicates: Vec<_> = places.iter().map(|place| place.duplicate).collect();
    assert_eq!(duplicates, [false, true, false, false]);
    assert_eq!(seqs(&store.timeline("bob").await), [1, 2]);
    assert_eq!(seqs(&store.timeline("dave").await), [1, 2]);
    let ids: BTreeSet<_> = places.iter().map(|place| place.msg_id).collect();
    assert_eq!(ids.len(), 4);
}

pub(crate) async fn who_may_not_send_any_more_learns_of_the_first_time(store: Fresh) {
    store
        .commit(vec![create("alice", "group:g", &["bob"])])
        .await;
    let message = Op::Send(send("bob", "group:g", "m1", "hello"));
    let stored = store.result(1, message.clone()).await;
    store
        .commit(vec![remove("alice", "group:g", &["bob"])])
        .await;
    let other = Op::Send(send("bob", "group:g", "m2", "more"));
    let commit = store.commit_at(2, vec![other, message]).await;
    assert!(commit.results[0].is_err());
    let repeat = sent(&commit.results[1]);
    assert!(repeat.duplicate);
    assert_eq!(repeat.msg_id, sent(&stored).msg_id);
}

pub(crate) async fn the_same_id_with_another_content_is_a_conflict(store: Fresh) {
    let first = send("alice", "bob", "m1", "hello");
    store.commit(vec![Op::Send(first.clone())]).await;
    let others = [
        Send {
            body: "other".to_owned(),
            ..first.clone()
        },
        Send {
            kind: Kind::new("image").unwrap(),
            ..first.clone()
        },
        Send {
            priority: Priority::High,
            ..first.clone()
        },
        Send {
            expires: Some(at_s(9)),
            ..first.clone()
        },
        Send {
            conv: conv("alice", "carol"),
            ..first.clone()
        },
    ];
    for other in others {
        let result = store.result(0, Op::Send(signed(other.clone()))).await;
        assert_eq!(result, Err(Refusal::IdConflict), "{other:?}");
    }
    let second = send("alice", "bob", "m2", "one");
    let clash = send("alice", "bob", "m2", "two");
    let commit = store.commit(vec![Op::Send(second), Op::Send(clash)]).await;
    sent(&commit.results[0]);
    assert_eq!(commit.results[1], Err(Refusal::IdConflict));
    assert_eq!(store.timeline("bob").await.len(), 2);
    assert!(store.timeline("carol").await.is_empty());
}

pub(crate) async fn ids_are_of_one_sender(store: Fresh) {
    let commit = store
        .commit(vec![
            Op::Send(send("alice", "bob", "m1", "one")),
            Op::Send(send("bob", "alice", "m1", "two")),
        ])
        .await;
    assert!(commit.results.iter().all(|one| !sent(one).duplicate));
    assert_eq!(store.timeline("bob").await.len(), 2);
}

pub(crate) async fn what_is_refused_fails_alone(store: Fresh) {
    let mut foreign = send("alice", "bob", "m2", "not mine");
    foreign.conv = conv("bob", "carol");
    let commit = store
        .commit(vec![
            Op::Send(send("alice", "bob", "m1", "one")),
            Op::Send(foreign),
            recall("alice", "bob", 77),
            read("alice", "bob", 1),
            Op::Send(send("alice", "bob", "m3", "three")),
        ])
        .await;
    sent(&commit.results[0]);
    assert_eq!(commit.results[1], Err(Refusal::ConversationUnknown));
    assert_eq!(commit.results[2], Err(Refusal::MessageUnknown));
    assert_eq!(commit.results[3], Ok(Done::Applied));
    assert_eq!(sent(&commit.results[4]).seq.get(), 2);
    let told = told(&store.timeline("bob").await);
    assert_eq!(
        told,
        ["message 1 one", "message 2 three", "receipt alice 1 1"]
    );
    assert!(store.timeline("carol").await.is_empty());
}

pub(crate) async fn an_expired_message_is_refused_but_its_repeat_is_not(store: Fresh) {
    let mut fleeting = send("alice", "bob", "m1", "soon gone");
    fleeting.expires = Some(at_s(10));
    let first = store.result(5, Op::Send(fleeting.clone())).await;
    let repeat = store.result(20, Op::Send(fleeting.clone())).await;
    assert!(sent(&repeat).duplicate);
    assert_eq!(sent(&first).msg_id, sent(&repeat).msg_id);
    fleeting.client_msg_id = ClientMsgId::new("m2").unwrap();
    let late = store.result(20, Op::Send(fleeting)).await;
    assert_eq!(late, Err(Refusal::Expired));
    assert_eq!(store.timeline("bob").await.len(), 1);
}

pub(crate) async fn apps_are_apart(store: Fresh) {
    store.fill("alice", "bob", 2).await;
    let mut elsewhere = send("alice", "bob", "alice-bob-1", "another app");
    elsewhere.from = account_of("other", "alice");
    let place = store.result(0, Op::Send(elsewhere)).await;
    assert!(!sent(&place).duplicate);
    assert_eq!(sent(&place).conv_seq.get(), 1);
    assert_eq!(store.timeline("bob").await.len(), 2);
    let row = store.conversation("bob").await;
    assert_eq!((row.head.get(), row.unread), (2, 2));
    let page = store
        .page_of(&account_of("other", "bob"), 0, 10, at_s(0))
        .await;
    assert_eq!(page.entries.len(), 1);
    assert_eq!(message(&page.entries[0]).body, "another app");
}

pub(crate) async fn keeps_every_field(store: Fresh) {
    let full = Send {
        kind: Kind::new("app.card_1-x").unwrap(),
        body: "{\"a\":\"\\u0000 \u{1F600}\n\t\\\"\"} \u{0} 你好".to_owned(),
        priority: Priority::Low,
        expires: Some(at_s(1000)),
        ..send("alice", "bob", "A.b_c-d@e+f=g~9", "")
    };
    store.commit_at(7, vec![Op::Send(full.clone())]).await;
    let timeline = store.timeline("bob").await;
    let stored = message(&timeline[0]);
    assert_eq!(stored.kind, full.kind);
    assert_eq!(stored.body, full.body);
    assert_eq!(stored.priority, full.priority);
    assert_eq!(stored.expires_us, full.expires);
    assert_eq!(stored.client_msg_id, full.client_msg_id);
    assert_eq!(stored.conv, full.conv);
    assert_eq!(stored.created_us, at_s(7));
    assert_eq!(stored.sender, account("alice").user);
    assert!(!stored.recalled);
}

/// Whom an app's server writes as need not take part in a group.
pub(crate) async fn the_server_sends_as_anyone(store: Fresh) {
    store
        .commit(vec![create("alice", "group:g", &["bob"])])
        .await;
    let as_system = |to: &str, id: &str| {
        let mut send = send("system", to, id, id);
        send.by_server = true;
        Op::Send(send)
    };
    let commit = store
        .commit(vec![as_system("group:g", "m1"), as_system("bob", "m2")])
        .await;
    assert_eq!(sent(&commit.results[0]).seq.get(), 0);
    assert_eq!(sent(&commit.results[1]).seq.get(), 1);
    let bob = ["created bob by alice", "message 1 m1", "message 1 m2"];
    assert_eq!(told(&store.timeline("bob").await), bob);
    assert_eq!(told(&store.timeline("system").await), ["message 1 m2"]);
    assert!(sent(&store.result(0, as_system("group:g", "m1")).await).duplicate);
    let nowhere = store.result(0, as_system("group:none", "m3")).await;
    assert_eq!(nowhere, Err(Refusal::ConversationUnknown));
    let mut room = send("alice", "room:r", "m4", "x");
    room.by_server = true;
    let nowhere = store.result(0, Op::Send(room)).await;
    assert_eq!(nowhere, Err(Refusal::ConversationUnknown));
    assert_eq!(store.listed("alice", "group:g").await.unwrap().unread, 1);
}

pub(crate) async fn what_was_sent_is_found_by_its_id(store: Fresh) {
    let ops = vec![
        create("alice", "group:g", &["bob"]),
        Op::Send(send("alice", "bob", "m1", "one")),
        Op::Send(send("alice", "bob", "m2", "two")),
        Op::Send(send("alice", "group:g", "m3", "three")),
        Op::Send(send("bob", "alice", "m4", "four")),
        recall("alice", "bob", 1),
    ];
    store.commit(ops).await;
    let id = |id: &str| ClientMsgId::new(id).unwrap();
    let ids = [id("m4"), id("m3"), id("none"), id("m1")];
    let found = store.store.sent_as(&account("alice"), &ids).await.unwrap();
    let mut places: Vec<_> = found
        .iter()
        .map(|one| {
            (
                one.client_msg_id.as_str(),
                one.conv.as_str(),
                one.conv_seq.get(),
            )
        })
        .collect();
    places.sort_unstable();
    assert_eq!(places, [("m1", "dm:alice:bob", 1), ("m3", "group:g", 1)]);
    for of in [account("nobody"), account_of("other", "alice")] {
        assert_eq!(store.store.sent_as(&of, &ids).await.unwrap(), []);
    }
    let none = store.store.sent_as(&account("alice"), &[]).await.unwrap();
    assert_eq!(none, []);
}
