use serde_json::json;

use crate::support::{Relay, guards};

const METHOD: &str = "broadcasts.get";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    guards(&relay, "broadcasts.get", json!({ "id": 1 })).await;
}

#[tokio::test]
async fn tells_what_it_is_like_after_each_step() {
    let relay = Relay::start().await;
    let drafted = relay.drafted("Hello").await;
    let get = json!({ "id": drafted["id"] });
    let operator = relay.operator();
    let staged = relay
        .act(
            "stage",
            &drafted,
            json!({ "allow_list": true, "percent": 5 }),
        )
        .await;
    assert_eq!(operator.ok(METHOD, get.clone()).await, staged);
    assert_eq!(
        staged["staging"],
        json!({ "allow_list": true, "percent": 5 })
    );
    assert!(staged["pub_seq"].as_u64() > Some(0) && staged["published_us"].is_u64());
    let published = relay.act("publish", &staged, json!({})).await;
    assert_eq!(operator.ok(METHOD, get.clone()).await, published);
    assert!(published["pub_seq"].as_u64() > staged["pub_seq"].as_u64());
    assert_eq!(
        published["published_us"], staged["published_us"],
        "when first shown"
    );
    assert_eq!(published["version"], 1, "the text is the same");
    let text = json!({ "content": { "title": "News", "body": "Changed" } });
    let edited = relay.act("edit", &published, text).await;
    assert_eq!(
        (&edited["version"], &edited["revision"]),
        (&json!(2), &json!(4))
    );
    assert_eq!(operator.ok(METHOD, get).await, edited);
}

#[tokio::test]
async fn what_there_is_not_or_is_another_apps_is_unknown() {
    let relay = Relay::start().await;
    let drafted = relay.drafted("Hello").await;
    let get = json!({ "id": drafted["id"] });
    for refused in [
        relay.other_operator().refused(METHOD, get).await,
        relay.operator().refused(METHOD, json!({ "id": 999 })).await,
    ] {
        assert_eq!(
            (refused.status, refused.code.as_str()),
            (404, "broadcast_unknown")
        );
        assert!(refused.message.contains("deleted"), "{}", refused.message);
    }
}
