use seqline_protocol::{
    ClientFrame, ConvId, ConvSeq, Encoding, Item, Kind, RelayFrame, RequestId, Seq, Target, UserId,
};

use crate::support::{Client, Relay, send};

fn req(n: u64) -> RequestId {
    RequestId::new(n).unwrap()
}

fn conv() -> ConvId {
    ConvId::new("dm:alice:bob").unwrap()
}

/// Both encodings at once: Alice speaks JSON, Bob CBOR.
async fn alice_and_bob(relay: &Relay) -> (Client, Client) {
    let mut alice = Client::dial(&relay.socket_url()).await;
    alice.encoding = Encoding::Text;
    alice.hello(&relay.token("alice"), "phone", None).await;
    let (bob, _) = Client::open(relay, "bob", "laptop").await;
    (alice, bob)
}

#[tokio::test]
async fn a_message_is_stored_pushed_received_and_read() {
    let relay = Relay::start().await;
    let (mut alice, mut bob) = alice_and_bob(&relay).await;

    alice.say(&send("bob", "m1", "hello \u{1F600}")).await;
    let RelayFrame::Sent {
        conv_seq,
        seq,
        duplicate,
        conv: to,
        ..
    } = alice.next().await
    else {
        panic!("`sent` comes before the own push")
    };
    assert_eq!(
        (conv_seq.get(), seq.get(), duplicate, to),
        (1, 1, false, conv())
    );
    let own = alice.pushed(1).await;
    let got = bob.pushed(1).await;
    assert_eq!(own, got, "each the first of its timeline");
    let Item::Message(message) = &got[0].item else {
        panic!()
    };
    assert_eq!(message.body, "hello \u{1F600}");

    bob.say(&ClientFrame::Ack { cursor: got[0].seq }).await;
    let Item::Receipt(receipt) = &alice.pushed(1).await[0].item.clone() else {
        panic!()
    };
    assert_eq!((receipt.delivered.get(), receipt.read.get()), (1, 0));
    assert_eq!(receipt.user.as_str(), "bob");

    bob.say(&ClientFrame::Read {
        req: req(7),
        conv: conv(),
        conv_seq: ConvSeq::new(1).unwrap(),
    })
    .await;
    assert_eq!(bob.answer().await, RelayFrame::Done { req: req(7) });
    let Item::Receipt(receipt) = &alice.pushed(1).await[0].item.clone() else {
        panic!()
    };
    assert_eq!((receipt.delivered.get(), receipt.read.get()), (1, 1));
    assert!(matches!(bob.pushed(1).await[0].item, Item::Read { .. }));
}

#[tokio::test]
async fn history_and_conversations_are_answered() {
    let relay = Relay::start().await;
    let (mut alice, mut bob) = alice_and_bob(&relay).await;
    for n in 1..=3 {
        alice
            .store("bob", &format!("m{n}"), &format!("body {n}"))
            .await;
    }
    bob.say(&ClientFrame::History {
        req: req(1),
        conv: conv(),
        before: None,
        after: None,
        limit: Some(2),
    })
    .await;
    let RelayFrame::History { messages, more, .. } = bob.answer().await else {
        panic!()
    };
    let bodies: Vec<_> = messages.iter().map(|one| one.body.as_str()).collect();
    assert_eq!((bodies, more), (vec!["body 2", "body 3"], true));

    bob.say(&ClientFrame::Conversations {
        req: req(2),
        page: None,
        limit: None,
    })
    .await;
    let RelayFrame::Conversations {
        conversations,
        next,
        ..
    } = bob.answer().await
    else {
        panic!()
    };
    assert_eq!(conversations.len(), 1);
    assert_eq!(conversations[0].unread, 3);
    assert_eq!(conversations[0].last.as_ref().unwrap().body, "body 3");
    assert_eq!(next, None);
}

#[tokio::test]
async fn a_message_is_taken_back_from_both() {
    let relay = Relay::start().await;
    let (mut alice, mut bob) = alice_and_bob(&relay).await;
    alice.store("bob", "m1", "a mistake").await;
    alice
        .say(&ClientFrame::Recall {
            req: req(1),
            conv: conv(),
            conv_seq: ConvSeq::new(1).unwrap(),
        })
        .await;
    assert_eq!(alice.answer().await, RelayFrame::Done { req: req(1) });
    let entries = bob.pushed(2).await;
    assert!(matches!(&entries[1].item, Item::Recall { by, .. } if by.as_str() == "alice"));
    let all = bob.pull_all(Seq::ZERO).await;
    let Item::Message(blanked) = &all[0].item else {
        panic!()
    };
    assert!(blanked.recalled && blanked.body.is_empty());
}

#[tokio::test]
async fn typing_reaches_who_is_there() {
    let relay = Relay::start().await;
    let (mut alice, mut bob) = alice_and_bob(&relay).await;
    let typing = ClientFrame::Ephemeral {
        to: Target::User(UserId::new("bob").unwrap()),
        kind: Kind::new("typing").unwrap(),
        body: "…".to_owned(),
        priority: seqline_protocol::Priority::Normal,
    };
    alice.say(&typing).await;
    let RelayFrame::Ephemeral { sender, body, .. } = bob.next().await else {
        panic!()
    };
    assert_eq!((sender.as_str(), body.as_str()), ("alice", "…"));
    // It took no place in anyone's timeline.
    assert!(bob.pull_all(Seq::ZERO).await.is_empty());
}

#[tokio::test]
async fn a_ping_is_answered() {
    let relay = Relay::start().await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    alice.say(&ClientFrame::Ping { nonce: 77 }).await;
    assert!(matches!(
        alice.next().await,
        RelayFrame::Pong { nonce: 77, .. }
    ));
}

#[tokio::test]
async fn what_one_connection_sends_is_stored_in_its_order_and_once() {
    let relay = Relay::start().await;
    let (mut alice, mut bob) = alice_and_bob(&relay).await;
    const COUNT: usize = 500;
    for n in 0..COUNT {
        alice
            .say(&send("bob", &format!("m{n}"), &n.to_string()))
            .await;
    }
    // The same ones again, as after a reconnect in which all answers were lost.
    let mut again = Client::dial(&relay.socket_url()).await;
    again.hello(&relay.token("alice"), "tablet", None).await;
    for n in 0..COUNT {
        again
            .say(&send("bob", &format!("m{n}"), &n.to_string()))
            .await;
    }
    for mut sender in [alice, again] {
        let mut confirmed = 0;
        while confirmed < COUNT {
            if let RelayFrame::Sent {
                client_msg_id,
                conv_seq,
                ..
            } = sender.next().await
            {
                assert_eq!(client_msg_id.as_str(), format!("m{confirmed}"));
                assert_eq!(conv_seq.get(), confirmed as u64 + 1);
                confirmed += 1;
            }
        }
    }
    let all = bob.pull_all(Seq::ZERO).await;
    let bodies: Vec<_> = all
        .iter()
        .map(|entry| match &entry.item {
            Item::Message(message) => message.body.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        bodies,
        (0..COUNT).map(|n| n.to_string()).collect::<Vec<_>>()
    );
}
