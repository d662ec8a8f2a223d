//! What storage alone can do: durable 1:1 sends a second, against a bare loop that
//! inserts the same rows one by one, in the same run, with the same batches.
//!
//! `cargo bench -p seqline-relay` (options: `-- MESSAGES`, default 100,000).
//! The data goes to a temporary folder; set `TMPDIR` to choose the disk.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark stops where something is wrong"
)]

use std::{path::Path, sync::Arc, time::Duration};

use seqline_protocol::{AppId, ClientMsgId, ConvId, Kind, Micros, Priority, UserId};
use seqline_relay::{
    account::Account,
    clock::{Clock, SystemClock},
    entropy::SystemEntropy,
    store::{CommitRules, Op, Send, Store as _, sqlite::SqliteStore},
};
use sqlx::{
    Connection as _, Executor as _, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

const USERS: u64 = 2_000;
const BODY_BYTES: usize = 200;
const BATCHES: [usize; 4] = [1, 32, 512, 1024];
const RULES: CommitRules = CommitRules {
    recall_window_ms: 120_000,
};

fn main() {
    let messages = std::env::args()
        .filter_map(|arg| arg.parse().ok())
        .next()
        .unwrap_or(100_000);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    println!("durable 1:1 sends a second: one message row and two timeline rows each, synced");
    println!(
        "{:>6} {:>10} {:>10} {:>7}",
        "batch", "store", "bare loop", "ratio"
    );
    for batch in BATCHES {
        // Small batches wait for the disk: fewer of them tell as much.
        let count = messages.min(batch * 1_000);
        let store = runtime.block_on(through_store(count, batch));
        let bare = runtime.block_on(bare_loop(count, batch));
        println!(
            "{batch:>6} {store:>10.0} {bare:>10.0} {:>7.2}",
            store / bare
        );
    }
}

/// Two different users, the same in every run.
fn pair(n: usize) -> (u64, u64) {
    let mut mixed = n as u64;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    let from = mixed % USERS;
    // Each user has ten others to talk to.
    (from, (from + 1 + (mixed >> 32) % 10) % USERS)
}

fn send(n: usize) -> Op {
    let (from, to) = pair(n);
    let user = |n: u64| UserId::new(format!("user-{n}")).unwrap();
    Op::Send(Send {
        from: Arc::new(Account {
            app: AppId::new("bench").unwrap(),
            user: user(from),
        }),
        conv: ConvId::direct(&user(from), &user(to)),
        client_msg_id: ClientMsgId::new(client_msg_id(n)).unwrap(),
        kind: Kind::text(),
        body: "x".repeat(BODY_BYTES),
        priority: Priority::Normal,
        expires: None,
    })
}

/// As clients make them: without order.
fn client_msg_id(n: usize) -> String {
    format!("{:016x}", (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

async fn through_store(count: usize, batch: usize) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::open(&path, 1, RULES, &SystemEntropy)
        .await
        .unwrap();
    let clock = SystemClock::start();
    let sends: Vec<Op> = (0..count).map(send).collect();
    let began = clock.now().uptime;
    for ops in sends.chunks(batch) {
        let commit = store.commit(ops.to_vec(), Micros::ZERO).await.unwrap();
        assert!(commit.results.iter().all(Result::is_ok));
    }
    rate(count, clock.now().uptime - began)
}

/// The same rows in the same tables, one statement each, with nothing decided.
async fn bare_loop(count: usize, batch: usize) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bare.db");
    let mut connection = prepared(&path).await;
    let clock = SystemClock::start();
    let mut conv_head = std::collections::BTreeMap::<(u64, u64), i64>::new();
    let mut user_head = vec![0_i64; usize::try_from(USERS).unwrap()];
    let began = clock.now().uptime;
    for start in (0..count).step_by(batch) {
        let mut tx = connection.begin().await.unwrap();
        for n in start..(start + batch).min(count) {
            let (from, to) = pair(n);
            let key = (from.min(to), from.max(to));
            let conv_seq = conv_head.entry(key).or_default();
            *conv_seq += 1;
            let conv_id = i64::try_from(key.0 * USERS + key.1).unwrap();
            let mut seq = |user: u64| {
                let head = &mut user_head[usize::try_from(user).unwrap()];
                *head += 1;
                *head
            };
            let (from_seq, to_seq) = (seq(from), seq(to));
            let (from, to) = (i64::try_from(from).unwrap(), i64::try_from(to).unwrap());
            let msg_id = i64::try_from(n).unwrap() + 1;
            sqlx::query(
                "INSERT INTO message (msg_id, conv_id, conv_seq, sender_id, sender_seq,
                   client_msg_id, kind, body, priority, created_us)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'text', ?7, 1, 0)",
            )
            .bind(msg_id)
            .bind(conv_id)
            .bind(*conv_seq)
            .bind(from)
            .bind(from_seq)
            .bind(client_msg_id(n))
            .bind("x".repeat(BODY_BYTES))
            .execute(&mut *tx)
            .await
            .unwrap();
            for (user, seq) in [(from, from_seq), (to, to_seq)] {
                sqlx::query(
                    "INSERT INTO timeline (user_id, seq, kind, conv_id, conv_seq, about_id, msg_id)
                     VALUES (?1, ?2, 0, ?3, ?4, ?5, ?6)",
                )
                .bind(user)
                .bind(seq)
                .bind(conv_id)
                .bind(*conv_seq)
                .bind(from)
                .bind(msg_id)
                .execute(&mut *tx)
                .await
                .unwrap();
            }
        }
        tx.commit().await.unwrap();
    }
    rate(count, clock.now().uptime - began)
}

/// The relay's own schema, made by the relay, then opened bare.
async fn prepared(path: &Path) -> SqliteConnection {
    drop(
        SqliteStore::open(path, 1, RULES, &SystemEntropy)
            .await
            .unwrap(),
    );
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("cache_size", "-16384")
        .pragma("wal_autocheckpoint", "8192");
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    connection.execute("SELECT 1").await.unwrap();
    connection
}

#[expect(clippy::cast_precision_loss, reason = "a rate to three digits")]
fn rate(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}
