//! What those who watch are told.

use serde_json::Value;

use super::Client;

/// The next thing that is told of a user.
pub(crate) async fn told(client: &mut Client, user: &str) -> Value {
    loop {
        let event = client.event("presence").await;
        let users = event["users"].as_array().unwrap();
        if let Some(seen) = users.iter().find(|one| one["user"] == user) {
            return seen.clone();
        }
    }
}
