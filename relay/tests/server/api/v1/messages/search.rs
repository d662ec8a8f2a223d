use serde_json::{Value, json};

use crate::support::{PATIENCE, Relay, guards, texts};

const METHOD: &str = "messages.search";

impl Relay {
    /// Searches until something is found: the index follows the messages.
    async fn found(&self, user: &str, params: Value) -> Value {
        let search = async {
            loop {
                let value = self.user(user).ok(METHOD, params.clone()).await;
                if value["messages"] != json!([]) {
                    return value;
                }
            }
        };
        tokio::time::timeout(PATIENCE, search)
            .await
            .expect("it is indexed in time")
    }
}

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    let params = json!({
        "text": "hi", "conv": "dm:alice:bob", "sender": "bob", "kind": "text", "since_us": 1,
        "until_us": 2, "before": 7, "limit": 3,
    });
    guards(&relay, "messages.search", params).await;
}

#[tokio::test]
async fn finds_ones_own_messages_and_no_others() {
    let relay = Relay::start().await;
    relay
        .user("alice")
        .say("dm:alice:bob", "the quick brown fox")
        .await;
    relay
        .user("alice")
        .say("dm:alice:carol", "a quick question")
        .await;
    relay
        .user("alice")
        .say("dm:alice:bob", "今天天气很好")
        .await;
    let value = relay.found("alice", json!({ "text": "天气" })).await;
    assert_eq!(texts(&value["messages"]), ["今天天气很好"]);
    // What was stored before is indexed by now.
    let value = relay
        .user("alice")
        .ok(METHOD, json!({ "text": "quick" }))
        .await;
    assert_eq!(
        texts(&value["messages"]),
        ["a quick question", "the quick brown fox"]
    );
    assert_eq!(value.get("next"), None);
    let value = relay
        .user("bob")
        .ok(METHOD, json!({ "text": "quick" }))
        .await;
    assert_eq!(texts(&value["messages"]), ["the quick brown fox"]);
    let as_bob = json!({ "text": "quick", "as": "bob" });
    let value = relay.server().ok(METHOD, as_bob.clone()).await;
    assert_eq!(texts(&value["messages"]), ["the quick brown fox"]);
    let value = relay.other_server().ok(METHOD, as_bob).await;
    assert_eq!(value["messages"], json!([]));

    let page = json!({ "text": "quick", "limit": 1 });
    let first = relay.user("alice").ok(METHOD, page).await;
    assert_eq!(texts(&first["messages"]), ["a quick question"]);
    let page = json!({ "text": "quick", "limit": 1, "before": first["next"] });
    let second = relay.user("alice").ok(METHOD, page).await;
    assert_eq!(texts(&second["messages"]), ["the quick brown fox"]);
}

#[tokio::test]
async fn operators_are_plain_text() {
    let relay = Relay::start().await;
    relay
        .user("alice")
        .say("dm:alice:bob", "salt AND pepper")
        .await;
    relay.found("alice", json!({ "text": "pepper" })).await;
    for (text, is_found) in [
        ("salt AND pepper", true),
        ("\"pepper salt", true),
        ("salt* (pepper)", true),
        ("salt OR sugar", false),
        ("NOT sugar", false),
        ("body:salt", false),
        ("salt NEAR/2 pepper", false),
        ("' OR 1=1 --", false),
        ("%", true),
    ] {
        let value = relay
            .user("alice")
            .call(METHOD, &json!({ "text": text }))
            .await;
        match text {
            "%" => assert_eq!(value.status, 400, "nothing to search for"),
            _ => {
                assert_eq!(value.status, 200, "{text}: {}", value.text());
                assert_eq!(value.json()["messages"] != json!([]), is_found, "{text}");
            }
        }
    }
}

#[tokio::test]
async fn refuses_texts_that_say_nothing_or_too_much() {
    let relay = Relay::start().await;
    for (bad, field) in [
        (json!({ "text": "" }), "text"),
        (json!({ "text": " \t" }), "text"),
        (json!({ "text": "\"*-" }), "text"),
        (json!({ "text": "x".repeat(257) }), "text"),
        (
            json!({ "text": "hi", "since_us": 2, "until_us": 1 }),
            "since_us",
        ),
        (json!({ "text": "hi", "limit": 0 }), "limit"),
        (json!({ "text": "hi", "before": -1 }), "before"),
        (json!({ "text": "hi", "kind": "NO" }), "kind"),
    ] {
        let refused = relay.user("alice").refused(METHOD, bad.clone()).await;
        assert_eq!(
            (refused.status, refused.code.as_str()),
            (400, "field_invalid"),
            "{bad}"
        );
        assert!(
            refused.message.starts_with(field),
            "{bad}: {}",
            refused.message
        );
    }
    assert_eq!(
        relay.server().code(METHOD, json!({ "text": "hi" })).await,
        "field_invalid"
    );
}
