//! Group commit without a timer: one task commits whatever queued while it was busy
//! with the commit before.
//!
//! The queue is bounded: who finds it full waits. If a commit fails, all its operations
//! fail, and so does everything that waits of the same sessions: a later message of a
//! session must not be stored before an earlier one that its client will send again. What
//! is only noted on the side (that a device came, what it received) takes nothing with it.
//!
//! Nothing is committed of a session that was ended from elsewhere. A device that connects
//! again ends its earlier session, so what that one still has on its way cannot be stored
//! after what the device sends now. The writer is the one place where this has no gap: all
//! that it takes after a message of the new session was queued after the old one was ended.

mod traced;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use futures_util::future::join_all;
use tokio::sync::{mpsc, oneshot};
use tracing::{Instrument as _, Span};

use crate::{
    account::Account,
    clock::Clock,
    counters::Counters,
    hub::WakeUp,
    limits::{BATCH_BYTES_MAX, BATCH_OPS_MAX, WRITER_QUEUE_MAX},
    mailbox::Mailbox,
    store::{Commit, Done, Op, OpResult, Store, StoreError},
    store_health::StoreHealth,
    traces::{Role, Told, TraceParent, TraceSpan, Traces},
};

/// Takes operations in.
#[derive(Clone)]
pub struct WriterQueue {
    jobs: mpsc::Sender<Job>,
    traces: Traces,
}

/// The operations of one session, which stand or fall in their order.
pub struct Lane {
    mailbox: Arc<Mailbox>,
    is_broken: AtomicBool,
}

struct Job {
    op: Op,
    reply: Reply,
}

/// An operation that is handed to the writer.
#[derive(Debug)]
pub struct Submission {
    /// What is to be stored.
    pub op: Op,
    /// What is traced of it.
    pub span: Option<TraceSpan>,
}

impl From<Op> for Submission {
    fn from(op: Op) -> Self {
        Self { op, span: None }
    }
}

/// Where an operation's result goes.
enum Reply {
    /// To a session, together with those of its other operations.
    Lane {
        lane: Arc<Lane>,
        /// Whether what follows it must not be stored without it.
        is_followed: bool,
        trace: Option<TraceSpan>,
    },
    /// To whoever waits for this one alone: it follows nothing, and nothing follows it.
    Once {
        sender: oneshot::Sender<Result<OpResult, StoreError>>,
        /// What it is part of, in the log.
        span: Span,
        trace: Option<TraceSpan>,
    },
}

/// Why an operation cannot be queued now.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "moved back only where the queue is full"
)]
pub enum Full {
    /// Wait for room with [`WriterQueue::submit`].
    Full(Submission),
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
    pub fn try_submit(&self, what: impl Into<Submission>, lane: &Arc<Lane>) -> Result<(), Full> {
        let Submission { op, span } = what.into();
        let reply = Reply::lane(lane, &op, span);
        self.jobs
            .try_send(Job { op, reply })
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(job) => Full::Full(Submission {
                    op: job.op,
                    span: job.reply.into_trace(),
                }),
                mpsc::error::TrySendError::Closed(_) => Full::Closed,
            })
    }

    /// Queues an operation once there is room. False if the writer has ended.
    pub async fn submit(&self, what: impl Into<Submission>, lane: Arc<Lane>) -> bool {
        let Submission { op, span } = what.into();
        let reply = Reply::lane(&lane, &op, span);
        self.jobs.send(Job { op, reply }).await.is_ok()
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
        let span = tracing::debug_span!("commit");
        let trace = traced::begin(&self.traces, &op);
        let reply = Reply::Once {
            sender,
            span,
            trace,
        };
        // If the writer has ended, the sender is dropped, and the receiver learns it.
        let _ = self.jobs.send(Job { op, reply }).await;
        result
    }
}

impl WriterQueue {
    /// How many operations wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.jobs.max_capacity() - self.jobs.capacity()
    }

    /// Whether the writer has ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.jobs.is_closed()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

async fn received(
    result: oneshot::Receiver<Result<OpResult, StoreError>>,
) -> Result<OpResult, StoreError> {
    let ended = |_| StoreError::Failed("the writer has ended".to_owned());
    result.await.map_err(ended)?
}

impl Reply {
    fn lane(lane: &Arc<Lane>, op: &Op, trace: Option<TraceSpan>) -> Self {
        Self::Lane {
            lane: Arc::clone(lane),
            is_followed: op.is_followed(),
            trace,
        }
    }

    fn trace(&self) -> Option<TraceParent> {
        match self {
            Self::Lane { trace, .. } | Self::Once { trace, .. } => Some(trace.as_ref()?.parent()),
        }
    }

    fn into_trace(self) -> Option<TraceSpan> {
        match self {
            Self::Lane { trace, .. } | Self::Once { trace, .. } => trace,
        }
    }

    fn send(mut self, result: Result<OpResult, StoreError>) {
        if let Self::Lane {
            trace: Some(span), ..
        }
        | Self::Once {
            trace: Some(span), ..
        } = &mut self
        {
            traced::conclude(span, &result);
        }
        match self {
            Self::Lane { lane, .. } => lane.mailbox.post_result(result),
            Self::Once { sender, span, .. } => {
                let is_stored = matches!(result, Ok(Ok(_)));
                span.in_scope(|| tracing::debug!(is_stored, "an operation was committed"));
                let _ = sender.send(result);
            }
        }
    }

    fn is_broken(&self) -> bool {
        matches!(self, Self::Lane { lane, .. } if lane.is_broken.load(Ordering::Relaxed) || lane.mailbox.is_ended())
    }

    fn send_broken(self) {
        let error =
            StoreError::Failed("an earlier operation failed, or the session has ended".to_owned());
        self.send(Err(error));
    }
}

/// Commits what is queued, until every [`WriterQueue`] is dropped.
pub struct Writer {
    jobs: mpsc::Receiver<Job>,
    store: Arc<dyn Store>,
    wake_up: Arc<dyn WakeUp>,
    clock: Arc<dyn Clock>,
    counters: Arc<Counters>,
    health: Arc<StoreHealth>,
    traces: Traces,
    /// Whether what is damaged is told apart from the rest of its batch. Only once there was
    /// any, since a copy of each batch is needed for it.
    isolates: bool,
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
        traces: Traces,
    ) -> (WriterQueue, Self) {
        let (sender, jobs) = mpsc::channel(WRITER_QUEUE_MAX);
        let queue = WriterQueue {
            jobs: sender,
            traces: traces.clone(),
        };
        let writer = Self {
            jobs,
            store,
            wake_up,
            clock,
            counters,
            health: Arc::default(),
            traces,
            isolates: false,
            held: None,
        };
        (queue, writer)
    }

    /// What commits show of the store.
    #[must_use]
    pub fn health(&self) -> Arc<StoreHealth> {
        Arc::clone(&self.health)
    }

    /// Runs until every queue is dropped, and what they held is committed.
    pub async fn run(mut self) {
        while let Some(first) = self.next().await {
            let (ops, replies) = self.gather(first);
            self.commit(ops, replies).await;
        }
    }

    /// Commits a batch; and where it touches what is damaged, its halves, and their halves, so
    /// that all but what is damaged is stored.
    async fn commit(&mut self, ops: Vec<Op>, replies: Vec<Reply>) {
        let mut batches = vec![(ops, replies)];
        while let Some((ops, replies)) = batches.pop() {
            let (ops, replies) = refuse_broken(ops, replies);
            let count = ops.len();
            if count == 0 {
                continue;
            }
            let kept = (self.isolates && count > 1).then(|| ops.clone());
            let attended: Vec<_> = ops.iter().filter_map(Op::attended).cloned().collect();
            let span = batch_span(&replies);
            let work = traced::begin_commit(&self.traces, &replies);
            let began = self.clock.now();
            let committed = self.store.commit(ops, began.wall);
            let committed = committed.instrument(span.clone()).await;
            drop(work);
            match committed {
                Ok(commit) => {
                    let took = self.clock.now().uptime.saturating_sub(began.uptime);
                    self.counters.committed(&commit, count, took);
                    // One that changed nothing wrote nothing.
                    if !commit.appends.is_empty() {
                        self.health.succeeded();
                    }
                    span.in_scope(|| self.tell(commit, replies, &attended));
                }
                Err(error) => {
                    self.counters.commits_failed.add(1);
                    self.health.failed(&error);
                    match (error, kept) {
                        (StoreError::Corrupt(_), Some(kept)) => {
                            batches.extend(halves(kept, replies));
                        }
                        (error, _) => self.refuse(replies, error),
                    }
                }
            }
        }
    }

    fn refuse(&mut self, replies: Vec<Reply>, error: StoreError) {
        match (error, replies.len()) {
            // Refused for good, like what may not be done: what follows it need not wait.
            (error @ StoreError::Corrupt(_), 1) => {
                self.isolates = true;
                for reply in replies {
                    reply.send(Err(error.clone()));
                }
            }
            // Most of them have nothing to do with it: they come again, and are told apart then.
            (StoreError::Corrupt(text), _) => {
                self.isolates = true;
                break_lanes(replies, &StoreError::Unreachable(text));
            }
            (error, _) => break_lanes(replies, &error),
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
                job.reply.send_broken();
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
    fn tell(&self, commit: Commit, replies: Vec<Reply>, attended: &[Arc<Account>]) {
        let mut fanouts = Vec::new();
        let mut told = Told::default();
        for (reply, result) in replies.into_iter().zip(commit.results) {
            if let Ok(Done::Sent(sent)) = &result
                && !sent.duplicate
                && let Some(span) = self.traces.go_on("fanout", Role::Producer, reply.trace())
            {
                told.add(sent.msg_id, span.parent());
                fanouts.push(span);
            }
            reply.send(Ok(result));
        }
        self.wake_up.committed(&commit.appends, &told);
        if !attended.is_empty() {
            self.wake_up.attended(attended);
        }
        tracing::debug!(timelines = commit.appends.len(), "committed and told");
    }
}

/// Follows from whatever its operations are part of. Only where `debug` is logged.
fn batch_span(replies: &[Reply]) -> Span {
    let batch = tracing::debug_span!("batch", operations = replies.len());
    if !batch.is_disabled() {
        for reply in replies {
            if let Reply::Once { span, .. } = reply {
                batch.follows_from(span);
            }
        }
    }
    batch
}

/// The first half is to be taken first: it comes last.
fn halves(mut ops: Vec<Op>, mut replies: Vec<Reply>) -> [(Vec<Op>, Vec<Reply>); 2] {
    let half = ops.len() / 2;
    let second = (ops.split_off(half), replies.split_off(half));
    [second, (ops, replies)]
}

/// Those that follow what failed in the other half of their batch.
fn refuse_broken(ops: Vec<Op>, replies: Vec<Reply>) -> (Vec<Op>, Vec<Reply>) {
    if !replies.iter().any(Reply::is_broken) {
        return (ops, replies);
    }
    let (broken, whole): (Vec<_>, Vec<_>) = ops
        .into_iter()
        .zip(replies)
        .partition(|(_, reply)| reply.is_broken());
    for (_, reply) in broken {
        reply.send_broken();
    }
    whole.into_iter().unzip()
}

/// All of them before any is told, and before the next batch is gathered.
fn break_lanes(replies: Vec<Reply>, error: &StoreError) {
    for reply in &replies {
        if let Reply::Lane {
            lane,
            is_followed: true,
            ..
        } = reply
        {
            lane.is_broken.store(true, Ordering::Relaxed);
        }
    }
    for reply in replies {
        reply.send(Err(error.clone()));
    }
}
