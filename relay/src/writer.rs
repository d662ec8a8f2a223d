//! Group commit without a timer: one task commits whatever queued while it was busy
//! with the commit before.
//!
//! The queue is bounded: who finds it full waits. If a commit fails, all its operations
//! fail, and so does everything that waits of the same sessions: a later message of a
//! session must not be stored before an earlier one that its client will send again.
//!
//! Nothing is committed of a session that was ended from elsewhere. A device that connects
//! again ends its earlier session, so what that one still has on its way cannot be stored
//! after what the device sends now. The writer is the one place where this has no gap: all
//! that it takes after a message of the new session was queued after the old one was ended.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use futures_util::future::join_all;
use tokio::sync::{mpsc, oneshot};

use crate::{
    clock::Clock,
    counters::Counters,
    hub::WakeUp,
    limits::{BATCH_BYTES_MAX, BATCH_OPS_MAX, WRITER_QUEUE_MAX},
    mailbox::Mailbox,
    store::{Commit, Op, OpResult, Store, StoreError},
};

/// Takes operations in.
#[derive(Clone)]
pub struct WriterQueue(mpsc::Sender<Job>);

/// The operations of one session, which stand or fall in their order.
pub struct Lane {
    mailbox: Arc<Mailbox>,
    is_broken: AtomicBool,
}

struct Job {
    op: Op,
    reply: Reply,
}

/// Where an operation's result goes.
enum Reply {
    /// To a session, together with those of its other operations.
    Lane(Arc<Lane>),
    /// To whoever waits for this one alone: it follows nothing, and nothing follows it.
    Once(oneshot::Sender<Result<OpResult, StoreError>>),
}

/// Why an operation cannot be queued now.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "moved back only where the queue is full"
)]
pub enum Full {
    /// Wait for room with [`WriterQueue::submit`].
    Full(Op),
    /// The writer has ended.
    Closed,
}

impl Lane {
    /// A lane whose results go to this mailbox.
    #[must_use]
    pub fn new(mailbox: Arc<Mailbox>) -> Arc<Self> {
        Arc::new(Self {
            mailbox,
            is_broken: AtomicBool::new(false),
        })
    }
}

impl WriterQueue {
    /// Queues an operation if there is room.
    ///
    /// # Errors
    /// [`Full`] gives it back.
    #[expect(
        clippy::result_large_err,
        reason = "moved back only where the queue is full"
    )]
    pub fn try_submit(&self, op: Op, lane: &Arc<Lane>) -> Result<(), Full> {
        let reply = Reply::Lane(Arc::clone(lane));
        self.0
            .try_send(Job { op, reply })
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(job) => Full::Full(job.op),
                mpsc::error::TrySendError::Closed(_) => Full::Closed,
            })
    }

    /// Queues an operation once there is room. False if the writer has ended.
    pub async fn submit(&self, op: Op, lane: Arc<Lane>) -> bool {
        let reply = Reply::Lane(lane);
        self.0.send(Job { op, reply }).await.is_ok()
    }

    /// Commits one operation by itself, and waits for what becomes of it. It is committed
    /// all the same if no one waits any more.
    ///
    /// # Errors
    /// [`StoreError`] if storage failed; nothing was done.
    pub async fn commit(&self, op: Op) -> Result<OpResult, StoreError> {
        let result = self.enqueue(op).await;
        received(result).await
    }

    /// Commits operations that do not depend on each other, in their order, and waits for
    /// what becomes of each. A failing commit takes only those with it that were part of it.
    pub async fn commit_each(&self, ops: Vec<Op>) -> Vec<Result<OpResult, StoreError>> {
        let mut results = Vec::with_capacity(ops.len());
        for op in ops {
            results.push(self.enqueue(op).await);
        }
        join_all(results.into_iter().map(received)).await
    }

    async fn enqueue(&self, op: Op) -> oneshot::Receiver<Result<OpResult, StoreError>> {
        let (sender, result) = oneshot::channel();
        let reply = Reply::Once(sender);
        // If the writer has ended, the sender is dropped, and the receiver learns it.
        let _ = self.0.send(Job { op, reply }).await;
        result
    }
}

async fn received(
    result: oneshot::Receiver<Result<OpResult, StoreError>>,
) -> Result<OpResult, StoreError> {
    let ended = |_| StoreError::Failed("the writer has ended".to_owned());
    result.await.map_err(ended)?
}

impl Reply {
    fn send(self, result: Result<OpResult, StoreError>) {
        match self {
            Self::Lane(lane) => lane.mailbox.post_result(result),
            Self::Once(sender) => {
                let _ = sender.send(result);
            }
        }
    }

    fn is_broken(&self) -> bool {
        matches!(self, Self::Lane(lane) if lane.is_broken.load(Ordering::Relaxed) || lane.mailbox.is_ended())
    }
}

/// Commits what is queued, until every [`WriterQueue`] is dropped.
pub struct Writer {
    jobs: mpsc::Receiver<Job>,
    store: Arc<dyn Store>,
    wake_up: Arc<dyn WakeUp>,
    clock: Arc<dyn Clock>,
    counters: Arc<Counters>,
    /// Taken from the queue, and left over by the last batch's bounds.
    held: Option<Job>,
}

impl Writer {
    /// A writer and its queue.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        wake_up: Arc<dyn WakeUp>,
        clock: Arc<dyn Clock>,
        counters: Arc<Counters>,
    ) -> (WriterQueue, Self) {
        let (sender, jobs) = mpsc::channel(WRITER_QUEUE_MAX);
        let writer = Self {
            jobs,
            store,
            wake_up,
            clock,
            counters,
            held: None,
        };
        (WriterQueue(sender), writer)
    }

    /// Runs until every queue is dropped, and what they held is committed.
    pub async fn run(mut self) {
        while let Some(first) = self.next().await {
            let (ops, replies) = self.gather(first);
            if ops.is_empty() {
                continue;
            }
            let count = ops.len();
            match self.store.commit(ops, self.clock.now().wall).await {
                Ok(commit) => {
                    self.counters.commits.add(1);
                    self.counters.batches.observe(count);
                    let entries = commit.appends.iter().map(|append| append.items.len());
                    self.counters.entries.add(entries.sum());
                    self.tell(commit, replies);
                }
                Err(error) => {
                    self.counters.commits_failed.add(1);
                    tracing::error!(%error, operations = count, "a commit failed");
                    break_lanes(replies, &error);
                }
            }
        }
    }

    async fn next(&mut self) -> Option<Job> {
        match self.held.take() {
            Some(job) => Some(job),
            None => self.jobs.recv().await,
        }
    }

    /// The first one, and whatever else waits, within bounds.
    fn gather(&mut self, first: Job) -> (Vec<Op>, Vec<Reply>) {
        let mut ops = Vec::new();
        let mut replies = Vec::new();
        let mut bytes = 0;
        let mut next = Some(first);
        while let Some(job) = next {
            if job.reply.is_broken() {
                let error = StoreError::Failed(
                    "an earlier operation failed, or the session has ended".to_owned(),
                );
                job.reply.send(Err(error));
            } else {
                bytes += job.op.weight_bytes();
                if !ops.is_empty() && bytes > BATCH_BYTES_MAX {
                    self.held = Some(job);
                    break;
                }
                ops.push(job.op);
                replies.push(job.reply);
            }
            next = if ops.len() < BATCH_OPS_MAX {
                self.jobs.try_recv().ok()
            } else {
                None
            };
        }
        (ops, replies)
    }

    /// Answers first, so that a device learns that its message is stored before it gets it back.
    fn tell(&self, commit: Commit, replies: Vec<Reply>) {
        for (reply, result) in replies.into_iter().zip(commit.results) {
            reply.send(Ok(result));
        }
        self.wake_up.committed(&commit.appends);
    }
}

/// All of them before any is told, and before the next batch is gathered.
fn break_lanes(replies: Vec<Reply>, error: &StoreError) {
    for reply in &replies {
        if let Reply::Lane(lane) = reply {
            lane.is_broken.store(true, Ordering::Relaxed);
        }
    }
    for reply in replies {
        reply.send(Err(error.clone()));
    }
}
