//! What PostgreSQL alone can do: durable 1:1 sends a second, on a server of its own that syncs.
//!
//! `cargo bench -p seqline-relay --bench postgres` (options: `-- MESSAGES`, default 50,000).
//! The data goes to a temporary folder; set `TMPDIR` to choose the disk.

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark stops where something is wrong"
)]

#[expect(dead_code, reason = "tests stop and start it")]
#[path = "../tests/support/postgres/mod.rs"]
mod postgres_server;
#[path = "support/sends.rs"]
mod sends;

use seqline_relay::{
    clock::{Clock as _, SystemClock},
    entropy::SystemEntropy,
    store::{
        CommitRules, Op, Store,
        postgres::{PostgresSettings, PostgresStore},
    },
};

use postgres_server::Server;
use sends::{BATCHES, NOW, rate, send};

#[tokio::main]
async fn main() {
    let messages = std::env::args()
        .filter_map(|arg| arg.parse().ok())
        .next()
        .unwrap_or(50_000);
    let server = Server::start(true);
    println!("durable 1:1 sends a second: one message row and two timeline rows each, synced");
    println!("{:>6} {:>10}", "batch", "PostgreSQL");
    for batch in BATCHES {
        let count: usize = messages.min(batch * 500);
        let store = open(server.database().await).await;
        println!("{batch:>6} {:>10.0}", measure(&store, count, batch).await);
    }
}

async fn open(url: String) -> PostgresStore {
    let settings = PostgresSettings {
        read_url: None,
        url,
        readers: 1,
        partition_us: 3_600_000_000,
    };
    PostgresStore::open(&settings, CommitRules::default(), &SystemEntropy)
        .await
        .unwrap()
}

async fn measure(store: &PostgresStore, count: usize, batch: usize) -> f64 {
    let sends: Vec<Op> = (0..count).map(send).collect();
    let clock = SystemClock::start();
    let began = clock.now().uptime;
    for ops in sends.chunks(batch) {
        let commit = store.commit(ops.to_vec(), NOW).await.unwrap();
        assert!(commit.results.iter().all(Result::is_ok));
    }
    rate(count, clock.now().uptime - began)
}
