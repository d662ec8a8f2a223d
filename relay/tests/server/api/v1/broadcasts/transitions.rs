//! What can be done with a broadcast in each state, and what cannot.

use std::time::Duration;

use seqline_relay::clock::Clock as _;
use serde_json::{Value, json};

use crate::support::Relay;

type Action = (
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static str,
);

/// Each action with what it is called in a refusal, the states in which it is allowed, and the
/// state that comes of it there; the same one, if empty.
const ACTIONS: [Action; 7] = [
    (
        "edit",
        "edited",
        &["draft", "staged", "published", "stopped"],
        "",
    ),
    ("stage", "staged", &["draft", "staged"], "staged"),
    (
        "publish",
        "published",
        &["draft", "staged", "stopped"],
        "published",
    ),
    ("wave", "told in a wave", &["staged", "published"], ""),
    ("stop", "stopped", &["staged", "published"], "stopped"),
    (
        "recall",
        "recalled",
        &["staged", "published", "stopped"],
        "recalled",
    ),
    ("delete", "deleted", &STATES, ""),
];

const STATES: [&str; 5] = ["draft", "staged", "published", "stopped", "recalled"];

fn more(action: &str) -> Value {
    match action {
        "edit" => json!({ "content": { "title": "News", "body": "Changed" } }),
        "stage" => json!({ "percent": 50 }),
        "wave" => json!({ "window_ms": 1000 }),
        _ => json!({}),
    }
}

#[tokio::test]
async fn each_action_is_allowed_in_its_states_and_in_no_other() {
    let relay = Relay::start().await;
    for state in STATES {
        for (action, participle, allowed, then) in ACTIONS {
            let case = format!("{action} what is {state}");
            let before = relay.in_state(state).await;
            if !allowed.contains(&state) {
                let refused = relay.act_refused(action, &before, more(action)).await;
                let told = (refused.status, refused.code.as_str());
                assert_eq!(told, (409, "state_forbidden"), "{case}");
                let what = format!("a broadcast that is {state} cannot be {participle}");
                assert!(refused.message.starts_with(&what), "{}", refused.message);
                continue;
            }
            let after = relay.act(action, &before, more(action)).await;
            if action == "delete" {
                assert_eq!(after, json!({}), "{case}");
                let get = json!({ "id": before["id"] });
                let code = relay.operator().code("broadcasts.get", get).await;
                assert_eq!(code, "broadcast_unknown", "{case}");
                continue;
            }
            let expected = if then.is_empty() { state } else { then };
            assert_eq!(after["state"], expected, "{case}");
            let revision = before["revision"].as_u64().unwrap() + 1;
            assert_eq!(after["revision"], revision, "{case}");
        }
    }
}

#[tokio::test]
async fn a_refusal_for_the_state_says_what_can_be_done_instead() {
    let relay = Relay::start().await;
    for state in STATES {
        let before = relay.in_state(state).await;
        let is_forbidden = |(_, _, allowed, _): &&Action| !allowed.contains(&state);
        let Some((action, ..)) = ACTIONS.iter().find(is_forbidden) else {
            assert_eq!(state, "staged", "anything may become of it");
            continue;
        };
        let refused = relay.act_refused(action, &before, more(action)).await;
        let (_, instead) = refused.message.split_once(": it can be ").unwrap();
        for (_, participle, allowed, _) in ACTIONS {
            let is_told = instead.split([',', ';']).any(|part| {
                let part = part.trim().trim_start_matches("or ");
                part.split(" or ")
                    .any(|one| one.trim().starts_with(participle))
            });
            assert_eq!(
                is_told,
                allowed.contains(&state),
                "{state}, {participle}: {instead}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_there_no_more_or_is_another_apps_is_unknown() {
    let relay = Relay::start().await;
    let published = relay.published("Hello").await;
    let deleted = relay.in_state("draft").await;
    relay.act("delete", &deleted, json!({})).await;
    for (action, ..) in ACTIONS {
        let refused = relay.act_refused(action, &deleted, more(action)).await;
        let told = (refused.status, refused.code.as_str());
        assert_eq!(told, (404, "broadcast_unknown"), "{action}");

        let method = format!("broadcasts.{action}");
        let mut params = more(action);
        params["id"] = published["id"].clone();
        params["revision"] = published["revision"].clone();
        let code = relay.other_operator().code(&method, params).await;
        assert_eq!(code, "broadcast_unknown", "{action} of another app");
    }
    let get = json!({ "id": published["id"] });
    let same = relay.operator().ok("broadcasts.get", get).await;
    assert_eq!(same, published);
}

#[tokio::test]
async fn two_operators_at_once_get_a_conflict_and_never_a_lost_edit() {
    let relay = Relay::start().await;
    for (action, _, allowed, _) in ACTIONS {
        let seen = relay.in_state(allowed[0]).await;
        relay
            .act("edit", &seen, json!({ "every_device": true }))
            .await;
        let refused = relay.act_refused(action, &seen, more(action)).await;
        let told = (refused.status, refused.code.as_str());
        assert_eq!(told, (409, "revision_conflict"), "{action}");
        let newest = (seen["revision"].as_u64().unwrap() + 1).to_string();
        for part in ["olga", newest.as_str(), "load it again"] {
            assert!(refused.message.contains(part), "{}", refused.message);
        }
    }
}

#[tokio::test]
async fn after_its_end_a_broadcast_has_expired() {
    let relay = Relay::start().await;
    let in_an_hour_us = relay.clock.now().wall.get() + 3_600_000_000;
    let mut drafts = Vec::new();
    for _ in 0..3 {
        let params = json!({
            "content": { "title": "News", "body": "Soon over" },
            "audience": { "expires_us": in_an_hour_us },
        });
        drafts.push(relay.operator().ok("broadcasts.create", params).await);
    }
    let published = relay.act("publish", &drafts[0], json!({})).await;
    let staged = relay
        .act("stage", &drafts[1], json!({ "percent": 1 }))
        .await;
    relay.pass(Duration::from_secs(3_601));

    for one in [&published, &staged] {
        let get = json!({ "id": one["id"] });
        let state = &relay.operator().ok("broadcasts.get", get).await["state"];
        assert_eq!(state, "expired");
    }
    for (action, seen) in [
        ("publish", &drafts[2]),
        ("publish", &staged),
        ("stage", &drafts[2]),
        ("wave", &published),
        ("edit", &published),
    ] {
        let refused = relay.act_refused(action, seen, more(action)).await;
        let told = (refused.status, refused.code.as_str());
        assert_eq!(told, (400, "field_invalid"), "{action}");
        let text = &refused.message;
        assert!(
            text.starts_with("audience.expires_us: "),
            "{action}: {text}"
        );
    }
    let longer = json!({ "audience": { "expires_us": in_an_hour_us + 7_200_000_000 } });
    let again = relay.act("edit", &published, longer).await;
    assert_eq!(again["state"], "published", "given more time");
}
