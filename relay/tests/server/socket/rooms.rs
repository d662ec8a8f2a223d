use seqline_protocol::{ClientFrame, ConvId, ErrorCode, Kind, Priority, RelayFrame, Target};
use serde_json::json;

use crate::support::{
    Client, Relay,
    rooms::{ROOM, heard, join, say},
    send_to,
};

fn live() -> ConvId {
    ConvId::new(ROOM).unwrap()
}

#[tokio::test]
async fn what_is_said_in_a_room_reaches_those_who_are_there_and_is_not_kept() {
    let relay = Relay::start().await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    let (mut bob, _) = Client::open(&relay, "bob", "phone").await;
    assert_eq!(join(&mut alice).await["online"], 1);
    let joined = join(&mut bob).await;
    assert_eq!(joined, json!({ "online": 2, "recent": [] }));
    say(&mut alice, "one").await;
    // The frame does the same as the method.
    bob.say(&ClientFrame::Ephemeral {
        to: Target::Conv(live()),
        kind: Kind::text(),
        body: "two".to_owned(),
        priority: Priority::High,
    })
    .await;
    let mut expected = ["one", "two"];
    for client in [&mut alice, &mut bob] {
        let mut heard = heard(client, 2).await;
        heard.sort_unstable();
        expected.sort_unstable();
        assert_eq!(heard, expected);
    }
    let metrics = relay.get("/metrics").await;
    for line in ["seqline_rooms 1", "seqline_room_comments_total 2"] {
        assert!(metrics.text().contains(&format!("\n{line}\n")), "{line}");
    }
    let (mut carol, welcome) = Client::open(&relay, "carol", "phone").await;
    assert_eq!(welcome.head.get(), 0, "nothing is stored");
    let recent = join(&mut carol).await;
    assert_eq!(recent["recent"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_session_that_ends_leaves_its_rooms() {
    let relay = Relay::start().await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    let (mut bob, _) = Client::open(&relay, "bob", "phone").await;
    join(&mut alice).await;
    join(&mut bob).await;
    drop(bob);
    while alice.event("room").await["online"] != 1 {}
}

#[tokio::test]
async fn who_is_not_in_a_room_is_told_how_to_come_in() {
    let relay = Relay::start().await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    let params = json!({ "conv": "room:live", "body": "hi" });
    assert_eq!(
        alice.call("rooms.send", params).await,
        Err(ErrorCode::ConversationUnknown)
    );
    let comment = ClientFrame::Ephemeral {
        to: Target::Conv(live()),
        kind: Kind::text(),
        body: String::new(),
        priority: Priority::Normal,
    };
    for (frame, hint) in [
        (send_to(Target::Conv(live()), "m1", "hi"), "rooms.send"),
        (comment, "rooms.join"),
    ] {
        alice.say(&frame).await;
        match alice.next().await {
            RelayFrame::Error { code, message, .. } => {
                assert_eq!(code, ErrorCode::ConversationUnknown);
                assert!(message.contains(hint), "{message}");
            }
            other => panic!("{other:?}"),
        }
    }
    let params = json!({ "conv": "group:tea" });
    assert_eq!(
        alice.call("rooms.join", params).await,
        Err(ErrorCode::FieldInvalid)
    );
}
