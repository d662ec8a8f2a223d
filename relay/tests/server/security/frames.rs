//! Every frame: before `hello`, about what is another user's, and from another app.

use std::{collections::BTreeSet, time::Duration};

use seqline_protocol::{ClientFrame, Encoding, PollRequest, RelayFrame, decode};
use seqline_relay::auth::Scope;
use serde_json::{Value, json};

use super::{
    table,
    world::{World, shows_nothing},
};
use crate::support::{Client, Polled};

/// Frames about what is alice's.
const FRAMES: &[(&str, &str)] = &[
    (
        "hello",
        r#"{"version":1,"token":"$token","device":"d","host":"test"}"#,
    ),
    (
        "send",
        r#"{"client_msg_id":"f1","to":{"conv":"group:user"},"kind":"text","body":"x"}"#,
    ),
    ("ack", r#"{"cursor":1}"#),
    ("pull", r#"{"req":1,"after":0,"conv":"group:user"}"#),
    ("read", r#"{"req":1,"conv":"dm:alice:bob","conv_seq":1}"#),
    ("recall", r#"{"req":1,"conv":"dm:alice:bob","conv_seq":1}"#),
    ("history", r#"{"req":1,"conv":"dm:alice:bob"}"#),
    ("conversations", r#"{"req":1}"#),
    (
        "ephemeral",
        r#"{"to":{"conv":"group:user"},"kind":"typing","body":""}"#,
    ),
    (
        "call",
        r#"{"req":1,"method":"messages.list","params":"{\"conv\":\"dm:alice:bob\"}"}"#,
    ),
    ("state", r#"{"background":true}"#),
    ("refresh", r#"{"req":1,"token":"$token"}"#),
    ("ping", r#"{"nonce":5}"#),
];

#[tokio::test]
async fn every_frame_by_everyone() {
    let vectors: Value =
        serde_json::from_str(include_str!("../../../../sdk/protocol/vectors/client.json")).unwrap();
    let vectors = vectors.as_array().unwrap().iter();
    let names = vectors.flat_map(|one| one["json"].as_object().unwrap().keys().cloned());
    let names: BTreeSet<String> = names.collect();
    let listed: BTreeSet<String> = FRAMES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(listed, names, "each frame of the protocol has its row here");

    let mut world = World::new().await;
    let before = world.everything().await;
    let mut rows = Vec::new();
    for (name, fields) in FRAMES {
        let frame = frame(&world, name, fields);
        let url = world.relay.socket_url();
        let mut unknown = Client::dial(&url).await;
        unknown.say(&frame).await;
        let early = answer(&mut unknown, name, "app").await;
        // It opened a session of another device of alice, which is to be forgotten again.
        if *name == "hello" {
            let device = json!({ "user": "alice", "device": "d" });
            world.relay.server().ok("devices.end", device).await;
        }
        let (mut mallory, _) = Client::open(&world.relay, "mallory", "phone").await;
        mallory.say(&frame).await;
        let stranger = answer(&mut mallory, name, "app").await;
        let mut foreign = Client::dial(&url).await;
        let hour = Duration::from_secs(3600);
        let token = world.relay.token_of("other", "alice", Scope::User, hour);
        foreign.hello(&token, "phone", None).await;
        foreign.say(&frame).await;
        let other_app = answer(&mut foreign, name, "other").await;
        rows.push(vec![format!("`{name}`"), early, stranger, other_app]);
    }
    assert_eq!(world.everything().await, before, "nothing of it was done");
    world.alice_answers().await;
    let columns = [
        "frame",
        "before `hello` (`hello`: alice's token)",
        "by another user, about what is alice's",
        "by alice of another app",
    ];
    table::holds("frames", &columns, &rows);
}

fn frame(world: &World, name: &str, fields: &str) -> ClientFrame {
    let fields = fields.replace("$token", &world.relay.token("alice"));
    decode(
        Encoding::Text,
        format!("{{\"{name}\":{fields}}}").as_bytes(),
    )
    .unwrap()
}

/// What a frame is answered with, and that it shows nothing.
async fn answer(client: &mut Client, name: &str, app: &str) -> String {
    if ["ack", "state"].contains(&name) {
        client.say(&ClientFrame::Ping { nonce: 99 }).await;
    }
    let frame = client.answer().await;
    let text = serde_json::to_string(&frame).unwrap();
    if !matches!(frame, RelayFrame::Welcome(_)) {
        shows_nothing(&text, app);
    }
    match frame {
        RelayFrame::Pong { nonce: 99, .. } => "no answer, no effect".to_owned(),
        RelayFrame::Error { code, .. } => match code.close_code() {
            Some(_) => format!("`{code}`, closed {}", client.closed().await),
            None => format!("`{code}`"),
        },
        other => {
            let value = serde_json::to_value(&other).unwrap();
            let name = value.as_object().unwrap().keys().next().unwrap().clone();
            match other {
                RelayFrame::Welcome(_) | RelayFrame::Pong { .. } => format!("`{name}`"),
                _ => format!("`{name}`, nothing of hers"),
            }
        }
    }
}

#[tokio::test]
async fn a_session_that_was_kicked_takes_nothing_more() {
    let world = World::new().await;
    let (mut polled, _) = Polled::open(&world.relay, "bob", "phone").await;
    world.device_is_listed("bob").await;
    let kick = json!({ "user": "bob" });
    world.relay.server().ok("users.kick", kick).await;
    assert_eq!(polled.closed().await, 4020);
    let before = world.everything().await;
    for (name, fields) in FRAMES {
        // Those that would change something if they were taken.
        if ["send", "read", "recall", "call"].contains(name) {
            let saying: PollRequest = polled.saying(2, &[frame(&world, name, fields)]);
            let reply = polled.ask(&saying).await;
            assert!([200, 410].contains(&reply.status), "{}", reply.text());
            shows_nothing(reply.text(), "app");
        }
    }
    assert_eq!(world.everything().await, before);
}
