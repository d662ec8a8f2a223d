//! Several relays on one database.

use std::sync::Arc;

use seqline_relay::store::{BroadcastRefusal, Op, OpResult, Store};
use sqlx::PgConnection;
use tokio::task::JoinSet;

use super::{open, open_with, outside, until_one_waits};
use crate::{
    conformance::hooks::with_hooks,
    operators::{command, draft, edit},
    postgres_server::database,
    public_polling,
    support::{Fresh, account, at_s, create, delete, read, send, sent, seqs, user},
};

const USERS: [&str; 4] = ["alice", "bob", "carol", "dave"];
const NODES: usize = 3;
const BATCHES: usize = 60;

/// To everyone from everyone, in an order of its own for each node: what would deadlock if
/// rows were locked in the order in which they are mentioned.
fn batch(node: usize, batch: usize) -> Vec<Op> {
    let mut ops = Vec::new();
    for step in 0..USERS.len() {
        let at = if node.is_multiple_of(2) {
            step
        } else {
            USERS.len() - 1 - step
        };
        let from = USERS[(at + batch) % USERS.len()];
        let to = USERS[(at + batch + 1 + node) % USERS.len()];
        let id = format!("{node}-{batch}-{step}");
        ops.push(Op::Send(send(from, to, &id, "x")));
        ops.push(read(to, from, u64::MAX >> 11));
    }
    ops.push(Op::Send(send(
        USERS[batch % 3],
        "group:g",
        &format!("{node}-{batch}"),
        "x",
    )));
    ops
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commit_to_the_same_users_at_once() {
    let url = database().await;
    let first = open(&url).await;
    first
        .commit(vec![create("alice", "group:g", &["bob", "carol"])])
        .await;
    let mut tasks = JoinSet::new();
    for node in 0..NODES {
        let store = open(&url).await.store;
        tasks.spawn(async move {
            for number in 0..BATCHES {
                let commit = store.commit(batch(node, number), at_s(1)).await.unwrap();
                assert!(commit.results.iter().all(Result::is_ok), "{commit:?}");
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    // Contiguous in every timeline and conversation, and everything is there.
    let mut messages = 0;
    for user in USERS {
        let entries = first.timeline(user).await;
        let count = entries.len() as u64;
        assert_eq!(seqs(&entries), (1..=count).collect::<Vec<_>>(), "{user}");
        messages += first
            .conversations(user)
            .await
            .iter()
            .filter(|row| row.title.is_none())
            .map(|row| {
                if row.receipts.is_empty() {
                    2 * row.head.get()
                } else {
                    row.head.get()
                }
            })
            .sum::<u64>();
    }
    assert_eq!(messages, 2 * (NODES * BATCHES * USERS.len()) as u64);
    let group = first.group("alice", "group:g").await.unwrap();
    assert_eq!(group.head.get(), (NODES * BATCHES) as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_id_sent_to_two_is_stored_once() {
    let url = database().await;
    let nodes = [open(&url).await, open(&url).await];
    for round in 0..40 {
        let id = format!("m{round}");
        // To the same conversation, to another one, and to two crowds, which lock no user.
        let (one, other) = match round % 3 {
            0 => ("bob", "bob"),
            1 => ("bob", "carol"),
            _ => ("channel:one", "channel:other"),
        };
        if round == 2 {
            let make = |conv| create("alice", conv, &[]);
            nodes[0]
                .commit(vec![make("channel:one"), make("channel:other")])
                .await;
        }
        let results = both(&nodes, &id, [one, other]).await;
        let stored = results.iter().filter(|result| is_new(result)).count();
        assert_eq!(stored, 1, "{results:?}");
        if one == other {
            let places = results.each_ref().map(|result| sent(result).conv_seq);
            assert_eq!(places[0], places[1]);
        } else {
            assert!(results.iter().any(Result::is_err), "{results:?}");
        }
    }
    let entries = nodes[0].timeline("alice").await.len();
    let crowd = nodes[0].crowd("alice", "channel:one").await.entries.len()
        + nodes[0].crowd("alice", "channel:other").await.entries.len();
    let told_of_channels = nodes[0].timeline("alice").await.len() - 27;
    assert_eq!((entries - told_of_channels, crowd), (27, 13));
}

async fn both(nodes: &[Fresh; 2], id: &str, to: [&str; 2]) -> [OpResult; 2] {
    let commit = async |node: &Fresh, to: &str| {
        let op = Op::Send(send("alice", to, id, "x"));
        node.store
            .commit(vec![op], at_s(1))
            .await
            .unwrap()
            .results
            .remove(0)
    };
    let (one, other) = tokio::join!(commit(&nodes[0], to[0]), commit(&nodes[1], to[1]));
    [one, other]
}

fn is_new(result: &OpResult) -> bool {
    result.is_ok() && !sent(result).duplicate
}

#[tokio::test]
async fn names_are_made_once() {
    let url = database().await;
    let mut tasks = JoinSet::new();
    for node in 0..4_usize {
        let store = open(&url).await.store;
        tasks.spawn(async move {
            let op = |n| {
                Op::Send(send(
                    &format!("u{n}"),
                    &format!("u{}", n + 1),
                    &format!("{node}-{n}"),
                    "x",
                ))
            };
            let (up, down) = ((0..50).map(op).collect(), (0..50).rev().map(op).collect());
            let ops = if node.is_multiple_of(2) { up } else { down };
            store.commit(ops, at_s(1)).await.unwrap();
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    let mut connection = outside(&url, "").await;
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM users")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(count, 51);
    let store = open(&url).await;
    assert_eq!(store.timeline("u7").await.len(), 8);
}

/// A commit that took its ids early and became visible late is in the index all the same.
#[tokio::test]
async fn what_is_committed_late_is_found() {
    let url = database().await;
    let store = open(&url).await;
    store.fill("alice", "bob", 1).await;
    index(&*store.store).await;
    let mut lock: PgConnection = outside(&url, "BEGIN; LOCK TABLE hidden IN EXCLUSIVE MODE").await;
    let late = Arc::clone(&store.store);
    let late = tokio::spawn(async move {
        let ops = vec![
            Op::Send(send("alice", "bob", "late", "tardy words")),
            delete("alice", "bob", 1),
        ];
        late.commit(ops, at_s(1)).await.unwrap()
    });
    until_one_waits(&url).await;
    store
        .commit(vec![Op::Send(send(
            "carol",
            "dave",
            "early",
            "early words",
        ))])
        .await;
    index(&*store.store).await;
    assert_eq!(store.found("dave", "early").await, 1);
    assert_eq!(store.found("bob", "tardy").await, 0);

    sqlx::raw_sql("ROLLBACK").execute(&mut lock).await.unwrap();
    let late = sent(&late.await.unwrap().results[0]).msg_id;
    let early = store.timeline("dave").await;
    assert!(late < crate::support::message(&early[0]).msg_id);
    index(&*store.store).await;
    assert_eq!(store.found("bob", "tardy").await, 1);
}

async fn index(store: &dyn Store) {
    while store.index().await.unwrap() {}
}

impl Fresh {
    pub(super) async fn found(&self, user: &str, text: &str) -> usize {
        let query = seqline_relay::store::SearchQuery {
            account: account(user),
            text: text.to_owned(),
            conv: None,
            sender: None,
            kind: None,
            since: None,
            until: None,
            before: None,
            limit: 10,
            now: at_s(0),
        };
        self.store.search(query).await.unwrap().messages.len()
    }
}

#[tokio::test]
async fn one_works_on_the_hooks_of_an_app() {
    let url = database().await;
    let one = open_with(&url, with_hooks()).await.unwrap();
    let other = open_with(&url, with_hooks()).await.unwrap();
    let op = Op::Send(send("alice", "bob", "m", "x"));
    other.commit(vec![op], at_s(1)).await.unwrap();
    let app = &account("alice").app;
    assert_eq!(one.hooks(app, 9, at_s(1)).await.unwrap().len(), 1);
    assert_eq!(other.hooks(app, 9, at_s(1)).await.unwrap().len(), 0);
    // It went away: its lease runs out.
    outside(&url, "UPDATE lease SET until = now() - interval '1 s'").await;
    assert_eq!(other.hooks(app, 9, at_s(1)).await.unwrap().len(), 1);
    assert_eq!(one.hooks(app, 9, at_s(1)).await.unwrap().len(), 0);
}

/// Pollers take other nodes than the operators do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_work_at_once_and_no_poll_misses_anything() {
    let url = database().await;
    let mut stores = Vec::new();
    for _ in 0..NODES {
        stores.push(open(&url).await.store);
    }
    public_polling::misses_nothing_of(&stores, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_operators_on_two_nodes_one_is_told_of_the_other() {
    let url = database().await;
    let (one, other) = (open(&url).await, open(&url).await);
    let mut row = one.create(draft("text 0")).await;
    for round in 1..=20 {
        let by = |who: &str| command(&row, who, edit(&format!("{who} {round}")));
        let (ann, ben) = tokio::join!(
            one.store.command(by("ann"), at_s(1)),
            other.store.command(by("ben"), at_s(1)),
        );
        let (won, lost, winner) = match (ann.unwrap(), ben.unwrap()) {
            (Ok(won), Err(lost)) => (won, lost, "ann"),
            (Err(lost), Ok(won)) => (won, lost, "ben"),
            both => panic!("{both:?}"),
        };
        let conflict = BroadcastRefusal::Conflict {
            revision: won.revision,
            by: user(winner),
        };
        assert_eq!(lost, conflict);
        assert_eq!(won.content.body, format!("{winner} {round}"));
        row = won;
    }
    assert_eq!(one.broadcast(&row).await.as_ref(), Some(&row));
    assert_eq!(other.audit(Some(row.id)).await.len(), 21);
}
