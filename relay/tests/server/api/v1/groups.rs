mod create;
mod dissolve;
mod edit;
mod get;
mod invite;
mod join;
mod leave;
mod members;
mod mute;
mod mute_all;
mod remove;
mod role;
mod transfer;

use serde_json::json;

use crate::support::Relay;

/// A relay with `group:crew`: alice owns it, bob is an admin, carol a member. Mallory is not.
async fn crew() -> Relay {
    let relay = Relay::start().await;
    let params = json!({ "conv": "group:crew", "title": "Crew", "users": ["bob", "carol"] });
    relay.user("alice").ok("groups.create", params).await;
    let params = json!({ "conv": "group:crew", "user": "bob", "role": "admin" });
    relay.user("alice").ok("groups.role", params).await;
    relay
}

impl Relay {
    /// Who belongs to a group, with her role.
    async fn members(&self, conv: &str) -> Vec<(String, String)> {
        let list = self
            .server()
            .ok("groups.members", json!({ "conv": conv }))
            .await;
        let members = list["members"].as_array().unwrap().iter();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        members
            .map(|member| (text(&member["user"]), text(&member["role"])))
            .collect()
    }
}
