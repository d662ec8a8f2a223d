use serde_json::json;

use crate::support::{Relay, guards, names};

const METHOD: &str = "broadcasts.preview";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    let params = json!({
        "content": { "title": "News", "body": "Hello" }, "audience": {}, "every_device": true,
        "attributes": { "name": "Alice" },
    });
    guards(&relay, "broadcasts.preview", params).await;
}

#[tokio::test]
async fn tells_how_a_user_reads_it() {
    let relay = Relay::start_with(names(&["name", "city"])).await;
    let mut params = json!({
        "content": { "title": "For {{name|you}}", "body": "{{name|Friend}} of {{city}}: hello" },
        "attributes": { "name": "Alice", "city": "Bern" },
    });
    let value = relay.operator().ok(METHOD, params.clone()).await;
    let expected = json!({
        "title": "For Alice", "body": "Alice of Bern: hello",
        "placeholders": ["city", "name"], "problems": [],
    });
    assert_eq!(value, expected);
    params["attributes"] = json!({});
    let unknown = relay.operator().ok(METHOD, params).await;
    assert_eq!(unknown["title"], "For you");
    assert_eq!(unknown["body"], "Friend of : hello");
}

#[tokio::test]
async fn tells_all_that_would_be_refused_and_does_nothing() {
    let relay = Relay::start().await;
    let params = json!({
        "content": { "title": "", "body": "Dear {{name}} {{" },
        "audience": { "expires_us": 1, "app_version_min": "four" },
    });
    let value = relay.operator().ok(METHOD, params.clone()).await;
    let problems = value["problems"].as_array().unwrap();
    let fields: Vec<&str> = problems
        .iter()
        .map(|one| one["field"].as_str().unwrap())
        .collect();
    assert_eq!(
        fields,
        [
            "content.title",
            "content.body",
            "audience.expires_us",
            "audience.app_version_min"
        ]
    );
    assert_eq!(value["body"], "Dear {{name}} {{", "as it is");
    let made = json!({ "content": params["content"], "audience": params["audience"] });
    let refused = relay.refused_and_unchanged("broadcasts.create", made).await;
    for problem in problems {
        let text = format!(
            "{}: {}",
            problem["field"].as_str().unwrap(),
            problem["message"].as_str().unwrap()
        );
        assert!(
            refused.message.contains(&text),
            "{text} in {}",
            refused.message
        );
    }
}
