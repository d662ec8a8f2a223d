//! Group commit: what becomes one batch, and what a failed commit takes with it.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use seqline_protocol::{
    AppId, BroadcastId, ClientMsgId, ConvId, ConvSeq, DeviceId, ErrorCode, Label, Micros, MsgId,
    PubSeq, Seq, UserId,
};
use seqline_relay::{
    account::Account,
    clock::SystemClock,
    counters::Counters,
    hub::{Hub, WakeUp},
    limits::{BATCH_BYTES_MAX, BATCH_OPS_MAX, WRITER_QUEUE_MAX},
    mailbox::Mailbox,
    session::{DevicePolicy, Event},
    store::{
        AllowListChange, AuditRow, BroadcastCommand, BroadcastRefusal, BroadcastRow,
        BroadcastState, BroadcastStore, Commit, Conversations, ConversationsQuery, DeviceRow, Done,
        Found, Group, GroupQuery, HistoryPage, HistoryQuery, Hook, HookId, Member, MembersQuery,
        Op, Page, PageQuery, Position, PublicChanges, ReachRow, Reading, Receipts, ReceiptsQuery,
        SearchQuery, Send, Sent, SentAs, Store, StoreError, TimelineAppend, UserState,
    },
    traces::{Told, Traces},
    writer::{Full, Lane, Writer, WriterQueue},
};
use tokio::sync::Semaphore;

/// What has to look at a damaged page.
const DAMAGED: &str = "damaged";

/// A store whose commits wait to be let through.
struct Gate {
    permits: Semaphore,
    begun: Semaphore,
    fails: AtomicBool,
    batches: Mutex<Vec<Vec<String>>>,
}

impl Store for Gate {
    fn commit(&self, ops: Vec<Op>, now: Micros) -> Reading<'_, Commit> {
        Box::pin(async move {
            let ids = ops.iter().map(id_of).collect();
            self.batches.lock().unwrap().push(ids);
            self.begun.add_permits(1);
            self.permits.acquire().await.unwrap().forget();
            if self.fails.swap(false, Ordering::SeqCst) {
                return Err(StoreError::Failed("disk full".to_owned()));
            }
            if ops.iter().any(|op| id_of(op) == DAMAGED) {
                return Err(StoreError::Corrupt("a page".to_owned()));
            }
            let sent = Sent {
                msg_id: MsgId::ZERO,
                conv_seq: ConvSeq::ZERO,
                seq: Seq::ZERO,
                created: now,
                duplicate: false,
            };
            Ok(Commit {
                results: ops.iter().map(|_| Ok(Done::Sent(sent.clone()))).collect(),
                appends: Vec::new(),
            })
        })
    }

    fn sent_as<'a>(&'a self, _: &'a Account, _: &'a [ClientMsgId]) -> Reading<'a, Vec<SentAs>> {
        unreachable!()
    }

    fn position<'a>(&'a self, _: &'a Account) -> Reading<'a, Position> {
        unreachable!()
    }

    fn page(&self, _: PageQuery) -> Reading<'_, Page> {
        unreachable!()
    }

    fn history(&self, _: HistoryQuery) -> Reading<'_, Option<HistoryPage>> {
        unreachable!()
    }

    fn conversations(&self, _: ConversationsQuery) -> Reading<'_, Conversations> {
        unreachable!()
    }

    fn group(&self, _: GroupQuery) -> Reading<'_, Option<Group>> {
        unreachable!()
    }

    fn members(&self, _: MembersQuery) -> Reading<'_, Option<Vec<Member>>> {
        unreachable!()
    }

    fn receipts(&self, _: ReceiptsQuery) -> Reading<'_, Option<Receipts>> {
        unreachable!()
    }

    fn search(&self, _: SearchQuery) -> Reading<'_, Found> {
        unreachable!()
    }

    fn devices<'a>(&'a self, _: &'a Account) -> Reading<'a, Vec<DeviceRow>> {
        unreachable!()
    }

    fn users<'a>(&'a self, _: &'a AppId, _: &'a [UserId]) -> Reading<'a, Vec<UserState>> {
        unreachable!()
    }

    fn age(&self, _: Micros) -> Reading<'_, bool> {
        unreachable!()
    }

    fn index(&self) -> Reading<'_, bool> {
        unreachable!()
    }

    fn hooks<'a>(&'a self, _: &'a AppId, _: usize, _: Micros) -> Reading<'a, Vec<Hook>> {
        unreachable!()
    }

    fn hooks_done(&self, _: Vec<HookId>) -> Reading<'_, ()> {
        unreachable!()
    }

    fn hook_failed(&self, _: HookId, _: Micros) -> Reading<'_, ()> {
        unreachable!()
    }

    fn ping(&self) -> Reading<'_, ()> {
        unreachable!()
    }
}

impl BroadcastStore for Gate {
    fn command(
        &self,
        _: BroadcastCommand,
        _: Micros,
    ) -> Reading<'_, Result<BroadcastRow, BroadcastRefusal>> {
        unreachable!()
    }

    fn broadcast<'a>(&'a self, _: &'a AppId, _: BroadcastId) -> Reading<'a, Option<BroadcastRow>> {
        unreachable!()
    }

    fn broadcasts<'a>(
        &'a self,
        _: &'a AppId,
        _: Option<BroadcastId>,
        _: &'a [BroadcastState],
        _: usize,
    ) -> Reading<'a, Vec<BroadcastRow>> {
        unreachable!()
    }

    fn audit<'a>(
        &'a self,
        _: &'a AppId,
        _: Option<BroadcastId>,
        _: Option<u64>,
        _: usize,
    ) -> Reading<'a, Vec<AuditRow>> {
        unreachable!()
    }

    fn allow_list<'a>(&'a self, _: &'a AppId) -> Reading<'a, BTreeSet<UserId>> {
        unreachable!()
    }

    fn change_allow_list<'a>(
        &'a self,
        _: &'a AppId,
        _: &'a UserId,
        _: AllowListChange,
        _: Micros,
    ) -> Reading<'a, Result<BTreeSet<UserId>, usize>> {
        unreachable!()
    }

    fn public_changes(&self, _: PubSeq) -> Reading<'_, PublicChanges> {
        unreachable!()
    }

    fn age_broadcasts(&self, _: Micros) -> Reading<'_, bool> {
        unreachable!()
    }

    fn put_reach(&self, _: Vec<ReachRow>) -> Reading<'_, ()> {
        unreachable!()
    }

    fn reach<'a>(&'a self, _: &'a AppId, _: BroadcastId) -> Reading<'a, Vec<ReachRow>> {
        unreachable!()
    }
}

struct NoOne;

impl WakeUp for NoOne {
    fn committed(&self, _: &[TimelineAppend], _: &Told) {}
}

fn id_of(op: &Op) -> String {
    match op {
        Op::Send(send) => send.client_msg_id.to_string(),
        other => panic!("{other:?}"),
    }
}

fn send(id: &str, bytes: usize) -> Op {
    let user = UserId::new("alice").unwrap();
    let conv = ConvId::direct(&user, &user);
    let from = Arc::new(Account {
        app: AppId::new("app").unwrap(),
        user,
    });
    let id = ClientMsgId::new(id).unwrap();
    Op::Send(Send::text(from, conv, id, "x".repeat(bytes)))
}

struct Desk {
    gate: Arc<Gate>,
    queue: WriterQueue,
    writer: tokio::task::JoinHandle<()>,
    counters: Arc<Counters>,
}

impl Desk {
    fn new() -> Self {
        let gate = Arc::new(Gate {
            permits: Semaphore::new(0),
            begun: Semaphore::new(0),
            fails: AtomicBool::new(false),
            batches: Mutex::default(),
        });
        let counters = Arc::new(Counters::default());
        let (queue, writer) = Writer::new(
            Arc::clone(&gate) as Arc<dyn Store>,
            Arc::new(NoOne),
            Arc::new(SystemClock::start()),
            Arc::clone(&counters),
            Traces::default(),
        );
        Self {
            gate,
            queue,
            writer: tokio::spawn(writer.run()),
            counters,
        }
    }

    /// Waits until the writer is in a commit.
    async fn commit_begun(&self) {
        self.gate.begun.acquire().await.unwrap().forget();
    }

    /// Lets everything through, and gives what the batches were.
    async fn finish(self) -> Vec<Vec<String>> {
        self.gate.permits.add_permits(1_000_000);
        drop(self.queue);
        self.writer.await.unwrap();
        let batches = self.gate.batches.lock().unwrap();
        batches.clone()
    }
}

fn lane() -> (Arc<Lane>, Arc<Mailbox>) {
    let mailbox = Arc::new(Mailbox::default());
    (Lane::new(Arc::clone(&mailbox)), mailbox)
}

/// Whether each operation was stored.
fn outcomes(mailbox: &Mailbox) -> Vec<bool> {
    let results = mailbox.take().into_iter().map(|mail| match mail {
        Event::Committed(result) => result.is_ok(),
        other => panic!("{other:?}"),
    });
    results.collect()
}

#[tokio::test]
async fn what_waits_during_a_commit_is_the_next_batch() {
    let desk = Desk::new();
    let (lane, mailbox) = lane();
    desk.queue.try_submit(send("a", 1), &lane).unwrap();
    desk.commit_begun().await;
    for id in ["b", "c", "d"] {
        desk.queue.try_submit(send(id, 1), &lane).unwrap();
    }
    let counters = Arc::clone(&desk.counters);
    assert_eq!(desk.finish().await, [vec!["a"], vec!["b", "c", "d"]]);
    assert_eq!(outcomes(&mailbox), [true; 4]);
    assert_eq!((counters.commits.get(), counters.batches.sum()), (2, 4));
}

#[tokio::test]
async fn a_failed_commit_fails_what_waits_of_the_same_sessions_and_no_other() {
    let desk = Desk::new();
    let ((one, mail_one), (other, mail_other)) = (lane(), lane());
    desk.queue.try_submit(send("one-1", 1), &one).unwrap();
    desk.commit_begun().await;
    desk.queue.try_submit(send("one-2", 1), &one).unwrap();
    desk.queue.try_submit(send("other-1", 1), &other).unwrap();
    desk.queue.try_submit(send("one-3", 1), &one).unwrap();
    desk.gate.fails.store(true, Ordering::SeqCst);
    let counters = Arc::clone(&desk.counters);
    assert_eq!(desk.finish().await, [vec!["one-1"], vec!["other-1"]]);
    assert_eq!(outcomes(&mail_one), [false; 3]);
    assert_eq!(outcomes(&mail_other), [true]);
    assert_eq!(counters.commits_failed.get(), 1);
}

#[tokio::test]
async fn nothing_is_stored_of_a_session_once_its_device_has_connected_again() {
    let desk = Desk::new();
    let hub = Arc::new(Hub::default());
    let user = UserId::new("alice").unwrap();
    let account = Arc::new(Account {
        app: AppId::new("app").unwrap(),
        user,
    });
    let connect = |device: &str| {
        let mut membership = hub.join();
        let device = DeviceId::new(device).unwrap();
        let platform = Label::new("web").unwrap();
        membership.list(Arc::clone(&account), device, platform, DevicePolicy::Any);
        let lane = Lane::new(Arc::clone(membership.mailbox()));
        (membership, lane)
    };
    let (_earlier, earlier) = connect("phone");
    let (_other, other) = connect("tablet");
    desk.queue.try_submit(send("a", 1), &earlier).unwrap();
    desk.commit_begun().await;
    desk.queue.try_submit(send("b", 1), &earlier).unwrap();
    let (_later, later) = connect("phone");
    desk.queue.try_submit(send("c", 1), &later).unwrap();
    desk.queue.try_submit(send("d", 1), &earlier).unwrap();
    desk.queue.try_submit(send("e", 1), &other).unwrap();
    assert_eq!(desk.finish().await, [vec!["a"], vec!["c", "e"]]);
}

#[tokio::test]
async fn what_is_damaged_is_refused_alone_once_there_was_any() {
    let desk = Desk::new();
    let (one, mail_one) = lane();
    desk.queue.try_submit(send("first", 1), &one).unwrap();
    desk.commit_begun().await;
    desk.queue.try_submit(send(DAMAGED, 1), &one).unwrap();
    desk.gate.permits.add_permits(2);
    desk.commit_begun().await;
    // Refused like what may not be done: its session goes on.
    let (other, mail_other) = lane();
    desk.queue.try_submit(send("gate", 1), &one).unwrap();
    desk.commit_begun().await;
    for id in ["a", "b", "c"] {
        desk.queue.try_submit(send(id, 1), &other).unwrap();
    }
    desk.queue.try_submit(send(DAMAGED, 1), &one).unwrap();
    desk.queue.try_submit(send("d", 1), &one).unwrap();
    let batches = desk.finish().await;
    assert_eq!(batches.last().unwrap(), &["d"]);
    assert_eq!(batches[3], ["a", "b", "c", DAMAGED, "d"]);
    assert_eq!(outcomes(&mail_other), [true; 3]);
    assert_eq!(outcomes(&mail_one), [true, false, true, false, true]);
}

#[tokio::test]
async fn until_then_the_batch_comes_again() {
    let desk = Desk::new();
    let ((one, mail_one), (other, mail_other)) = (lane(), lane());
    desk.queue.try_submit(send("first", 1), &one).unwrap();
    desk.commit_begun().await;
    desk.queue.try_submit(send(DAMAGED, 1), &one).unwrap();
    desk.queue.try_submit(send("a", 1), &other).unwrap();
    desk.finish().await;
    let mails = mail_one.take().into_iter().chain(mail_other.take());
    let codes: Vec<_> = mails
        .filter_map(|mail| match mail {
            Event::Committed(Err(error)) => Some(error.code()),
            _ => None,
        })
        .collect();
    assert_eq!(codes, [ErrorCode::StorageUnavailable; 2], "sent again");
}

#[tokio::test]
async fn batches_are_bounded_in_operations_and_bytes() {
    let desk = Desk::new();
    let (lane, mailbox) = lane();
    desk.queue.try_submit(send("first", 1), &lane).unwrap();
    desk.commit_begun().await;
    for n in 0..BATCH_OPS_MAX + 1 {
        desk.queue
            .try_submit(send(&format!("m{n}"), 1), &lane)
            .unwrap();
    }
    for id in ["x", "y", "z"] {
        desk.queue
            .try_submit(send(id, BATCH_BYTES_MAX / 2), &lane)
            .unwrap();
    }
    let batches = desk.finish().await;
    let sizes: Vec<_> = batches.iter().map(Vec::len).collect();
    assert_eq!(sizes, [1, BATCH_OPS_MAX, 2, 2], "m…, x; y, z");
    let order: Vec<_> = batches.concat();
    assert_eq!(order.len(), BATCH_OPS_MAX + 5);
    assert_eq!(order.last().unwrap(), "z");
    assert_eq!(outcomes(&mailbox).len(), order.len());
}

#[tokio::test]
async fn a_full_queue_makes_one_wait() {
    let desk = Desk::new();
    let (lane, mailbox) = lane();
    desk.queue.try_submit(send("first", 1), &lane).unwrap();
    desk.commit_begun().await;
    for n in 0..WRITER_QUEUE_MAX {
        desk.queue
            .try_submit(send(&format!("m{n}"), 0), &lane)
            .unwrap();
    }
    let refused = desk.queue.try_submit(send("last", 0), &lane);
    let Err(Full::Full(op)) = refused else {
        panic!("{refused:?}")
    };
    let queue = desk.queue.clone();
    let waiting = tokio::spawn(async move { queue.submit(op, lane).await });
    let batches = desk.finish();
    assert_eq!(batches.await.concat().last().unwrap(), "last");
    assert!(waiting.await.unwrap());
    assert_eq!(outcomes(&mailbox).len(), WRITER_QUEUE_MAX + 2);
}

#[tokio::test]
async fn who_waits_for_one_operation_is_told_of_it() {
    let desk = Desk::new();
    let (lane, mailbox) = lane();
    desk.queue.try_submit(send("first", 1), &lane).unwrap();
    desk.commit_begun().await;
    let queue = desk.queue.clone();
    let waiting = tokio::spawn(async move { queue.commit(send("one", 1)).await });
    desk.gate.fails.store(true, Ordering::SeqCst);
    desk.gate.permits.add_permits(1);
    desk.commit_begun().await;
    assert_eq!(outcomes(&mailbox), [false]);
    assert_eq!(desk.finish().await, [vec!["first"], vec!["one"]]);
    let done = waiting.await.unwrap();
    assert!(
        done.is_ok(),
        "another session's failure is not its own: {done:?}"
    );
}

#[tokio::test]
async fn operations_for_themselves_fail_only_with_their_own_commit() {
    let desk = Desk::new();
    let (queue, both) = (desk.queue.clone(), desk.queue.clone());
    let failing = tokio::spawn(async move { queue.commit(send("failing", 1)).await });
    desk.commit_begun().await;
    let ops = vec![send("a", BATCH_BYTES_MAX), send("b", 1)];
    let each = tokio::spawn(async move { both.commit_each(ops).await });
    desk.gate.fails.store(true, Ordering::SeqCst);
    desk.gate.permits.add_permits(1);
    desk.commit_begun().await;
    assert!(failing.await.unwrap().is_err());
    desk.gate.fails.store(true, Ordering::SeqCst);
    let batches = desk.finish().await;
    assert_eq!(batches, [vec!["failing"], vec!["a"], vec!["b"]]);
    let each = each.await.unwrap();
    assert!(each[0].is_err() && each[1].is_ok(), "{each:?}");
}

#[tokio::test]
async fn what_no_one_waits_for_any_more_is_committed_all_the_same() {
    let desk = Desk::new();
    let (lane, _mailbox) = lane();
    desk.queue.try_submit(send("first", 1), &lane).unwrap();
    desk.commit_begun().await;
    let queue = desk.queue.clone();
    let (asked, has_asked) = tokio::sync::oneshot::channel();
    let waiting = tokio::spawn(async move {
        let mut commit = Box::pin(queue.commit(send("left", 1)));
        // Queued by the first look at it.
        assert!(futures_util::poll!(&mut commit).is_pending());
        asked.send(()).unwrap();
    });
    has_asked.await.unwrap();
    waiting.await.unwrap();
    assert_eq!(desk.finish().await, [vec!["first"], vec!["left"]]);
}
