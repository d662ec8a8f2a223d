//! How fast messages are stored and read, by the relay's own store and writer.

use std::{sync::Arc, time::Duration};

use seqline_protocol::{AppId, ClientMsgId, ConvId, Seq, UserId};
use tokio::task::{JoinHandle, JoinSet};

use super::{super::Failure, times::Times};
use crate::{
    account::Account,
    clock::{Clock as _, SystemClock},
    counters::Counters,
    entropy::SystemEntropy,
    hub::Hub,
    store::{
        CommitRules, Database, Op, PageQuery, PageRange, Send, Store, StoreSettings, Timeline,
        sqlite::SqliteSettings,
    },
    traces::Traces,
    writer::{Writer, WriterQueue},
};

const USERS: usize = 1_000;
const BODY_BYTES: usize = 100;

/// Senders who wait for their message at the same time.
const SENDERS: usize = 256;

/// Devices that pull at the same time.
const READERS: usize = 16;
const PAGE_ENTRIES: usize = 50;
const PAGE_BYTES: usize = 256 * 1024;

/// Reading connections: the relay's default.
const CONNECTIONS: u32 = 4;

pub(super) struct Storage {
    store: Arc<dyn Store>,
    queue: WriterQueue,
    writer: JoinHandle<()>,
    counters: Arc<Counters>,
    users: Arc<Vec<Arc<Account>>>,
}

/// Messages that were stored together with others.
pub(super) struct Together {
    pub(super) sends: Times,
    pub(super) commits: u64,
}

impl Storage {
    pub(super) async fn open(database: &Database) -> Result<Self, Failure> {
        let settings = StoreSettings {
            read_url: None,
            readers: CONNECTIONS,
            sqlite_cache_mib: SqliteSettings::default().cache_mib,
            sync_ttl: Duration::from_secs(24 * 3600),
        };
        let rules = CommitRules::default();
        let store = database.open(settings, rules, &SystemEntropy).await?;
        let counters = Arc::new(Counters::default());
        let (queue, writer) = Writer::new(
            Arc::clone(&store),
            Arc::new(Hub::default()),
            Arc::new(SystemClock::start()),
            Arc::clone(&counters),
            Traces::default(),
        );
        let app = AppId::new("bench")?;
        let users = (0..USERS).map(|n| {
            let user = UserId::new(format!("user-{n:04}"))?;
            Ok::<_, Failure>(Arc::new(Account {
                app: app.clone(),
                user,
            }))
        });
        Ok(Self {
            users: Arc::new(users.collect::<Result<_, _>>()?),
            store,
            queue,
            writer: tokio::spawn(writer.run()),
            counters,
        })
    }

    /// Messages one after the other, each in a commit of its own.
    pub(super) async fn lone_commits(&self, time: Duration) -> Result<Times, Failure> {
        let users = Arc::clone(&self.users);
        Ok(send_until(self.queue.clone(), users, "lone".to_owned(), 0, time).await?)
    }

    /// Messages of many at once, who share commits.
    pub(super) async fn commits_together(&self, time: Duration) -> Result<Together, Failure> {
        let before = self.counters.commits.get();
        let mut senders = JoinSet::new();
        for n in 0..SENDERS {
            let (queue, users) = (self.queue.clone(), Arc::clone(&self.users));
            senders.spawn(send_until(queue, users, format!("s{n}"), n, time));
        }
        let mut sends = Times::default();
        while let Some(own) = senders.join_next().await {
            sends.append(own??);
        }
        let commits = self.counters.commits.get() - before;
        Ok(Together { sends, commits })
    }

    /// Pages of what was stored.
    pub(super) async fn pulls(&self, time: Duration) -> Result<Times, Failure> {
        let mut readers = JoinSet::new();
        for n in 0..READERS {
            let (store, users) = (Arc::clone(&self.store), Arc::clone(&self.users));
            readers.spawn(pull_until(store, users, n, time));
        }
        let mut pulls = Times::default();
        while let Some(own) = readers.join_next().await {
            pulls.append(own??);
        }
        Ok(pulls)
    }

    /// Lets go of the database.
    pub(super) async fn close(self) {
        drop(self.queue);
        let _ = self.writer.await;
    }
}

async fn send_until(
    queue: WriterQueue,
    users: Arc<Vec<Arc<Account>>>,
    name: String,
    first: usize,
    time: Duration,
) -> Result<Times, String> {
    let clock = SystemClock::start();
    let mut times = Times::default();
    for n in 0.. {
        let began = clock.now().uptime;
        if began >= time {
            break;
        }
        // Pairs that come round again, but not soon.
        let from = users.get((first + n * 7) % USERS).ok_or("no user")?;
        let to = users
            .get((first + n * 7 + 1 + n % 5) % USERS)
            .ok_or("no user")?;
        let op = message(from, to, &format!("{name}-{n}"))?;
        let stored = queue.commit(op).await.map_err(|error| error.to_string())?;
        stored.map_err(|refusal| refusal.to_string())?;
        times.add(clock.now().uptime.saturating_sub(began));
    }
    Ok(times)
}

fn message(from: &Arc<Account>, to: &Account, id: &str) -> Result<Op, String> {
    let conv = ConvId::direct(&from.user, &to.user);
    let id = ClientMsgId::new(id).map_err(|error| error.to_string())?;
    let body = "x".repeat(BODY_BYTES);
    Ok(Op::Send(Send::text(Arc::clone(from), conv, id, body)))
}

async fn pull_until(
    store: Arc<dyn Store>,
    users: Arc<Vec<Arc<Account>>>,
    first: usize,
    time: Duration,
) -> Result<Times, String> {
    let clock = SystemClock::start();
    let mut times = Times::default();
    for n in 0.. {
        let began = clock.now();
        if began.uptime >= time {
            break;
        }
        let account = users.get((first * 61 + n * 13) % USERS).ok_or("no user")?;
        let query = PageQuery {
            account: Arc::clone(account),
            timeline: Timeline::User(Arc::clone(account)),
            range: PageRange::After(Seq::ZERO),
            limit: PAGE_ENTRIES,
            bytes_max: PAGE_BYTES,
            now: began.wall,
        };
        store.page(query).await.map_err(|error| error.to_string())?;
        times.add(clock.now().uptime.saturating_sub(began.uptime));
    }
    Ok(times)
}
