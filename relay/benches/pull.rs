//! Whether a pull of 50 entries costs the same however much there is: ten thousand entries
//! in all timelines against ten million, asked by turns in the same run.
//!
//! `cargo bench -p seqline-relay --bench pull` (options: `-- ENTRIES`, the larger number).
//! Needs about 3 GB in the temporary folder; set `TMPDIR` to choose the disk.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark stops where something is wrong"
)]

#[path = "support/sqlite.rs"]
mod sqlite;

use std::{path::Path, sync::Arc, time::Duration};

use rusqlite::Connection;
use seqline_protocol::{AppId, Micros, Seq, UserId, limits::FRAME_BYTES_MAX};
use seqline_relay::{
    account::Account,
    clock::{Clock as _, SystemClock},
    limits::FRAME_HEADROOM_BYTES,
    store::{PageQuery, PageRange, Store as _, Timeline, sqlite::SqliteStore},
};
use sqlite::opened;

const FEW: u64 = 10_000;
const MANY: u64 = 10_000_000;
/// How long each user's timeline is.
const ENTRIES_PER_USER: u64 = 1_000;
const PULL_ENTRIES: u64 = 50;
/// Pulls of one turn, and turns.
const PULLS: u64 = 1_000;
const TURNS: u64 = 10;

fn main() {
    let many = std::env::args()
        .filter_map(|arg| arg.parse().ok())
        .next()
        .unwrap_or(MANY);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    runtime.block_on(async {
        let mut stores = [
            Filled::new(&folder.path().join("few.db"), FEW).await,
            Filled::new(&folder.path().join("many.db"), many).await,
        ];
        for turn in 0..TURNS {
            for store in &mut stores {
                store.pull(turn).await;
            }
        }
        let [few, many] = stores.map(|mut store| {
            store.times.sort();
            let at =
                |share: usize| store.times[store.times.len() * share / 100].as_secs_f64() * 1e6;
            println!(
                "{:>10} entries: a pull of {PULL_ENTRIES} takes {:.0} µs (median), {:.0} µs (p99)",
                store.entries,
                at(50),
                at(99),
            );
            at(50)
        });
        println!("ratio of the medians: {:.2}", many / few);
    });
}

struct Filled {
    store: SqliteStore,
    entries: u64,
    times: Vec<Duration>,
}

impl Filled {
    async fn new(path: &Path, entries: u64) -> Self {
        drop(opened(path, 1).await);
        fill(path, entries);
        Self {
            store: opened(path, 1).await,
            entries,
            times: Vec::new(),
        }
    }

    async fn pull(&mut self, turn: u64) {
        let clock = SystemClock::start();
        for n in 0..PULLS {
            let mixed = (turn * PULLS + n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
            let user = mixed % (self.entries / ENTRIES_PER_USER) + 1;
            let after = mixed / 7 % (ENTRIES_PER_USER - PULL_ENTRIES);
            let account = Arc::new(Account {
                app: AppId::new("bench").unwrap(),
                user: UserId::new(format!("user-{user:06}")).unwrap(),
            });
            let began = clock.now().uptime;
            let page = self
                .store
                .page(PageQuery {
                    timeline: Timeline::User(Arc::clone(&account)),
                    account,
                    range: PageRange::After(Seq::saturating(after)),
                    limit: usize::try_from(PULL_ENTRIES).unwrap(),
                    bytes_max: FRAME_BYTES_MAX - FRAME_HEADROOM_BYTES,
                    now: Micros::ZERO,
                })
                .await
                .unwrap();
            let took = clock.now().uptime - began;
            assert_eq!(page.entries.len() as u64, PULL_ENTRIES);
            assert_eq!(page.head.get(), ENTRIES_PER_USER);
            // The first turn fills caches.
            if turn > 0 {
                self.times.push(took);
            }
        }
    }
}

/// Pairs of users who have talked in turn, all pairs at the same time. Messages are written in
/// the order in which they lie, and indexes made after them, which takes minutes less.
fn fill(path: &Path, entries: u64) {
    let users = entries / ENTRIES_PER_USER;
    let (pairs, messages) = (users / 2, entries / 2);
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch(&format!(
            "PRAGMA synchronous = OFF;
             PRAGMA cache_size = -262144;
             BEGIN;
             DROP INDEX message_by_id;
             DROP INDEX message_by_client;
             INSERT INTO app (app_id, name) VALUES (1, 'bench');
             WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {users})
             INSERT INTO user (user_id, app_id, name, is_known)
             SELECT n, 1, printf('user-%06d', n), 1 FROM n;
             WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {pairs})
             INSERT INTO conversation (conv_id, app_id, name, state, members, low_id)
             SELECT n, 1, printf('dm:user-%06d:user-%06d', 2 * n - 1, 2 * n), 1, 2, 2 * n - 1
             FROM n;
             INSERT INTO member (conv_id, user_id)
             SELECT (user_id + 1) / 2, user_id FROM user;
             WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n + 1 < {messages})
             INSERT INTO message (msg_id, conv_id, conv_seq, sender_id, sender_seq, client_msg_id,
                                  digest, kind, body, priority, created_us, low_count)
             SELECT n % {ENTRIES_PER_USER} * {pairs} + n / {ENTRIES_PER_USER} + 1,
                    n / {ENTRIES_PER_USER} + 1, n % {ENTRIES_PER_USER} + 1,
                    2 * (n / {ENTRIES_PER_USER}) + 1 + n % {ENTRIES_PER_USER} % 2,
                    n % {ENTRIES_PER_USER} + 1, printf('m-%012d', n),
                    n, 'text', printf('%0100d', n), 1,
                    1700000000000000 + n % {ENTRIES_PER_USER} * {pairs},
                    n % {ENTRIES_PER_USER} / 2 + 1 FROM n;
             WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n + 1 < {entries})
             INSERT INTO timeline (owner_id, seq, kind, conv_id, conv_seq, about_id, at_us, msg_id)
             SELECT n / {ENTRIES_PER_USER} + 1, n % {ENTRIES_PER_USER} + 1, 0,
                    n / (2 * {ENTRIES_PER_USER}) + 1, n % {ENTRIES_PER_USER} + 1,
                    2 * (n / (2 * {ENTRIES_PER_USER})) + 1 + n % {ENTRIES_PER_USER} % 2,
                    1700000000000000 + n % {ENTRIES_PER_USER} * {pairs},
                    n % {ENTRIES_PER_USER} * {pairs} + n / (2 * {ENTRIES_PER_USER}) + 1 FROM n;
             CREATE UNIQUE INDEX message_by_id ON message (msg_id);
             CREATE UNIQUE INDEX message_by_client ON message (sender_id, client_msg_id);
             COMMIT;
             PRAGMA wal_checkpoint(TRUNCATE);"
        ))
        .unwrap();
}
