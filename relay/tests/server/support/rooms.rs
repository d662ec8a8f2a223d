//! One room, which tests come into.

use serde_json::{Value, json};

use super::Client;

pub(crate) const ROOM: &str = "room:live";

pub(crate) async fn join(client: &mut Client) -> Value {
    let params = json!({ "conv": ROOM });
    client.call("rooms.join", params).await.unwrap()
}

pub(crate) async fn say(client: &mut Client, body: &str) {
    let params = json!({ "conv": ROOM, "body": body });
    client.call("rooms.send", params).await.unwrap();
}

/// What is said in the room, until so much has come; in order.
pub(crate) async fn heard(client: &mut Client, count: usize) -> Vec<String> {
    let mut all = Vec::new();
    while all.len() < count {
        let event = client.event("room").await;
        assert_eq!(event["conv"], ROOM);
        all.extend(bodies(&event["messages"]));
    }
    all
}

pub(crate) fn bodies(comments: &Value) -> Vec<String> {
    let comments = comments.as_array().unwrap().iter();
    comments
        .map(|one| one["body"].as_str().unwrap().to_owned())
        .collect()
}
