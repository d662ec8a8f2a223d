use serde_json::json;

use crate::support::{Relay, guards, texts};

const METHOD: &str = "messages.list";

/// Alice and bob have said `1` to `5`.
async fn said() -> Relay {
    let relay = Relay::start().await;
    for n in 1..=5 {
        relay
            .user("alice")
            .say("dm:alice:bob", &n.to_string())
            .await;
    }
    relay
}

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = said().await;
    guards(
        &relay,
        "messages.list",
        json!({ "conv": "dm:alice:bob", "limit": 2, "before": 4 }),
    )
    .await;
    for field in ["after", "since_us", "until_us", "as"] {
        let mut params = json!({ "conv": "dm:alice:bob" });
        params[field] = json!({});
        let refused = relay.user("alice").refused(METHOD, params).await;
        assert!(refused.message.contains(field), "{}", refused.message);
    }
}

#[tokio::test]
async fn goes_by_position_both_ways() {
    let relay = said().await;
    for (range, expected, more) in [
        (json!({}), vec!["1", "2", "3", "4", "5"], false),
        (json!({ "limit": 2 }), vec!["4", "5"], true),
        (json!({ "before": 4, "limit": 2 }), vec!["2", "3"], true),
        (json!({ "before": 3 }), vec!["1", "2"], false),
        (json!({ "after": 1, "limit": 2 }), vec!["2", "3"], true),
        (json!({ "after": 3 }), vec!["4", "5"], false),
        (
            json!({ "after": 1, "before": 5 }),
            vec!["2", "3", "4"],
            false,
        ),
        (json!({ "after": 5 }), vec![], false),
        (json!({ "before": 1 }), vec![], false),
        (json!({ "after": 99 }), vec![], false),
    ] {
        let mut params = range.clone();
        params["conv"] = json!("dm:alice:bob");
        let value = relay.user("bob").ok(METHOD, params).await;
        assert_eq!(texts(&value["messages"]), expected, "{range}");
        assert_eq!(value["more"], more, "{range}");
    }
}

#[tokio::test]
async fn goes_by_time_both_ways() {
    let relay = said().await;
    let all = relay
        .user("bob")
        .ok(METHOD, json!({ "conv": "dm:alice:bob" }))
        .await;
    let third_us = all["messages"][2]["created_us"].as_u64().unwrap();
    let since = json!({ "conv": "dm:alice:bob", "since_us": third_us, "limit": 2 });
    let value = relay.user("bob").ok(METHOD, since).await;
    assert_eq!(texts(&value["messages"]), ["3", "4"]);
    assert_eq!(value["more"], true);
    let until = json!({ "conv": "dm:alice:bob", "until_us": third_us, "limit": 1 });
    let value = relay.user("bob").ok(METHOD, until).await;
    assert_eq!(texts(&value["messages"]), ["2"]);
    assert_eq!(value["more"], true);
}

#[tokio::test]
async fn a_record_has_everything() {
    let relay = Relay::start().await;
    let params = json!({
        "from": "shop", "to": { "user": "bob" }, "body": "{\"n\":1}", "kind": "card",
        "client_msg_id": "m1", "priority": "high", "expires_us": 9_000_000_000_000_000_u64,
        "key": "order-1", "business": "order", "mentions": ["bob"],
    });
    let sent = relay.server().ok("messages.send", params).await;
    let record = |read: bool| {
        json!({
            "msg_id": sent["msg_id"], "client_msg_id": "m1", "sender": "shop", "receiver": "bob",
            "peer": "shop", "conv": "dm:bob:shop", "conv_seq": 1, "created_us": sent["created_us"],
            "expires_us": 9_000_000_000_000_000_u64, "read": read, "category": "direct",
            "kind": "card", "priority": "high", "business": "order", "app": "app", "key": "order-1",
            "body": "{\"n\":1}", "mentions": ["bob"],
        })
    };
    let ask = json!({ "conv": "dm:bob:shop" });
    let list = relay.user("bob").ok(METHOD, ask.clone()).await;
    assert_eq!(list["messages"][0], record(false));
    let read = json!({ "conv": "dm:bob:shop", "conv_seq": 1 });
    relay.user("bob").ok("conversations.read", read).await;
    let list = relay.user("bob").ok(METHOD, ask.clone()).await;
    assert_eq!(list["messages"][0], record(true));

    let list = relay.user("shop").ok(METHOD, ask.clone()).await;
    assert_eq!(list["messages"][0]["peer"], "bob");
    assert_eq!(list["messages"][0]["read"], true, "one's own");
    let list = relay.server().ok(METHOD, ask.clone()).await;
    assert_eq!(list["messages"][0].get("peer"), None);
    assert_eq!(list["messages"][0].get("read"), None);
    let as_bob = json!({ "conv": "dm:bob:shop", "as": "bob" });
    let list = relay.server().ok(METHOD, as_bob).await;
    assert_eq!(list["messages"][0], record(true));
}

#[tokio::test]
async fn is_for_those_who_take_part() {
    let relay = said().await;
    let params = json!({ "conv": "dm:alice:bob" });
    let refused = relay.user("carol").refused(METHOD, params.clone()).await;
    assert_eq!(
        (refused.status, refused.code.as_str()),
        (404, "conversation_unknown")
    );
    let code = relay.other_server().code(METHOD, params).await;
    assert_eq!(
        code, "conversation_unknown",
        "nothing of another app is seen"
    );
    let empty = json!({ "conv": "dm:alice:carol" });
    let value = relay.user("carol").ok(METHOD, empty).await;
    assert_eq!(value, json!({ "messages": [], "more": false }));
    let as_bob = json!({ "conv": "dm:alice:bob", "as": "bob" });
    assert_eq!(
        relay.user("carol").code(METHOD, as_bob).await,
        "scope_forbidden"
    );
}

#[tokio::test]
async fn refuses_positions_and_limits_that_are_none() {
    let relay = said().await;
    for (bad, field) in [
        (json!({ "after": -1 }), "after"),
        (json!({ "before": 1.5 }), "before"),
        (json!({ "after": 9_007_199_254_740_992_u64 }), "after"),
        (json!({ "limit": 0 }), "limit"),
        (json!({ "limit": 70_000 }), "limit"),
        (json!({ "after": 1, "since_us": 1 }), "since_us"),
        (json!({ "since_us": 1, "until_us": 2 }), "until_us"),
        (json!({ "before": 1, "after": 1, "until_us": 2 }), "after"),
    ] {
        let mut params = bad.clone();
        params["conv"] = json!("dm:alice:bob");
        let refused = relay.user("bob").refused(METHOD, params).await;
        assert_eq!(refused.code, "field_invalid", "{bad}");
        assert!(
            refused.message.starts_with(field),
            "{bad}: {}",
            refused.message
        );
    }
}
