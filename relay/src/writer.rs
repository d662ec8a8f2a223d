//! Group commit without a timer: one task commits whatever queued while it was busy
//! with the commit before.
//!
//! The queue is bounded: who finds it full waits. If a commit fails, all its operations
//! fail, and so does everything that waits of the same sessions: a later message of a
//! session must not be stored before an earlier one that its client will send again.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::mpsc;

use crate::{
    clock::Clock,
    counters::Counters,
    hub::WakeUp,
    limits::{BATCH_BYTES_MAX, BATCH_OPS_MAX, WRITER_QUEUE_MAX},
    mailbox::Mailbox,
    store::{Commit, Op, Store, StoreError},
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
    lane: Arc<Lane>,
}

/// Why an operation cannot be queued now.
#[derive(Debug)]
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
        let lane = Arc::clone(lane);
        self.0
            .try_send(Job { op, lane })
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(job) => Full::Full(job.op),
                mpsc::error::TrySendError::Closed(_) => Full::Closed,
            })
    }

    /// Queues an operation once there is room. False if the writer has ended.
    pub async fn submit(&self, op: Op, lane: Arc<Lane>) -> bool {
        self.0.send(Job { op, lane }).await.is_ok()
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
            let (ops, lanes) = self.gather(first);
            if ops.is_empty() {
                continue;
            }
            let count = ops.len();
            match self.store.commit(ops, self.clock.now().wall).await {
                Ok(commit) => {
                    self.counters.commits.add(1);
                    self.counters.operations.add(count);
                    self.tell(commit, &lanes);
                }
                Err(error) => {
                    self.counters.commits_failed.add(1);
                    tracing::error!(%error, operations = count, "a commit failed");
                    break_lanes(&lanes, &error);
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
    fn gather(&mut self, first: Job) -> (Vec<Op>, Vec<Arc<Lane>>) {
        let mut ops = Vec::new();
        let mut lanes = Vec::new();
        let mut bytes = 0;
        let mut next = Some(first);
        while let Some(job) = next {
            if job.lane.is_broken.load(Ordering::Relaxed) {
                let error = StoreError::Failed("an earlier operation failed".to_owned());
                job.lane.mailbox.post_result(Err(error));
            } else {
                bytes += job.op.weight_bytes();
                if !ops.is_empty() && bytes > BATCH_BYTES_MAX {
                    self.held = Some(job);
                    break;
                }
                ops.push(job.op);
                lanes.push(job.lane);
            }
            next = if ops.len() < BATCH_OPS_MAX {
                self.jobs.try_recv().ok()
            } else {
                None
            };
        }
        (ops, lanes)
    }

    /// Answers first, so that a device learns that its message is stored before it gets it back.
    fn tell(&self, commit: Commit, lanes: &[Arc<Lane>]) {
        for (lane, result) in lanes.iter().zip(commit.results) {
            lane.mailbox.post_result(Ok(result));
        }
        self.wake_up.committed(&commit.appends);
    }
}

/// All of them before any is told, and before the next batch is gathered.
fn break_lanes(lanes: &[Arc<Lane>], error: &StoreError) {
    for lane in lanes {
        lane.is_broken.store(true, Ordering::Relaxed);
    }
    for lane in lanes {
        lane.mailbox.post_result(Err(error.clone()));
    }
}
