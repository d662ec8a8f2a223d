//! Wakes something when its time has come, by one task that runs only while there is
//! something to wait for.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{sync::Notify, time::sleep};

use crate::clock::Clock;

/// Something with a time of its own.
pub trait Tick: Send + Sync + 'static {
    /// Its ticker.
    fn ticker(&self) -> &Ticker;

    /// Does what is due by now. When the next thing is due, if anything will be, by
    /// the clock's uptime.
    fn tick(&self, now: Duration) -> Option<Duration>;
}

/// The task of something that ticks.
pub struct Ticker {
    clock: Arc<dyn Clock>,
    is_running: AtomicBool,
    changed: Notify,
}

impl Ticker {
    /// One that is not running.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            is_running: AtomicBool::new(false),
            changed: Notify::new(),
        }
    }

    /// The time by which it goes.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// To be called when something is due earlier than anything before.
    pub fn wake<T: Tick>(target: &Arc<T>) {
        let ticker = target.ticker();
        if ticker.is_running.swap(true, Ordering::SeqCst) {
            ticker.changed.notify_one();
        } else {
            tokio::spawn(run(Arc::clone(target)));
        }
    }
}

async fn run<T: Tick>(target: Arc<T>) {
    let ticker = target.ticker();
    loop {
        let now = ticker.clock.now().uptime;
        let mut next = target.tick(now);
        if next.is_none() {
            ticker.is_running.store(false, Ordering::SeqCst);
            // Whoever woke it just before that counts on this task.
            next = target.tick(now);
            if next.is_none() || ticker.is_running.swap(true, Ordering::SeqCst) {
                return;
            }
        }
        let left = next.unwrap_or(now).saturating_sub(now);
        tokio::select! {
            biased;
            () = sleep(left) => {}
            () = ticker.changed.notified() => {}
        }
    }
}
