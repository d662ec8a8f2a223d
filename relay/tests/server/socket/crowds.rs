use seqline_protocol::{ClientFrame, ConvId, ErrorCode, Item, RelayFrame, RequestId, Seq, Target};
use seqline_relay::store::CommitRules;
use serde_json::json;

use crate::support::{Client, Device, Relay, Wish, send_to};

fn tea() -> ConvId {
    ConvId::new("group:tea").unwrap()
}

fn to_tea(id: &str) -> ClientFrame {
    send_to(Target::Conv(tea()), id, "hello")
}

/// A relay where four make a crowd.
async fn relay() -> Relay {
    let commit_rules = CommitRules {
        crowd_members_min: 4,
        ..CommitRules::default()
    };
    Relay::start_with(Wish {
        commit_rules,
        ..Wish::default()
    })
    .await
}

/// Alice's group with these.
async fn make_group(relay: &Relay, users: &[&str]) -> Client {
    let (mut alice, _) = Client::open(relay, "alice", "phone").await;
    let params = json!({ "conv": "group:tea", "title": "Tea", "users": users });
    alice.call("groups.create", params).await.unwrap();
    alice
}

async fn assert_has_all(device: &mut Device, count: u64) {
    let messages = device
        .messages(&tea(), usize::try_from(count).unwrap())
        .await;
    let seqs: Vec<_> = messages.iter().map(|one| one.conv_seq.get()).collect();
    assert_eq!(seqs, (1..=count).collect::<Vec<_>>(), "each once, in order");
}

#[tokio::test]
async fn a_group_that_grows_into_a_crowd_loses_and_repeats_nothing() {
    let relay = relay().await;
    let mut devices = Vec::new();
    for (user, device) in [("alice", "tablet"), ("bob", "phone"), ("carol", "phone")] {
        devices.push(Device::open(&relay, user, device).await);
    }
    let mut alice = make_group(&relay, &["bob", "carol"]).await;
    let (mut inviter, _) = Client::open(&relay, "alice", "desk").await;
    // Messages flow while the group grows.
    for n in 0..30 {
        alice.say(&to_tea(&format!("m{n}"))).await;
    }
    let invite = json!({ "conv": "group:tea", "users": ["dave"] });
    inviter.call("groups.invite", invite).await.unwrap();
    for n in 30..60 {
        alice.say(&to_tea(&format!("m{n}"))).await;
    }
    for device in &mut devices {
        assert_has_all(device, 60).await;
        assert!(device.reads(&tea()));
        let turns = device.taken.iter();
        let turns = turns.filter(|item| matches!(item, Item::Crowd { .. }));
        assert_eq!(turns.count(), 1);
    }
    // A device that comes later finds the same, in two timelines.
    let mut late = Device::open(&relay, "bob", "late").await;
    assert_has_all(&mut late, 60).await;
    // And is live: what comes next is pushed to all.
    alice.say(&to_tea("next")).await;
    for device in devices.iter_mut().chain([&mut late]) {
        assert_has_all(device, 61).await;
    }
}

#[tokio::test]
async fn who_joins_a_crowd_reads_from_then_on_and_who_is_removed_no_longer() {
    let relay = relay().await;
    let mut alice = make_group(&relay, &["bob", "carol", "dave"]).await;
    let mut eve = Device::open(&relay, "eve", "phone").await;
    alice.say(&to_tea("before")).await;
    let invite = json!({ "conv": "group:tea", "users": ["eve"] });
    alice.call("groups.invite", invite).await.unwrap();
    alice.say(&to_tea("after")).await;
    let messages = eve.messages(&tea(), 1).await;
    assert_eq!(messages[0].client_msg_id.as_str(), "after");

    let remove = json!({ "conv": "group:tea", "users": ["eve"] });
    alice.call("groups.remove", remove).await.unwrap();
    alice.say(&to_tea("gone")).await;
    let is_end = |item: &Item| matches!(item, Item::Crowd { after: None, .. });
    eve.until(is_end).await;
    assert!(!eve.reads(&tea()));
    // Nothing more is told, and nothing more is read.
    let req = RequestId::new(77).unwrap();
    let pull = ClientFrame::Pull {
        req,
        after: Seq::ZERO,
        limit: None,
        public: None,
        conv: Some(tea()),
    };
    eve.client.say(&pull).await;
    loop {
        match eve.client.next().await {
            RelayFrame::Error {
                code,
                req: Some(of),
                ..
            } if of == req => {
                assert_eq!(code, ErrorCode::ConversationUnknown);
                break;
            }
            // What else was under way when she was removed; nothing of what came after.
            frame => assert!(!serde_json::to_string(&frame).unwrap().contains("gone")),
        }
    }
}

#[tokio::test]
async fn a_device_that_was_away_catches_up_with_its_crowds() {
    let relay = relay().await;
    let mut alice = make_group(&relay, &["bob", "carol", "dave"]).await;
    for n in 0..40 {
        alice.say(&to_tea(&format!("m{n}"))).await;
    }
    let mut bob = Device::open(&relay, "bob", "phone").await;
    assert_has_all(&mut bob, 40).await;
    let relay = relay.restart().await;
    let mut bob = Device::open(&relay, "bob", "phone").await;
    assert_has_all(&mut bob, 40).await;
}
