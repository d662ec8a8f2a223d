//! Whether publishing a broadcast costs the same however many users there are: ten against ten
//! million, by turns in the same run. And the poll by which a relay learns of it.
//!
//! `cargo bench -p seqline-relay --bench publish` (options: `-- USERS`, the larger number).
//! Needs about 1 GB in the temporary folder; set `TMPDIR` to choose the disk.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark stops where something is wrong"
)]

#[path = "support/sqlite.rs"]
mod sqlite;

use std::{path::Path, sync::Arc, time::Duration};

use rusqlite::Connection;
use seqline_protocol::{AppId, Kind, Micros, PubSeq, UserId};
use seqline_relay::{
    clock::{Clock as _, SystemClock},
    store::{
        Audience, BroadcastAction, BroadcastCommand, BroadcastContent, BroadcastDraft,
        BroadcastStore as _, sqlite::SqliteStore,
    },
};
use sqlite::opened;

const FEW: u64 = 10;
const MANY: u64 = 10_000_000;
const TURNS: usize = 100;

fn main() {
    let mut numbers = std::env::args().filter_map(|arg| arg.parse().ok());
    let many = numbers.next().unwrap_or(MANY);
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
        for _ in 0..TURNS {
            for store in &mut stores {
                store.publish().await;
            }
        }
        let [few, many] = stores.map(|mut store| {
            store.publishing.sort();
            store.polling.sort();
            let at = |times: &[Duration], share: usize| {
                times[times.len() * share / 100].as_secs_f64() * 1e6
            };
            println!(
                "{:>10} users: publishing takes {:.0} µs (median), {:.0} µs (p90); the poll after it {:.0} µs",
                store.users,
                at(&store.publishing, 50),
                at(&store.publishing, 90),
                at(&store.polling, 50),
            );
            at(&store.publishing, 50)
        });
        println!("ratio {:.2}", many / few);
    });
}

struct Filled {
    store: SqliteStore,
    clock: Arc<SystemClock>,
    users: u64,
    seen: PubSeq,
    publishing: Vec<Duration>,
    polling: Vec<Duration>,
}

impl Filled {
    async fn new(path: &Path, users: u64) -> Self {
        // Once for the tables, and once more for what is in them.
        drop(opened(path, 2).await);
        eprintln!("{users} users");
        let database = Connection::open(path).unwrap();
        database
            .execute(
                "WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number \
                 WHERE n < ?1) INSERT INTO user (user_id, app_id, name, is_known) \
                 SELECT n, 1, 'user-' || n, 1 FROM number",
                [i64::try_from(users).unwrap()],
            )
            .unwrap();
        database.close().unwrap();
        Self {
            store: opened(path, 2).await,
            clock: Arc::new(SystemClock::start()),
            users,
            seen: PubSeq::ZERO,
            publishing: Vec::new(),
            polling: Vec::new(),
        }
    }

    /// Makes a draft, publishes it, learns of it, and takes it back, for there may be so many.
    async fn publish(&mut self) {
        let draft = BroadcastDraft {
            content: BroadcastContent {
                kind: Kind::text(),
                title: "News".to_owned(),
                body: "The office is closed on Friday.".to_owned(),
            },
            audience: Audience::default(),
            every_device: false,
        };
        let made = self.command(None, BroadcastAction::Create(Box::new(draft)));
        let of = made.await;
        let began = self.clock.now().uptime;
        let of = self.command(Some(of), BroadcastAction::Publish(None)).await;
        let published = self.clock.now().uptime;
        let changes = self.store.public_changes(self.seen).await.unwrap();
        let polled = self.clock.now().uptime;
        assert_eq!(changes.rows.len(), 1);
        self.command(Some(of), BroadcastAction::Recall).await;
        self.seen = self.store.public_changes(self.seen).await.unwrap().head;
        self.publishing.push(published - began);
        self.polling.push(polled - published);
    }

    async fn command(
        &self,
        of: Option<(seqline_protocol::BroadcastId, u32)>,
        action: BroadcastAction,
    ) -> (seqline_protocol::BroadcastId, u32) {
        let command = BroadcastCommand {
            app: AppId::new("app").unwrap(),
            operator: UserId::new("operator").unwrap(),
            of,
            action,
        };
        let now: Micros = self.clock.now().wall;
        let row = self.store.command(command, now).await.unwrap().unwrap();
        (row.id, row.revision)
    }
}
