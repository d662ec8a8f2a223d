//! Calls of the API over HTTP.

use std::time::Duration;

use seqline_relay::{
    api::{Via, Who, registry},
    auth::Scope,
};
use serde_json::{Value, json};

use super::{Client, Relay, Reply, request};

/// Who calls.
pub(crate) struct Api<'a> {
    relay: &'a Relay,
    token: String,
}

/// What a refusal says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Relay {
    /// A user of the app.
    pub(crate) fn user(&self, user: &str) -> Api<'_> {
        self.caller("app", user, Scope::User)
    }

    /// The app's server.
    pub(crate) fn server(&self) -> Api<'_> {
        self.caller("app", "backend", Scope::Server)
    }

    /// The server of another app.
    pub(crate) fn other_server(&self) -> Api<'_> {
        self.caller("other", "backend", Scope::Server)
    }

    /// One of the people who run the app.
    pub(crate) fn operator(&self) -> Api<'_> {
        self.caller("app", "olga", Scope::Operator)
    }

    /// One who runs another app.
    pub(crate) fn other_operator(&self) -> Api<'_> {
        self.caller("other", "olga", Scope::Operator)
    }

    pub(crate) fn caller(&self, app: &str, user: &str, scope: Scope) -> Api<'_> {
        Api {
            relay: self,
            token: self.token_of(app, user, scope, Duration::from_secs(3600)),
        }
    }

    fn caller_of(&self, scope: Scope) -> Api<'_> {
        match scope {
            Scope::User => self.user("alice"),
            Scope::Server => self.server(),
            Scope::Operator => self.operator(),
        }
    }

    /// A request to a method, word for word.
    pub(crate) async fn post(&self, method: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let path = registry::find(method).expect("a method").path();
        request(self.running.address(), "POST", &path, headers, body).await
    }
}

impl Api<'_> {
    pub(crate) async fn call(&self, method: &str, params: &Value) -> Reply {
        let bearer = format!("Bearer {}", self.token);
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
        ];
        let body = params.to_string();
        let reply = self.relay.post(method, &headers, &body).await;
        assert_eq!(reply.header("cache-control"), "no-store", "{method}");
        assert_eq!(reply.header("content-type"), "application/json", "{method}");
        reply
    }

    /// What a method gives.
    pub(crate) async fn ok(&self, method: &str, params: Value) -> Value {
        let reply = self.call(method, &params).await;
        assert_eq!(reply.status, 200, "{method} {params}: {}", reply.text());
        reply.json()
    }

    /// Why a method is refused.
    pub(crate) async fn refused(&self, method: &str, params: Value) -> Refused {
        let reply = self.call(method, &params).await;
        assert_ne!(reply.status, 200, "{method} {params}: {}", reply.text());
        refused(&reply)
    }

    /// The code with which a method is refused.
    pub(crate) async fn code(&self, method: &str, params: Value) -> String {
        self.refused(method, params).await.code
    }

    /// Sends a text to a conversation. Its position there.
    pub(crate) async fn say(&self, conv: &str, body: &str) -> u64 {
        let params = json!({ "to": { "conv": conv }, "body": body });
        let sent = self.ok("messages.send", params).await;
        sent["conv_seq"].as_u64().unwrap()
    }

    /// The texts that are left in a conversation.
    pub(crate) async fn texts(&self, conv: &str) -> Vec<String> {
        let list = self.ok("messages.list", json!({ "conv": conv })).await;
        texts(&list["messages"])
    }
}

/// The bodies of messages.
pub(crate) fn texts(messages: &Value) -> Vec<String> {
    let messages = messages.as_array().unwrap().iter();
    messages
        .map(|message| message["body"].as_str().unwrap().to_owned())
        .collect()
}

pub(crate) fn refused(reply: &Reply) -> Refused {
    let body = reply.json();
    let text = |field: &str| body["error"][field].as_str().unwrap().to_owned();
    assert!(body["error"]["retryable"].is_boolean(), "{body}");
    Refused {
        status: reply.status,
        code: text("code"),
        message: text("message"),
    }
}

/// What holds for every method: who is let in, and that each field is looked at. `params`
/// are some that alice (or the app's server, or an operator, where users may not call) could
/// call it with.
pub(crate) async fn guards(relay: &Relay, method: &str, params: Value) {
    let entry = registry::find(method).expect("a method");
    if entry.via == Via::Socket {
        return socket_guards(relay, method, params).await;
    }
    let json = ("content-type", "application/json");
    let text = params.to_string();

    let reply = relay.post(method, &[json], &text).await;
    assert_eq!(refused(&reply).code, "token_invalid");
    assert_eq!(reply.status, 401);
    assert_eq!(reply.header("www-authenticate"), "Bearer");
    let headers = [json, ("authorization", "Bearer x.y.z")];
    let reply = relay.post(method, &headers, &text).await;
    assert_eq!(refused(&reply).code, "token_invalid");
    let past = relay.token_of("app", "alice", Scope::User, Duration::ZERO);
    let bearer = format!("Bearer {past}");
    let headers = [json, ("authorization", bearer.as_str())];
    let reply = relay.post(method, &headers, &text).await;
    assert_eq!(refused(&reply).code, "token_expired");

    scope_guards(relay, entry.who, method, &params).await;
    let caller = relay.caller_of(entry.who.scopes()[0]);

    for body in ["[]", "7", "{", "\u{0}"] {
        let bearer = format!("Bearer {}", caller.token);
        let headers = [json, ("authorization", bearer.as_str())];
        let refused = refused(&relay.post(method, &headers, body).await);
        assert_eq!(
            (refused.status, refused.code.as_str()),
            (400, "frame_malformed"),
            "{body}"
        );
    }
    for (field, bad) in bad_fields(&params) {
        let refused = caller.refused(method, bad).await;
        assert_eq!(
            (refused.status, refused.code.as_str()),
            (400, "field_invalid")
        );
        assert!(
            refused.message.contains(&field),
            "{field}: {}",
            refused.message
        );
    }
}

/// Each field in turn as what no field is; and one that there is not.
fn bad_fields(params: &Value) -> Vec<(String, Value)> {
    let nonsense = json!({ "nonsense": {} });
    let fields = params.as_object().unwrap().keys().cloned();
    fields
        .chain(["no_such_field".to_owned()])
        .map(|field| {
            let mut bad = params.clone();
            bad[&field] = nonsense.clone();
            (field, bad)
        })
        .collect()
}

/// Only tokens of the scopes that a method is for open it.
async fn scope_guards(relay: &Relay, who: Who, method: &str, params: &Value) {
    for scope in [Scope::User, Scope::Server, Scope::Operator] {
        if who.scopes().contains(&scope) {
            continue;
        }
        let caller = relay.caller_of(scope);
        let refused = caller.refused(method, params.clone()).await;
        let told = (refused.status, refused.code.as_str());
        assert_eq!(told, (403, "scope_forbidden"), "{scope:?}");
        let wanted = who.scopes()[0].as_str();
        assert!(refused.message.contains(wanted), "{}", refused.message);
    }
}

async fn socket_guards(relay: &Relay, method: &str, params: Value) {
    let refused = relay.user("alice").refused(method, params.clone()).await;
    assert_eq!(
        (refused.status, refused.code.as_str()),
        (404, "method_unknown")
    );
    assert!(refused.message.contains("socket"), "{}", refused.message);
    scope_guards(relay, Who::Users, method, &params).await;
    let (mut alice, _) = Client::open(relay, "alice", "guard").await;
    for (field, bad) in bad_fields(&params) {
        let (code, message) = alice.try_call(method, bad).await.unwrap_err();
        assert_eq!(code.as_str(), "field_invalid");
        assert!(message.contains(&field), "{field}: {message}");
    }
}
