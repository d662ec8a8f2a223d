//! Many clients: connecting them, and knowing how many got somewhere.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

use crate::{client::Client, failure::Failure, progress::Progress};

/// Clients that are connecting at the same time, at most: what a listener's queue holds.
const CONNECTING_MAX: usize = 256;
/// For one more client to be there.
const CONNECT_WAIT: Duration = Duration::from_secs(30);

/// Counts clients that got somewhere.
#[derive(Debug, Clone)]
pub struct Gate(Arc<watch::Sender<usize>>);

impl Gate {
    /// Nobody is there yet.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }

    /// One more.
    pub fn pass(&self) {
        self.0.send_modify(|count| *count += 1);
    }

    /// One less.
    pub fn leave(&self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }

    /// How many.
    #[must_use]
    pub fn count(&self) -> usize {
        *self.0.borrow()
    }

    /// Until there are as many, or the time has come. Gives whether there are.
    pub async fn reaches(&self, count: usize, until: Instant) -> bool {
        let mut counts = self.0.subscribe();
        let reached = counts.wait_for(|now| *now >= count);
        timeout_at(until, reached).await.is_ok()
    }

    /// Until there are as few, or the time has come. Gives whether there are.
    pub async fn falls_to(&self, count: usize, until: Instant) -> bool {
        let mut counts = self.0.subscribe();
        let reached = counts.wait_for(|now| *now <= count);
        timeout_at(until, reached).await.is_ok()
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

/// Connects them, some at a time. They pass the gate when they are there.
///
/// # Errors
/// [`Failure::Missing`].
pub async fn connect(clients: &[Client], gate: &Gate, progress: Progress) -> Result<(), Failure> {
    let before = gate.count();
    let phase = progress.phase("connecting", clients.len() as u64);
    for (started, client) in clients.iter().enumerate() {
        // A client that was just started has nothing else to do.
        let _ = client.connect();
        let wanted = before + (started + 1).saturating_sub(CONNECTING_MAX);
        wait(gate, before, wanted, clients.len()).await?;
        phase.reached((gate.count() - before) as u64);
    }
    wait(gate, before, before + clients.len(), clients.len()).await
}

async fn wait(gate: &Gate, before: usize, wanted: usize, all: usize) -> Result<(), Failure> {
    while gate.count() < wanted {
        // As long as there are more of them, it goes on.
        let until = Instant::now() + CONNECT_WAIT;
        if !gate.reaches(gate.count() + 1, until).await {
            return Err(Failure::Missing {
                missing: before + all - gate.count(),
                all,
                what: "connected",
                time_s: CONNECT_WAIT.as_secs(),
                advice: "look into the relay's log; are its limits below what was asked for?",
            });
        }
    }
    Ok(())
}
