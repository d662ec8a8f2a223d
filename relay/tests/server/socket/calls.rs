use seqline_protocol::ErrorCode;
use serde_json::json;

use crate::support::{Client, Relay};

#[tokio::test]
async fn a_method_is_called_in_either_encoding() {
    let relay = Relay::start().await;
    for encoding in [
        seqline_protocol::Encoding::Text,
        seqline_protocol::Encoding::Binary,
    ] {
        let mut alice = Client::dial(&relay.socket_url()).await;
        alice.encoding = encoding;
        alice.hello(&relay.token("alice"), "phone", None).await;
        let conv = format!("group:{encoding:?}");
        let params = json!({ "conv": conv, "title": "Tea \"time\"" });
        let value = alice.call("groups.create", params.clone()).await.unwrap();
        assert_eq!(value["members"], 1);
        assert_eq!(
            alice.call("groups.create", params).await,
            Err(ErrorCode::ConversationExists)
        );
        let got = alice.call("groups.get", json!({ "conv": conv })).await;
        assert_eq!(got.unwrap()["title"], "Tea \"time\"");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_call_ends_only_the_call() {
    let relay = Relay::start().await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    for (method, params, code) in [
        ("no.such", json!({}), ErrorCode::MethodUnknown),
        ("groups.get", json!({ "conv": 7 }), ErrorCode::FieldInvalid),
        (
            "users.kick",
            json!({ "user": "bob" }),
            ErrorCode::ScopeForbidden,
        ),
        (
            "groups.get",
            json!({ "conv": "group:none" }),
            ErrorCode::ConversationUnknown,
        ),
    ] {
        assert_eq!(alice.call(method, params).await, Err(code), "{method}");
    }
    alice.store("bob", "m1", "still here").await;
}
