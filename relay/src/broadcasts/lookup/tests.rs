use std::time::Duration;

use seqline_protocol::Secret;

use super::*;
use crate::{clock::SystemClock, limits::LOOKUP_CACHE_BYTES_MAX};

fn account(user: &str) -> Arc<Account> {
    Arc::new(Account {
        app: AppId::new("app").unwrap(),
        user: UserId::new(user).unwrap(),
    })
}

fn named(name: &str) -> Attributes {
    [("name".to_owned(), name.to_owned())].into()
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Of a server that no one can reach.
fn lookup() -> HttpLookup {
    let rules = LookupRules {
        endpoint: Endpoint {
            url: "http://127.0.0.1:1/".parse().unwrap(),
            secret: Secret::new("s".repeat(32)),
        },
        timeout_ms: 200,
        ttl: seconds(60),
    };
    HttpLookup::new(
        [(AppId::new("app").unwrap(), rules)].into(),
        ["name".to_owned(), "city".to_owned()].into(),
        Callout::default(),
        Arc::new(SystemClock::start()),
        Arc::default(),
    )
}

#[test]
fn only_configured_attributes_that_fit_a_text_are_kept() {
    let answer = |text: &str| lookup().understand(text.as_bytes());
    let long = format!(r#"{{"attributes":{{"name":"{}"}}}}"#, "x".repeat(300));
    assert_eq!(
        answer(r#"{"attributes":{"name":"Ann","age":"41","city":null},"more":1}"#),
        Ok(named("Ann"))
    );
    assert_eq!(answer("{}"), Ok(Attributes::new()));
    assert_eq!(answer(&long), Ok(Attributes::new()));
    for nonsense in ["", "null", "1", r#"{"attributes":[]}"#, "<html>"] {
        assert!(answer(nonsense).is_err(), "{nonsense}");
    }
}

#[tokio::test]
async fn a_user_whose_question_failed_is_not_asked_about_at_once() {
    let lookup = lookup();
    let ann = account("ann");
    assert_eq!(lookup.known(&ann), None);
    lookup.ask(Arc::clone(&ann)).await;
    assert_eq!(lookup.known(&ann).as_deref(), Some(&Attributes::new()));
    assert_eq!(lookup.counters.lookups_failed.get(), 1);
}

#[tokio::test]
async fn what_was_known_stays_when_a_later_question_fails() {
    let lookup = lookup();
    let ann = account("ann");
    lookup.cache.put(&ann, named("Ann"), Duration::ZERO);
    assert_eq!(lookup.known(&ann), None, "it is to be asked for again");
    lookup.ask(Arc::clone(&ann)).await;
    assert_eq!(lookup.known(&ann).as_deref(), Some(&named("Ann")));
}

#[tokio::test]
async fn beyond_the_bound_nobody_waits() {
    let lookup = lookup();
    let app = lookup.apps.values().next().unwrap();
    let all = u32::try_from(LOOKUPS_MAX + LOOKUPS_WAITING_MAX).unwrap();
    let _taken = app.places.try_acquire_many(all).unwrap();
    let refused = lookup.attributes(app, &account("ann")).await.unwrap_err();
    assert!(refused.contains("too many"), "{refused}");
}

#[test]
fn nothing_is_asked_of_apps_without_a_server() {
    let stranger = Account {
        app: AppId::new("other").unwrap(),
        user: UserId::new("ann").unwrap(),
    };
    assert!(lookup().known(&stranger).is_some());
}

#[test]
fn an_answer_holds_for_its_time() {
    let cache = Cache::default();
    let ann = account("ann");
    cache.put(&ann, named("Ann"), seconds(10));
    assert!(cache.get(&ann, seconds(9)).is_some());
    assert!(cache.get(&ann, seconds(10)).is_none());
    assert_eq!(cache.last_known(&ann), Some(named("Ann")));
}

#[test]
fn memory_is_bounded_and_who_is_asked_for_stays() {
    let cache = Cache::default();
    let text = "x".repeat(256);
    let often = account("often");
    cache.put(&often, named(&text), seconds(10));
    let count = LOOKUP_CACHE_BYTES_MAX / 100;
    for number in 0..count {
        cache.put(
            &account(&format!("user-{number}")),
            named(&text),
            seconds(10),
        );
        if number % 1000 == 0 {
            assert!(cache.get(&often, seconds(1)).is_some());
        }
    }
    assert!(
        cache.len() < LOOKUP_CACHE_BYTES_MAX / 450,
        "{}",
        cache.len()
    );
    assert!(
        cache.len() > LOOKUP_CACHE_BYTES_MAX / 2 / 700,
        "{}",
        cache.len()
    );
    assert!(cache.get(&account("user-1"), seconds(1)).is_none());
}
