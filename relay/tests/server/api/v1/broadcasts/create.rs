use seqline_relay::{clock::Clock as _, limits::BROADCASTS_MAX};
use serde_json::json;

use crate::support::{Client, Relay, draft, guards, names};

const METHOD: &str = "broadcasts.create";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    let params = json!({
        "content": { "title": "News", "body": "Hello" }, "audience": {}, "every_device": true,
    });
    guards(&relay, "broadcasts.create", params).await;
}

#[tokio::test]
async fn makes_a_draft_that_nobody_sees() {
    let relay = Relay::start_with(names(&["name"])).await;
    let ends_us = relay.clock.now().wall.get() + 1_000_000_000;
    let params = json!({
        "content": { "kind": "card", "title": "News", "body": "Dear {{name|friend}}" },
        "audience": {
            "starts_us": ends_us - 1, "expires_us": ends_us,
            "app_version_min": "4.2", "app_version_max": "5",
            "hosts": ["browser", "wx"], "segments": ["gold"],
            "members_only": true, "allow_list_only": true,
        },
        "every_device": true,
    });
    let made = relay.operator().ok(METHOD, params.clone()).await;
    for field in ["content", "audience", "every_device"] {
        assert_eq!(made[field], params[field]);
    }
    assert_eq!(made["state"], "draft");
    assert_eq!(
        (&made["revision"], &made["version"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        made["staging"],
        json!({ "allow_list": false, "percent": 0 })
    );
    for absent in ["wave", "pub_seq", "published_us"] {
        assert!(made.get(absent).is_none(), "{absent}");
    }
    let kind = &relay.drafted("Hello").await["content"]["kind"];
    assert_eq!(kind, "text", "unless another one is named");

    let (mut alice, welcome) = Client::open(&relay, "alice", "phone").await;
    assert_eq!(welcome.pub_head.get(), 0);
    assert!(alice.sees().await.is_empty());
    let get = json!({ "id": made["id"] });
    assert_eq!(relay.operator().ok("broadcasts.get", get).await, made);
}

#[tokio::test]
async fn what_could_not_be_published_is_refused_with_field_and_reason() {
    let relay = Relay::start_with(names(&["name"])).await;
    let now_us = relay.clock.now().wall.get();
    let content = |title: &str, body: &str| json!({ "content": { "title": title, "body": body } });
    let audience = |audience: serde_json::Value| json!({ "content": { "title": "News", "body": "Hello" }, "audience": audience });
    let many: Vec<String> = (0..33).map(|n| format!("s{n}")).collect();
    for (params, field, why) in [
        (content("News", ""), "content.body", "empty"),
        (content(" ", "Hello"), "content.title", "empty"),
        (content(&"x".repeat(257), "Hello"), "content.title", "256"),
        (
            content("News", &"x".repeat(32 * 1024 + 1)),
            "content.body",
            "32768",
        ),
        (
            content("News", "{{city}}"),
            "content.body",
            "`{{city}}` is no attribute (known are name)",
        ),
        (
            content("{{city}}", "Hello"),
            "content.title",
            "--broadcast-attributes",
        ),
        (content("News", "{{name"), "content.body", "not closed"),
        (
            audience(json!({ "expires_us": now_us - 1 })),
            "audience.expires_us",
            "in the past",
        ),
        (
            audience(
                json!({ "starts_us": now_us + 2_000_000_000, "expires_us": now_us + 1_000_000_000 }),
            ),
            "audience.expires_us",
            "not after `starts_us`",
        ),
        (
            audience(json!({ "app_version_min": "four" })),
            "audience.app_version_min",
            "`four` is no version",
        ),
        (
            audience(json!({ "app_version_max": "4.x" })),
            "audience.app_version_max",
            "`4.x` is no version",
        ),
        (
            audience(json!({ "app_version_min": "5", "app_version_max": "4.9" })),
            "audience.app_version_max",
            "lower than `app_version_min`",
        ),
        (
            audience(json!({ "segments": many })),
            "audience.segments",
            "32",
        ),
        (
            audience(json!({ "segments": ["a b"] })),
            "audience.segments[0]",
            "",
        ),
        (
            audience(json!({ "expires_us": "soon" })),
            "audience.expires_us",
            "invalid type",
        ),
        (
            audience(json!({ "until": 1 })),
            "audience",
            "unknown field `until`",
        ),
        (
            json!({ "content": { "title": "News" } }),
            "content",
            "missing field `body`",
        ),
        (json!({}), "", "missing field `content`"),
    ] {
        let refused = relay.refused_and_unchanged(METHOD, params).await;
        let told = (refused.status, refused.code.as_str());
        assert_eq!(told, (400, "field_invalid"), "{field}");
        let text = &refused.message;
        assert!(
            text.starts_with(field) && text.contains(why),
            "{field}, {why}: {text}"
        );
    }
    let two = content("", "{{city}}");
    let text = relay.operator().refused(METHOD, two).await.message;
    assert!(
        text.contains("content.title: ") && text.contains("; content.body: "),
        "{text}"
    );
}

#[tokio::test]
async fn an_app_has_a_bounded_number_of_them() {
    let relay = Relay::start().await;
    let first = relay.drafted("Hello").await;
    for _ in 1..BROADCASTS_MAX {
        relay.drafted("Hello").await;
    }
    let refused = relay.refused_and_unchanged(METHOD, draft("One more")).await;
    assert_eq!(
        (refused.status, refused.code.as_str()),
        (409, "state_forbidden")
    );
    assert!(
        refused.message.contains("delete old ones"),
        "{}",
        refused.message
    );
    relay
        .other_operator()
        .ok(METHOD, draft("Of another app"))
        .await;
    relay.act("delete", &first, json!({})).await;
    relay.drafted("One more").await;
}
