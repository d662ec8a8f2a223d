use seqline_protocol::RelayFrame;
use serde_json::json;

use crate::support::{Client, Relay, guards};

const METHOD: &str = "broadcasts.wave";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    guards(
        &relay,
        "broadcasts.wave",
        json!({ "id": 1, "revision": 1, "window_ms": 1000 }),
    )
    .await;
}

#[tokio::test]
async fn tells_who_is_connected_of_the_newest_change() {
    let relay = Relay::start().await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    let published = relay.published("Hello").await;
    let waved = relay
        .act("wave", &published, json!({ "window_ms": 100 }))
        .await;
    assert_eq!(waved["state"], "published");
    assert_eq!(waved["wave"]["window_ms"], 100);
    // Nothing but the wave tells an online device.
    let told = loop {
        if let RelayFrame::Notify { pub_head, .. } = alice.next().await {
            break pub_head;
        }
    };
    assert_eq!(told.get(), waved["pub_seq"].as_u64().unwrap());
}

#[tokio::test]
async fn a_window_has_bounds() {
    let relay = Relay::start().await;
    let published = relay.published("Hello").await;
    for window_ms in [0, 99, 86_400_001] {
        let more = json!({ "window_ms": window_ms });
        let refused = relay.act_refused("wave", &published, more).await;
        assert_eq!(
            (refused.status, refused.code.as_str()),
            (400, "field_invalid")
        );
        assert!(
            refused.message.starts_with("window_ms: "),
            "{}",
            refused.message
        );
    }
    let params = json!({ "id": 999, "revision": 1, "window_ms": 1000 });
    assert_eq!(
        relay.operator().code(METHOD, params).await,
        "broadcast_unknown"
    );
}
