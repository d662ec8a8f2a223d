//! What alice, bob and their operator have, and who has no part in it.

use seqline_protocol::{ClientFrame, RelayFrame};
use seqline_relay::{api::registry::Method, auth::Scope};
use serde_json::{Value, json};

use crate::support::{Client, Relay};

/// In everything that only some may see.
pub(crate) const PRIVATE: &str = "private";
/// In what every user of the app may see.
const PUBLIC: &str = "public";

pub(crate) struct World {
    pub(crate) relay: Relay,
    /// Her session, which nothing that others do may end.
    pub(crate) alice: Client,
    draft: Value,
    live: Value,
}

impl World {
    pub(crate) async fn new() -> Self {
        let relay = Relay::start().await;
        let (alice, bob, server) = (relay.user("alice"), relay.user("bob"), relay.server());
        let users = ["alice", "bob", "carol", "shop"];
        server.ok("users.register", json!({ "users": users })).await;
        for who in ["user", "server"] {
            let group = json!({
                "conv": format!("group:{who}"), "title": PRIVATE, "users": ["bob", "carol"],
            });
            alice.ok("groups.create", group).await;
            alice.say(&format!("group:{who}"), PRIVATE).await;
            let channel = json!({
                "conv": format!("channel:{who}"), "title": PRIVATE, "users": ["alice"],
            });
            bob.ok("groups.create", channel).await;
        }
        for _ in 0..3 {
            alice.say("dm:alice:bob", PRIVATE).await;
        }
        for key in ["sale-server", "sale-operator"] {
            let batch = json!({
                "from": "shop", "users": ["alice"], "idempotency_key": key, "body": PRIVATE,
                "create": true,
            });
            server.ok("messages.batch", batch).await;
        }
        let operator = relay.operator();
        let allowed = json!({ "users": ["alice-is-private"] });
        operator.ok("allow_list.add", allowed).await;
        let draft = relay.drafted(PRIVATE).await;
        let live = relay.published(PUBLIC).await;
        let (mut session, _) = Client::open(&relay, "alice", "phone").await;
        let room = json!({ "conv": "room:match" });
        session.call("rooms.join", room).await.unwrap();
        let world = Self {
            alice: session,
            relay,
            draft,
            live,
        };
        world.device_is_listed("alice").await;
        world
    }

    /// Returns once it is stored that a user's device is connected, which is told to no one.
    pub(crate) async fn device_is_listed(&self, user: &str) {
        let server = self.relay.server();
        let of = json!({ "user": user });
        while server.ok("devices.list", of.clone()).await["devices"] == json!([]) {}
    }

    /// Her session is still there.
    pub(crate) async fn alice_answers(&mut self) {
        self.alice.say(&ClientFrame::Ping { nonce: 1 }).await;
        while !matches!(self.alice.answer().await, RelayFrame::Pong { nonce: 1, .. }) {}
    }

    /// Parameters from a template.
    pub(crate) fn params(&self, template: &str, caller: &str) -> Value {
        let (who, n) = match caller {
            "server" => ("server", "2"),
            "operator" => ("operator", "3"),
            _ => ("user", "1"),
        };
        let text = template
            .replace("$caller", caller)
            .replace("$who", who)
            .replace("$n", n)
            .replace(
                "$draft",
                &format!(
                    "\"id\":{},\"revision\":{}",
                    self.draft["id"], self.draft["revision"]
                ),
            )
            .replace(
                "$live",
                &format!(
                    "\"id\":{},\"revision\":{}",
                    self.live["id"], self.live["revision"]
                ),
            )
            .replace("$id", &self.live["id"].to_string());
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    /// All that there is, as the app's server and its operators see it.
    pub(crate) async fn everything(&self) -> Vec<Value> {
        let (server, operator) = (self.relay.server(), self.relay.operator());
        let mut all = Vec::new();
        for conv in [
            "dm:alice:bob",
            "dm:alice:shop",
            "group:user",
            "group:server",
        ] {
            all.push(server.ok("messages.list", json!({ "conv": conv })).await);
        }
        for conv in [
            "group:user",
            "group:server",
            "channel:user",
            "channel:server",
        ] {
            all.push(server.ok("groups.get", json!({ "conv": conv })).await);
            all.push(server.ok("groups.members", json!({ "conv": conv })).await);
        }
        for user in ["alice", "bob"] {
            let mut devices = server.ok("devices.list", json!({ "user": user })).await;
            for device in devices["devices"].as_array_mut().unwrap() {
                // A connection that ends is seen for the last time.
                device.as_object_mut().unwrap().remove("last_seen_us");
            }
            all.push(devices);
            all.push(
                server
                    .ok("timeline.pull", json!({ "as": user, "after": 0 }))
                    .await,
            );
            all.push(server.ok("conversations.list", json!({ "as": user })).await);
        }
        for method in ["broadcasts.list", "broadcasts.audit", "allow_list.get"] {
            all.push(operator.ok(method, json!({})).await);
        }
        all
    }
}

/// The same parameters in the name of alice, if the method has a place for that.
pub(crate) fn in_the_name_of_alice(method: &Method, params: &Value) -> Option<Value> {
    let names = match method.group() {
        "devices" => &["user"][..],
        _ => &["as", "from", "owner"],
    };
    names.iter().find_map(|name| {
        let mut named = params.clone();
        named[*name] = json!("alice");
        (method.reads)(&named.to_string()).is_ok().then_some(named)
    })
}

/// Nothing of what was said is anyone else's to see: not in refusals either.
pub(crate) fn shows_nothing(text: &str, caller_app: &str) {
    assert!(!text.contains(PRIVATE), "{text}");
    assert!(caller_app == "app" || !text.contains(PUBLIC), "{text}");
}

pub(crate) const SCOPES: [Scope; 3] = [Scope::User, Scope::Server, Scope::Operator];
