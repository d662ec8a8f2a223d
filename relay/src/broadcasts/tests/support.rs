//! A mailbox on a store in memory, with the clock and the database's health in the test's hand.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::FutureExt as _;
use seqline_protocol::{
    AppId, Broadcast, BroadcastId, Epoch, Kind, Label, Micros, PubSeq, PublicPlace, UserId,
};

use crate::{
    account::Account,
    auth::Profile,
    broadcasts::{Page, PublicMailbox, PublicRules, Viewer},
    clock::{Clock, Now},
    counters::Counters,
    entropy::Entropy,
    store::{
        AllowListChange, Audience, AuditRow, BroadcastAction, BroadcastCommand, BroadcastContent,
        BroadcastDraft, BroadcastRefusal, BroadcastRow, BroadcastState, BroadcastStore,
        CommitRules, PublicChanges, ReachRow, Reading, Staging, StoreError, memory::MemoryStore,
    },
};

pub(crate) const START_S: u64 = 1_700_000_000;
/// Room for everything.
pub(crate) const ROOMY: usize = 60_000;

/// Time that passes only when a test says so.
#[derive(Debug, Default)]
pub(crate) struct HandClock(AtomicU64);

impl HandClock {
    pub(crate) fn pass_s(&self, s: u64) {
        self.0.fetch_add(s, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Now {
        let s = self.0.load(Ordering::SeqCst);
        Now {
            wall: Micros::new((START_S + s) * 1_000_000).unwrap(),
            uptime: Duration::from_secs(s),
        }
    }
}

/// Randomness that is none.
#[derive(Debug)]
pub(crate) struct Zeroes;

impl Entropy for Zeroes {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(0);
    }
}

/// A store whose polls can be made to fail, and are counted.
pub(crate) struct Database {
    pub(crate) memory: MemoryStore,
    pub(crate) is_down: AtomicBool,
    /// What a restore from a backup leaves, in place of what there is.
    pub(crate) restored: Mutex<Option<PublicChanges>>,
    pub(crate) polls: AtomicU64,
}

impl BroadcastStore for Database {
    fn command(
        &self,
        command: BroadcastCommand,
        now: Micros,
    ) -> Reading<'_, Result<BroadcastRow, BroadcastRefusal>> {
        self.memory.command(command, now)
    }

    fn broadcast<'a>(
        &'a self,
        app: &'a AppId,
        id: BroadcastId,
    ) -> Reading<'a, Option<BroadcastRow>> {
        self.memory.broadcast(app, id)
    }

    fn broadcasts<'a>(
        &'a self,
        app: &'a AppId,
        before: Option<BroadcastId>,
        states: &'a [BroadcastState],
        limit: usize,
    ) -> Reading<'a, Vec<BroadcastRow>> {
        self.memory.broadcasts(app, before, states, limit)
    }

    fn audit<'a>(
        &'a self,
        app: &'a AppId,
        broadcast: Option<BroadcastId>,
        before: Option<u64>,
        limit: usize,
    ) -> Reading<'a, Vec<AuditRow>> {
        self.memory.audit(app, broadcast, before, limit)
    }

    fn allow_list<'a>(&'a self, app: &'a AppId) -> Reading<'a, BTreeSet<UserId>> {
        self.memory.allow_list(app)
    }

    fn change_allow_list<'a>(
        &'a self,
        app: &'a AppId,
        operator: &'a UserId,
        change: AllowListChange,
        now: Micros,
    ) -> Reading<'a, Result<BTreeSet<UserId>, usize>> {
        self.memory.change_allow_list(app, operator, change, now)
    }

    fn public_changes(&self, after: PubSeq) -> Reading<'_, PublicChanges> {
        self.polls.fetch_add(1, Ordering::SeqCst);
        if self.is_down.load(Ordering::SeqCst) {
            let error = StoreError::Failed("down".to_owned());
            return Box::pin(async { Err(error) });
        }
        if let Some(changes) = self.restored.lock().unwrap().clone() {
            return Box::pin(async { Ok(changes) });
        }
        self.memory.public_changes(after)
    }

    fn age_broadcasts(&self, before: Micros) -> Reading<'_, bool> {
        self.memory.age_broadcasts(before)
    }

    fn put_reach(&self, rows: Vec<ReachRow>) -> Reading<'_, ()> {
        self.memory.put_reach(rows)
    }

    fn reach<'a>(&'a self, app: &'a AppId, id: BroadcastId) -> Reading<'a, Vec<ReachRow>> {
        self.memory.reach(app, id)
    }
}

/// The mailbox, and the operator who fills it.
pub(crate) struct Office {
    pub(crate) database: Arc<Database>,
    pub(crate) clock: Arc<HandClock>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) mailbox: Arc<PublicMailbox>,
}

pub(crate) fn app() -> AppId {
    AppId::new("app").unwrap()
}

pub(crate) fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

pub(crate) fn label(text: &str) -> Label {
    Label::new(text).unwrap()
}

pub(crate) fn at_s(s: u64) -> Micros {
    Micros::new((START_S + s) * 1_000_000).unwrap()
}

/// A user of the app on her phone, version 4.2.
pub(crate) fn viewer(name: &str) -> Viewer {
    viewer_with(name, Profile::default(), "4.2")
}

pub(crate) fn viewer_with(name: &str, profile: Profile, app_version: &str) -> Viewer {
    let account = Account {
        app: app(),
        user: user(name),
    };
    let version = Some(app_version.to_owned());
    Viewer::new(
        Arc::new(account),
        profile,
        label("phone"),
        version,
        Duration::ZERO,
    )
}

pub(crate) fn segments(names: &[&str]) -> Profile {
    Profile {
        segments: names.iter().map(|name| label(name)).collect(),
        ..Profile::default()
    }
}

pub(crate) fn draft(body: &str, audience: Audience) -> BroadcastDraft {
    BroadcastDraft {
        content: BroadcastContent {
            kind: Kind::text(),
            title: "News".to_owned(),
            body: body.to_owned(),
        },
        audience,
        every_device: false,
    }
}

pub(crate) fn everyone() -> Audience {
    Audience::default()
}

impl Office {
    pub(crate) fn open() -> Self {
        Self::open_with(|mailbox| mailbox)
    }

    pub(crate) fn open_with(with: impl FnOnce(PublicMailbox) -> PublicMailbox) -> Self {
        let database = Arc::new(Database {
            memory: MemoryStore::new(CommitRules::default(), Epoch::saturating(1)),
            is_down: AtomicBool::new(false),
            restored: Mutex::default(),
            polls: AtomicU64::new(0),
        });
        let clock = Arc::new(HandClock::default());
        let counters = Arc::new(Counters::default());
        let mailbox = PublicMailbox::new(
            Arc::clone(&database) as Arc<dyn BroadcastStore>,
            Arc::clone(&clock) as Arc<dyn Clock>,
            Arc::new(Zeroes),
            Arc::clone(&counters),
            PublicRules::default(),
        );
        let office = Self {
            database,
            clock,
            counters,
            mailbox: Arc::new(with(mailbox)),
        };
        office.poll();
        // Whoever looks now came before the next poll.
        office.clock.pass_s(1);
        office.poll();
        office
    }

    pub(crate) fn poll(&self) {
        self.mailbox.refresh().now_or_never().unwrap();
    }

    pub(crate) fn now(&self) -> Micros {
        self.clock.now().wall
    }

    /// A command, and a poll.
    pub(crate) fn act(&self, row: &BroadcastRow, action: BroadcastAction) -> BroadcastRow {
        let row = self.try_act(Some((row.id, row.revision)), action).unwrap();
        self.poll();
        row
    }

    pub(crate) fn try_act(
        &self,
        of: Option<(BroadcastId, u32)>,
        action: BroadcastAction,
    ) -> Result<BroadcastRow, BroadcastRefusal> {
        let command = BroadcastCommand {
            app: app(),
            operator: user("olga"),
            of,
            action,
        };
        let done = self.database.command(command, self.now());
        done.now_or_never().unwrap().unwrap()
    }

    pub(crate) fn create(&self, body: &str, audience: Audience) -> BroadcastRow {
        let draft = Box::new(draft(body, audience));
        self.try_act(None, BroadcastAction::Create(draft)).unwrap()
    }

    pub(crate) fn edit(&self, row: &BroadcastRow, body: &str, audience: Audience) -> BroadcastRow {
        self.act(row, BroadcastAction::Edit(Box::new(draft(body, audience))))
    }

    pub(crate) fn publish(&self, body: &str, audience: Audience) -> BroadcastRow {
        let row = self.create(body, audience);
        self.act(&row, BroadcastAction::Publish(None))
    }

    pub(crate) fn stage(&self, row: &BroadcastRow, allow_list: bool, percent: u8) -> BroadcastRow {
        let staging = Staging {
            allow_list,
            percent,
        };
        self.act(row, BroadcastAction::Stage(staging))
    }

    pub(crate) fn allow(&self, names: &[&str]) {
        let users = names.iter().map(|name| user(name)).collect();
        let change = AllowListChange::Replace(users);
        let (app, olga) = (app(), user("olga"));
        let done = self
            .database
            .change_allow_list(&app, &olga, change, self.now());
        done.now_or_never().unwrap().unwrap().unwrap();
        self.poll();
    }

    /// Forgets what was over before now.
    pub(crate) fn age(&self) {
        let now = self.now();
        while self
            .database
            .age_broadcasts(now)
            .now_or_never()
            .unwrap()
            .unwrap()
        {}
        self.poll();
    }

    pub(crate) fn page(&self, viewer: &Viewer, place: &PublicPlace) -> Page {
        self.mailbox.page(viewer, place, ROOMY, self.now())
    }

    /// The bodies that a user sees.
    pub(crate) fn visible(&self, viewer: &Viewer) -> Vec<String> {
        let visible = self.mailbox.visible(viewer, self.now());
        visible.into_iter().map(|one| one.body).collect()
    }
}

/// A device that keeps what it is told.
#[derive(Debug, Default)]
pub(crate) struct Device {
    pub(crate) place: PublicPlace,
    pub(crate) held: BTreeMap<BroadcastId, Broadcast>,
    pub(crate) pages: usize,
}

impl Device {
    /// One page, with so much room for news.
    pub(crate) fn pull_page(&mut self, office: &Office, viewer: &Viewer, bytes_max: usize) -> bool {
        let page = office
            .mailbox
            .page(viewer, &self.place, bytes_max, office.now());
        let page = page.to_protocol();
        self.pages += 1;
        let news = page.news.unwrap_or_default();
        if let Some(ids) = &news.held {
            self.held.retain(|id, _| ids.contains(id));
        }
        for change in news.changes {
            match change.broadcast {
                Some(broadcast) => self.held.insert(change.id, broadcast),
                None => self.held.remove(&change.id),
            };
        }
        self.place = PublicPlace {
            after: page.cursor,
            view: Some(page.view),
        };
        page.cursor < page.head
    }

    /// Until there is no more.
    pub(crate) fn pull_with(&mut self, office: &Office, viewer: &Viewer, bytes_max: usize) {
        for _ in 0..1000 {
            if !self.pull_page(office, viewer, bytes_max) {
                return;
            }
        }
        panic!("pulls without end from {:?}", self.place);
    }

    pub(crate) fn pull(&mut self, office: &Office, viewer: &Viewer) -> Vec<&str> {
        self.pull_with(office, viewer, ROOMY);
        self.bodies()
    }

    pub(crate) fn bodies(&self) -> Vec<&str> {
        self.held.values().map(|one| one.body.as_str()).collect()
    }
}
