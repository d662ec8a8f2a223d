//! Messages that an app's server is to be told of.

use std::collections::BTreeSet;

use seqline_protocol::AppId;
use seqline_relay::store::{CommitRules, Hook, Op};

use crate::support::{Fresh, account_of, at_s, create, recall, rules, send, users};

/// The rules of all these: the suite's app has a server, others have none.
pub(crate) fn with_hooks() -> CommitRules {
    CommitRules {
        hook_apps: BTreeSet::from([AppId::new("app").unwrap()]),
        ..rules()
    }
}

async fn due(store: &Fresh, s: u64) -> Vec<Hook> {
    let app = AppId::new("app").unwrap();
    store.store.hooks(&app, 10, at_s(s)).await.unwrap()
}

fn bodies(hooks: &[Hook]) -> Vec<&str> {
    hooks
        .iter()
        .map(|hook| hook.message.body.as_str())
        .collect()
}

fn say(from: &str, to: &str, id: &str) -> Op {
    Op::Send(send(from, to, id, id))
}

pub(crate) async fn wait_in_the_order_of_a_conversation(store: Fresh) {
    store
        .commit(vec![
            say("alice", "bob", "a1"),
            say("alice", "bob", "a2"),
            say("carol", "bob", "c1"),
            say("alice", "bob", "a1"),
        ])
        .await;
    let first = due(&store, 0).await;
    assert_eq!(bodies(&first), ["a1", "c1"]);
    assert_eq!(first[0].recipients, users(&["bob"]));
    assert_eq!(first[0].attempts, 0);
    assert_eq!(first[0].app.as_str(), "app");
    store.store.hooks_done(vec![first[0].id]).await.unwrap();
    assert_eq!(bodies(&due(&store, 0).await), ["a2", "c1"]);
    let one = store.store.hooks(&first[0].app, 1, at_s(0)).await.unwrap();
    assert_eq!(bodies(&one), ["a2"]);
    let all: Vec<_> = due(&store, 0).await.iter().map(|hook| hook.id).collect();
    store.store.hooks_done(all).await.unwrap();
    assert!(due(&store, 0).await.is_empty());
}

pub(crate) async fn wait_longer_after_a_failure(store: Fresh) {
    store
        .commit(vec![
            say("alice", "bob", "a1"),
            say("alice", "bob", "a2"),
            say("carol", "bob", "c1"),
        ])
        .await;
    let first = due(&store, 0).await;
    store
        .store
        .hook_failed(first[0].id, at_s(30))
        .await
        .unwrap();
    // Others go on; what comes after it in its conversation waits with it.
    assert_eq!(bodies(&due(&store, 29).await), ["c1"]);
    let again = due(&store, 30).await;
    assert_eq!(bodies(&again), ["a1", "c1"]);
    assert_eq!(again[0].attempts, 1);
    assert_eq!(again[0].id, first[0].id);
}

pub(crate) async fn tell_the_message_as_it_reads_now(store: Fresh) {
    store.commit(vec![say("alice", "bob", "a1")]).await;
    store.commit(vec![recall("alice", "bob", 1)]).await;
    let hooks = due(&store, 0).await;
    assert!(hooks[0].message.recalled);
    assert_eq!(hooks[0].message.body, "");
}

pub(crate) async fn name_who_has_it(store: Fresh) {
    store
        .commit(vec![
            create("alice", "group:g", &["bob", "carol"]),
            create("alice", "group:c", &["bob", "carol", "dave"]),
        ])
        .await;
    store
        .commit(vec![
            say("bob", "group:g", "g1"),
            say("bob", "group:c", "c1"),
            say("bob", "bob", "n1"),
        ])
        .await;
    let mut hooks = due(&store, 0).await;
    assert_eq!(bodies(&hooks), ["g1", "c1", "n1"]);
    hooks[0].recipients.sort();
    assert_eq!(hooks[0].recipients, users(&["alice", "carol"]));
    assert_eq!(hooks[1].recipients, []);
    assert_eq!(hooks[2].recipients, []);
}

pub(crate) async fn are_of_apps_with_a_server(store: Fresh) {
    let mut elsewhere = send("alice", "bob", "m1", "elsewhere");
    elsewhere.from = account_of("other", "alice");
    store.commit(vec![Op::Send(elsewhere)]).await;
    assert!(due(&store, 0).await.is_empty());
    let other = AppId::new("other").unwrap();
    assert!(
        store
            .store
            .hooks(&other, 10, at_s(0))
            .await
            .unwrap()
            .is_empty()
    );
}
