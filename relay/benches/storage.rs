//! What storage alone can do: durable 1:1 sends a second, against a bare loop that inserts
//! the same rows with prepared statements, and decides nothing. Both in the same run, by
//! turns, with the same tables, indexes, settings, batches and syncs.
//!
//! `cargo bench -p seqline-relay --bench storage` (options: `-- MESSAGES`, default 100,000).
//! The data goes to a temporary folder; set `TMPDIR` to choose the disk.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark stops where something is wrong"
)]

#[path = "support/sends.rs"]
mod sends;
#[path = "support/sqlite.rs"]
mod sqlite;

use std::{collections::BTreeMap, ops::Range, path::Path};

use rusqlite::{Connection, params};
use seqline_relay::{
    clock::{Clock as _, SystemClock},
    store::{Op, Send, Store as _},
};

use sends::{BATCHES, FIRST, NOW, USERS, pair, rate, send};
use sqlite::opened;

/// Each is measured so often, and the median counts.
const ROUNDS: usize = 3;

fn main() {
    let messages = std::env::args()
        .filter_map(|arg| arg.parse().ok())
        .next()
        .unwrap_or(100_000);
    println!("durable 1:1 sends a second: one message row and two timeline rows each, synced");
    println!(
        "{:>6} {:>10} {:>10} {:>7}",
        "batch", "store", "bare loop", "ratio"
    );
    for batch in BATCHES {
        // Small batches wait for the disk: fewer of them tell as much.
        let count = messages.min(batch * 1_000);
        let rounds = (0..ROUNDS).map(|_| (through_store(count, batch), bare_loop(count, batch)));
        let (mut stores, mut bares): (Vec<f64>, Vec<f64>) = rounds.unzip();
        let (store, bare) = (median(&mut stores), median(&mut bares));
        println!(
            "{batch:>6} {store:>10.0} {bare:>10.0} {:>7.2}",
            store / bare
        );
    }
}

fn through_store(count: usize, batch: usize) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let batches = |range: Range<usize>, batch: usize| -> Vec<Vec<Op>> {
        let sends: Vec<Op> = range.map(send).collect();
        sends.chunks(batch).map(<[Op]>::to_vec).collect()
    };
    let first = batches(0..FIRST, 1024);
    let sends = batches(FIRST..FIRST + count, batch);
    runtime.block_on(async {
        let store = opened(&path, 1).await;
        for ops in first {
            store.commit(ops, NOW).await.unwrap();
        }
        let clock = SystemClock::start();
        let began = clock.now().uptime;
        for ops in sends {
            let commit = store.commit(ops, NOW).await.unwrap();
            assert!(commit.results.iter().all(Result::is_ok));
        }
        rate(count, clock.now().uptime - began)
    })
}

/// The same rows in the same tables, one statement each, with nothing decided.
fn bare_loop(count: usize, batch: usize) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bare.db");
    let connection = prepared(&path);
    let sends: Vec<Send> = (0..FIRST + count)
        .map(|n| match send(n) {
            Op::Send(send) => send,
            _ => unreachable!("only messages are sent"),
        })
        .collect();
    let mut insert_message = connection
        .prepare(
            "INSERT INTO message (msg_id, conv_id, conv_seq, sender_id, sender_seq,
               client_msg_id, digest, kind, body, priority, created_us, low_count)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?)",
        )
        .unwrap();
    let mut insert_entry = connection
        .prepare(
            "INSERT INTO timeline (owner_id, seq, kind, conv_id, conv_seq, about_id, at_us, msg_id)
             VALUES (?, ?, 0, ?, ?, ?, ?, ?)",
        )
        .unwrap();
    let now = integer(NOW.get());
    let clock = SystemClock::start();
    let mut conv_head = BTreeMap::<(u64, u64), (i64, i64)>::new();
    let mut user_head = vec![0_i64; usize::try_from(USERS).unwrap()];
    let mut began = clock.now().uptime;
    let firsts = (0..FIRST)
        .step_by(1024)
        .map(|start| start..(start + 1024).min(FIRST));
    let timed = (FIRST..FIRST + count)
        .step_by(batch)
        .map(|start| start..(start + batch).min(FIRST + count));
    for range in firsts.chain(timed) {
        if range.start == FIRST {
            began = clock.now().uptime;
        }
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        for (n, send) in range.clone().zip(&sends[range]) {
            let (from, to) = pair(n);
            let key = (from.min(to), from.max(to));
            let (conv_seq, low_count) = conv_head.entry(key).or_default();
            *conv_seq += 1;
            *low_count += i64::from(from == key.0);
            let conv_id = integer(key.0 * USERS + key.1 + 1);
            let mut seq = |user: u64| {
                let head = &mut user_head[usize::try_from(user).unwrap()];
                *head += 1;
                *head
            };
            let (from_seq, to_seq) = (seq(from), seq(to));
            let (from, to) = (integer(from) + 1, integer(to) + 1);
            let msg_id = integer(n as u64) + 1;
            insert_message
                .execute(params![
                    msg_id,
                    conv_id,
                    *conv_seq,
                    from,
                    from_seq,
                    send.client_msg_id.as_str(),
                    send.digest.0,
                    send.kind.as_str(),
                    send.body.as_str(),
                    now,
                    *low_count,
                ])
                .unwrap();
            for (user, seq) in [(from, from_seq), (to, to_seq)] {
                insert_entry
                    .execute(params![user, seq, conv_id, *conv_seq, from, now, msg_id])
                    .unwrap();
            }
        }
        connection.execute_batch("COMMIT").unwrap();
    }
    rate(count, clock.now().uptime - began)
}

/// The relay's own schema and settings, made by the relay, then opened bare.
fn prepared(path: &Path) -> Connection {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { drop(opened(path, 1).await) });
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF;
             PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 8192;
             PRAGMA temp_store = MEMORY;",
        )
        .unwrap();
    connection
}

fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap()
}

fn median(rates: &mut [f64]) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
