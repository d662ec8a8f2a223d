use seqline_protocol::{
    ClientFrame, ConvId, ErrorCode, GroupOp, Item, Kind, Priority, RelayFrame, Target,
};
use serde_json::json;

use crate::support::{Client, Device, Relay, send_to};

fn tea() -> ConvId {
    ConvId::new("group:tea").unwrap()
}

fn to_tea(id: &str, body: &str) -> ClientFrame {
    send_to(Target::Conv(tea()), id, body)
}

fn typing() -> ClientFrame {
    ClientFrame::Ephemeral {
        to: Target::Conv(tea()),
        kind: Kind::new("typing").unwrap(),
        body: String::new(),
        priority: Priority::Normal,
    }
}

/// Alice's group with Bob and Carol.
async fn make_group(relay: &Relay) -> Client {
    let (mut alice, _) = Client::open(relay, "alice", "phone").await;
    let params = json!({ "conv": "group:tea", "title": "Tea", "users": ["bob", "carol"] });
    alice.call("groups.create", params).await.unwrap();
    alice
}

#[tokio::test]
async fn what_is_said_in_a_group_reaches_all_devices_once_and_in_order() {
    let relay = Relay::start().await;
    let mut devices = Vec::new();
    for (user, device) in [("alice", "tablet"), ("bob", "phone"), ("carol", "phone")] {
        devices.push(Device::open(&relay, user, device).await);
    }
    let mut alice = make_group(&relay).await;
    let (mut bob, _) = Client::open(&relay, "bob", "desk").await;
    for n in 0..10 {
        alice.say(&to_tea(&format!("a{n}"), "from alice")).await;
        bob.say(&to_tea(&format!("b{n}"), "from bob")).await;
    }
    for device in &mut devices {
        let messages = device.messages(&tea(), 20).await;
        let seqs: Vec<_> = messages.iter().map(|one| one.conv_seq.get()).collect();
        assert_eq!(seqs, (1..=20).collect::<Vec<_>>());
        for sender in ["alice", "bob"] {
            let own = messages.iter().filter(|one| one.sender.as_str() == sender);
            let ids: Vec<_> = own.map(|one| one.client_msg_id.to_string()).collect();
            let initial = &sender[..1];
            let expected: Vec<_> = (0..10).map(|n| format!("{initial}{n}")).collect();
            assert_eq!(ids, expected);
        }
        assert!(matches!(
            &device.taken[0],
            Item::Group(change) if matches!(change.op, GroupOp::Created { .. })
        ));
    }
}

#[tokio::test]
async fn strangers_neither_send_nor_type_in_a_group() {
    let relay = Relay::start().await;
    make_group(&relay).await;
    let (mut dave, _) = Client::open(&relay, "dave", "phone").await;
    for frame in [to_tea("m1", "hi"), typing()] {
        dave.say(&frame).await;
        assert!(matches!(
            dave.answer().await,
            RelayFrame::Error {
                code: ErrorCode::ConversationUnknown,
                ..
            }
        ));
    }
}

#[tokio::test]
async fn typing_reaches_the_members_who_are_connected() {
    let relay = Relay::start().await;
    let mut alice = make_group(&relay).await;
    let (mut bob, _) = Client::open(&relay, "bob", "phone").await;
    let (mut carol, _) = Client::open(&relay, "carol", "phone").await;
    alice.say(&typing()).await;
    for member in [&mut bob, &mut carol] {
        assert!(matches!(
            member.answer().await,
            RelayFrame::Ephemeral { conv, sender, .. }
                if conv == tea() && sender.as_str() == "alice"
        ));
    }
}
