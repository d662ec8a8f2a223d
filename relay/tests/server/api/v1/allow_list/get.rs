use std::collections::{BTreeMap, BTreeSet};

use seqline_protocol::{AppId, UserId};
use seqline_relay::broadcasts::PublicRules;
use serde_json::json;

use crate::support::{Client, Relay, Wish, guards};

const METHOD: &str = "allow_list.get";

#[tokio::test]
async fn lets_in_who_may_and_looks_at_each_field() {
    let relay = Relay::start().await;
    guards(&relay, "allow_list.get", json!({})).await;
}

#[tokio::test]
async fn lists_the_apps_own() {
    let relay = Relay::start().await;
    let empty = json!({ "users": [] });
    assert_eq!(relay.operator().ok(METHOD, json!({})).await, empty);
    relay
        .operator()
        .ok(
            "allow_list.add",
            json!({ "users": ["bob", "alice", "bob"] }),
        )
        .await;
    let list = json!({ "users": ["alice", "bob"] });
    assert_eq!(relay.operator().ok(METHOD, json!({})).await, list);
    assert_eq!(relay.other_operator().ok(METHOD, json!({})).await, empty);
    let relay = relay.restart().await;
    assert_eq!(relay.operator().ok(METHOD, json!({})).await, list);
}

#[tokio::test]
async fn tells_who_is_on_it_by_configuration() {
    let users = BTreeSet::from([UserId::new("carol").unwrap()]);
    let public_rules = PublicRules {
        allow_lists: BTreeMap::from([(AppId::new("app").unwrap(), users)]),
        ..PublicRules::default()
    };
    let relay = Relay::start_with(Wish {
        public_rules,
        ..Wish::default()
    })
    .await;
    let operator = relay.operator();
    let configured = json!({ "users": [], "configured": ["carol"] });
    assert_eq!(operator.ok(METHOD, json!({})).await, configured);
    let carol = json!({ "users": ["carol"] });
    let still = operator.ok("allow_list.remove", carol).await;
    assert_eq!(still, configured);
    let other = relay.other_operator().ok(METHOD, json!({})).await;
    assert_eq!(other, json!({ "users": [] }));
    let staged = relay.drafted("Try this").await;
    let staged = relay
        .act("stage", &staged, json!({ "allow_list": true }))
        .await;
    assert_eq!(staged["state"], "staged");
    let (mut carol, _) = Client::open(&relay, "carol", "phone").await;
    assert_eq!(carol.sees().await, ["Try this"]);
}
