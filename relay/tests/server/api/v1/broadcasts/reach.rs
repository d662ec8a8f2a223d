use seqline_protocol::PublicPlace;
use serde_json::json;

use crate::support::{Client, Relay, guards};

const METHOD: &str = "broadcasts.reach";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    guards(&relay, "broadcasts.reach", json!({ "id": 1 })).await;
}

#[tokio::test]
async fn counts_each_user_once_over_all_devices() {
    let relay = Relay::start().await;
    let published = relay.published("Hello").await;
    let id = json!({ "id": published["id"] });
    let none = relay.operator().ok(METHOD, id.clone()).await;
    assert_eq!((&none["handed"], &none["opened"]), (&json!(0), &json!(0)));
    assert_eq!(none["hours"], json!([]));
    assert!(none["error"].as_f64().unwrap() < 0.02);

    for (user, device) in [("alice", "phone"), ("alice", "laptop"), ("bob", "phone")] {
        let (mut client, _) = Client::open(&relay, user, device).await;
        client.pull_public(PublicPlace::default()).await;
        client.pull_public(PublicPlace::default()).await;
        if user == "alice" {
            let opened = json!({ "ids": [published["id"]] });
            client.call("broadcasts.opened", opened).await.unwrap();
        }
    }
    let reach = relay.operator().ok(METHOD, id.clone()).await;
    assert_eq!((&reach["handed"], &reach["opened"]), (&json!(2), &json!(1)));
    let hours = reach["hours"].as_array().unwrap();
    assert!(hours.iter().all(|hour| hour["host"] == "test"), "{reach}");
    assert_eq!(
        relay.other_operator().code(METHOD, id).await,
        "broadcast_unknown"
    );
}
