//! Waves: telling the users who are connected that there is a new broadcast, spread evenly
//! over a window that the operator chose, from memory alone.
//!
//! Every relay learns of a wave from its snapshot and tells its own sessions. A user's moment
//! within the window comes from a hash, the same on every relay: so all of a user's devices are
//! told at once, and nodes need not agree on anything. Whoever connects meanwhile learns of the
//! broadcast from `welcome`.

mod follow;
mod moments;
mod progress;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use seqline_protocol::{AppId, BroadcastId, Micros, PubSeq};

pub use self::progress::WaveProgress;
use self::{
    moments::{Moment, Span},
    progress::Progress,
};
use crate::{
    clock::{Clock, Now},
    counters::Counters,
    hub::Hub,
    limits::{WAVE_KNOWN_MS, WAVE_LATE_MS, WAVE_STEP_SESSIONS, WAVE_TICK_MS, WAVES_MAX},
    store::Wave,
    ticker::{Tick, Ticker},
};

/// A wave as a snapshot shows it: of a broadcast that is staged or published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenWave {
    /// Whose users are told.
    pub app: AppId,
    /// Of which broadcast.
    pub broadcast: BroadcastId,
    /// When, and for how long.
    pub wave: Wave,
    /// What they are told: the app's newest change.
    pub pub_head: PubSeq,
}

/// What one session is told.
#[derive(Debug)]
pub struct WaveNotice {
    pub_head: PubSeq,
    progress: Arc<Progress>,
    counters: Arc<Counters>,
}

/// The waves of this relay.
pub struct Waves {
    node: String,
    hub: Arc<Hub>,
    counters: Arc<Counters>,
    ticker: Ticker,
    known: Mutex<BTreeMap<BroadcastId, Known>>,
}

struct Known {
    seen: SeenWave,
    progress: Arc<Progress>,
    stage: Stage,
}

enum Stage {
    /// It begins later, or has just been learned of.
    Waiting,
    /// Sessions are looked up, those with numbers after this one are to come.
    Listing {
        span: Span,
        after: Option<u64>,
        moments: Vec<Moment>,
    },
    /// They are told, by moment; so many are.
    Telling {
        moments: Vec<Moment>,
        told: usize,
    },
    Over,
}

impl Waves {
    /// No wave yet. `node` is what its progress is stored under.
    #[must_use]
    pub fn new(
        node: String,
        hub: Arc<Hub>,
        clock: Arc<dyn Clock>,
        counters: Arc<Counters>,
    ) -> Self {
        Self {
            node,
            hub,
            counters,
            ticker: Ticker::new(clock),
            known: Mutex::default(),
        }
    }

    /// A snapshot is in use that shows these waves, old ones as well. Those that are new begin
    /// or are waited for; those that are gone, because their broadcast was stopped or taken
    /// back, end where they are.
    pub fn see(self: &Arc<Self>, waves: &[SeenWave]) {
        let now = self.ticker.clock().now().wall;
        let mut known = self.known();
        known.retain(|_, one| !is_over(&one.seen.wave, now, WAVE_KNOWN_MS));
        for (id, one) in known.iter_mut() {
            if !waves.iter().any(|seen| seen.is_of(*id, &one.seen.wave)) {
                one.stage = Stage::Over;
            }
        }
        let mut is_new = false;
        for seen in waves {
            if let Some(one) = known.get_mut(&seen.broadcast)
                && one.seen.wave == seen.wave
            {
                one.seen.pub_head = seen.pub_head;
                continue;
            }
            if is_over(&seen.wave, now, WAVE_LATE_MS) {
                continue;
            }
            if known.len() >= WAVES_MAX && !known.contains_key(&seen.broadcast) {
                tracing::warn!(broadcast = %seen.broadcast, "too many waves: it is not told");
                continue;
            }
            let begun = Known {
                seen: seen.clone(),
                progress: Arc::default(),
                stage: Stage::Waiting,
            };
            known.insert(seen.broadcast, begun);
            is_new = true;
        }
        drop(known);
        if is_new {
            Ticker::wake(self);
        }
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<BroadcastId, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SeenWave {
    fn is_of(&self, broadcast: BroadcastId, wave: &Wave) -> bool {
        self.broadcast == broadcast && self.wave == *wave
    }
}

impl WaveNotice {
    /// The newest change of the public mailbox when the wave passed.
    #[must_use]
    pub fn pub_head(&self) -> PubSeq {
        self.pub_head
    }

    /// To be called once, when the device that was told has it.
    pub fn pulled(&self) {
        self.progress.pulled();
        self.counters.wave_pulls.add(1);
    }

    #[cfg(test)]
    pub(crate) fn at(pub_head: PubSeq, counters: &Arc<Counters>) -> Arc<Self> {
        Arc::new(Self {
            pub_head,
            progress: Arc::default(),
            counters: Arc::clone(counters),
        })
    }
}

impl Tick for Waves {
    fn ticker(&self) -> &Ticker {
        &self.ticker
    }

    /// One step of each wave: bounded, and the next one at once while more is due.
    fn tick(&self, uptime: Duration) -> Option<Duration> {
        let now = self.ticker.clock().now();
        let mut known = self.known();
        let waits = known
            .values_mut()
            .filter_map(|one| one.step(now, &self.hub, &self.counters));
        waits.min().map(|wait| uptime + wait)
    }
}

impl Known {
    /// Does the next thing. How long until there is another; none if it is over.
    fn step(&mut self, now: Now, hub: &Hub, counters: &Arc<Counters>) -> Option<Duration> {
        let wave = &self.seen.wave;
        match &mut self.stage {
            Stage::Waiting => {
                let wait = wave.starts_us.get().saturating_sub(now.wall.get());
                if wait > 0 {
                    return Some(Duration::from_micros(wait));
                }
                self.stage = Stage::Listing {
                    span: Span::of(*wave, now.wall),
                    after: None,
                    moments: Vec::new(),
                };
            }
            Stage::Listing {
                span,
                after,
                moments,
            } => {
                let page = hub.sessions_after(&self.seen.app, *after, WAVE_STEP_SESSIONS);
                let sessions = page.sessions.into_iter();
                moments.extend(sessions.map(|(key, account)| Moment {
                    at: span.moment(&account.user),
                    key,
                }));
                *after = page.next;
                if page.next.is_none() {
                    let mut moments = std::mem::take(moments);
                    moments.sort_unstable();
                    self.progress.found(moments.len());
                    self.stage = Stage::Telling { moments, told: 0 };
                }
            }
            Stage::Telling { moments, told } => {
                let rest = moments.get(*told..).unwrap_or_default();
                let due = rest.iter().take_while(|moment| moment.at <= now.wall);
                let keys: Vec<_> = due.take(WAVE_STEP_SESSIONS).map(|one| one.key).collect();
                *told += keys.len();
                let next = moments.get(*told).map(|moment| moment.at);
                let notice = Arc::new(WaveNotice {
                    pub_head: self.seen.pub_head,
                    progress: Arc::clone(&self.progress),
                    counters: Arc::clone(counters),
                });
                let mailboxes = hub.mailboxes(&keys);
                // Before they are, so that nobody has pulled who was not told.
                self.progress.told(mailboxes.len());
                counters.wave_tells.add(mailboxes.len());
                for mailbox in &mailboxes {
                    mailbox.post_wave(&notice);
                }
                let Some(next) = next else {
                    self.stage = Stage::Over;
                    return None;
                };
                if next > now.wall {
                    let wait = Duration::from_micros(next.get() - now.wall.get());
                    return Some(wait.max(Duration::from_millis(WAVE_TICK_MS)));
                }
            }
            Stage::Over => return None,
        }
        Some(Duration::ZERO)
    }
}

/// Whether a wave ended longer ago than that.
fn is_over(wave: &Wave, now: Micros, since_ms: u64) -> bool {
    let end = wave.starts_us.get() / 1000 + wave.window_ms;
    now.get() / 1000 > end.saturating_add(since_ms)
}

#[cfg(test)]
mod tests;
