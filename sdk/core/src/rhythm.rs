//! How long a silence may last: the heartbeat's interval, found by experience.
//!
//! A ping costs a phone's radio seconds of full power, so silences should be long. Address
//! translators and proxies forget connections that are silent for too long, and tell
//! nobody: messages are late then until the next ping finds out. Where the limit is differs
//! from network to network, so it is searched for, within the bounds that the relay gives:
//!
//! - A silence of a whole interval that ended with an answer is a success. After three in a
//!   row the next one is half as long again, or half way to what is known to be too long.
//! - A silence that killed the connection is too long. From then on silences stay a fifth
//!   below it, and no longer one is tried for twelve hours.
//! - One death at a length that worked before is chance. The second in a row is believed:
//!   the path is another one now, and the search begins anew at half of it.
//! - After a timer that came late, or a sleep, a death says nothing. Each one that ends the
//!   trial of a longer silence doubles the successes that the next trial takes.
//! - A death counts once the next connection is there at the first attempt. Otherwise the
//!   network itself was away, which says nothing about silences.
//!
//! What was found is kept for each kind of network. It is about the path, so foreground and
//! background share it; they differ in their bounds, and in where they begin.

use seqline_protocol::Heartbeat as Agreed;
use serde::{Deserialize, Serialize};

use crate::input::NetworkKind;

/// Successes in a row before a longer silence is tried.
const SUCCESSES: u8 = 3;
/// How long a silence is thought to be too long.
const BAD_FOR_MS: u64 = 12 * 3_600_000;
/// Longer than any interval.
const SILENCE_MS_MAX: u64 = 24 * 3_600_000;

/// What is known of a kind of network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Path {
    /// The longest silence that it is known to survive; 0 if none is.
    pub(crate) good_ms: u64,
    /// The shortest one that it is known not to survive; 0 if none is.
    pub(crate) bad_ms: u64,
    /// When that was, by the wall clock.
    bad_at_ms: u64,
}

/// The interval, and what it is derived from.
#[derive(Debug)]
pub(crate) struct Rhythm {
    agreed: Agreed,
    background: bool,
    network: NetworkKind,
    /// By [`NetworkKind`].
    paths: [Path; NetworkKind::COUNT],
    successes: u8,
    /// How many in a row it takes before a longer silence is tried.
    successes_needed: u8,
    /// The last death was at a length that worked before.
    doubted: bool,
    /// The silence that killed the last connection, while nothing is known of the next one.
    suspected_ms: Option<u64>,
}

impl Rhythm {
    /// Goes on from what was known of each kind of network.
    pub(crate) fn new(known: &[Path]) -> Self {
        let mut paths = [Path::default(); NetworkKind::COUNT];
        for (path, known) in paths.iter_mut().zip(known) {
            *path = Path {
                good_ms: known.good_ms.min(SILENCE_MS_MAX),
                bad_ms: known.bad_ms.min(SILENCE_MS_MAX),
                ..*known
            };
        }
        Self {
            agreed: Agreed {
                bounds: None,
                ..Agreed::default()
            },
            background: false,
            network: NetworkKind::default(),
            paths,
            successes: 0,
            successes_needed: SUCCESSES,
            doubted: false,
            suspected_ms: None,
        }
    }

    /// What is known of each kind of network, to be kept.
    pub(crate) fn paths(&self) -> &[Path] {
        &self.paths
    }

    /// What is known of the present network.
    pub(crate) fn path(&self) -> &Path {
        #[expect(clippy::indexing_slicing, reason = "one for each kind")]
        &self.paths[self.network as usize]
    }

    pub(crate) fn network(&self) -> NetworkKind {
        self.network
    }

    /// The app went to the background or came back.
    pub(crate) fn set_background(&mut self, background: bool) {
        if background != self.background {
            self.background = background;
            self.successes_needed = SUCCESSES;
        }
    }

    /// The network is another one now.
    pub(crate) fn set_network(&mut self, network: NetworkKind) {
        self.network = network;
        self.successes = 0;
        self.successes_needed = SUCCESSES;
        self.doubted = false;
        self.suspected_ms = None;
    }

    /// How long the next silence may be.
    pub(crate) fn interval_ms(&self) -> u64 {
        let Some((min_ms, max_ms)) = self.bounds() else {
            return self.start_ms();
        };
        let rest_ms = self.rest_ms();
        let Path {
            good_ms, bad_ms, ..
        } = *self.path();
        let wanted_ms = match bad_ms {
            _ if self.successes < self.successes_needed => rest_ms,
            0 => rest_ms * 3 / 2,
            // Closer is not worth a connection: silences stay a fifth below it anyway.
            _ if good_ms >= below(bad_ms) => rest_ms,
            _ => (good_ms * 3 / 2).min(good_ms.midpoint(bad_ms)),
        };
        wanted_ms.clamp(min_ms, max_ms)
    }

    /// The interval, if it is not the one that the relay takes for granted.
    pub(crate) fn own_interval_ms(&self) -> Option<u32> {
        let interval_ms = self.interval_ms();
        (interval_ms != self.start_ms()).then_some(u32::try_from(interval_ms).ok()?)
    }

    /// There is a connection, with these bounds. Gives true if something was learned.
    pub(crate) fn connected(&mut self, agreed: Agreed, unix_ms: u64) -> bool {
        self.agreed = agreed;
        let suspected_ms = self.suspected_ms.take();
        let has_forgotten = self.forget(unix_ms);
        suspected_ms.is_some_and(|silence_ms| self.killed_by(silence_ms, unix_ms)) || has_forgotten
    }

    /// A silence of a whole interval ended with an answer. Gives true if something was learned.
    pub(crate) fn survived(&mut self, silence_ms: u64, unix_ms: u64) -> bool {
        let has_forgotten = self.forget(unix_ms);
        if self.bounds().is_none() || silence_ms < self.rest_ms() {
            return has_forgotten;
        }
        self.doubted = false;
        self.successes = self.successes.saturating_add(1);
        let path = self.path_mut();
        let is_longer = silence_ms > path.good_ms;
        if is_longer {
            path.good_ms = silence_ms;
            if path.bad_ms <= silence_ms {
                path.bad_ms = 0;
            }
            self.successes = 1;
            self.successes_needed = SUCCESSES;
        }
        is_longer || has_forgotten
    }

    /// Nobody told why, the connection was found to be dead: after this silence, or, if
    /// none, after something that may be the reason as well.
    pub(crate) fn lost(&mut self, silence_ms: Option<u64>) {
        self.suspected_ms = silence_ms;
        if silence_ms.is_none() && self.interval_ms() > self.path().good_ms {
            // Where timers are always late, a longer silence than known would be tried, and
            // end like this, again and again.
            self.successes_needed = self.successes_needed.saturating_mul(2);
        }
        self.successes = 0;
    }

    /// Something else explains why the connection is dead.
    pub(crate) fn acquit(&mut self) {
        self.suspected_ms = None;
    }

    fn killed_by(&mut self, silence_ms: u64, unix_ms: u64) -> bool {
        let Some((min_ms, _)) = self.bounds() else {
            return false;
        };
        if silence_ms < min_ms {
            // A silence as short as no interval is did not kill it.
            return false;
        }
        if silence_ms <= self.path().good_ms && !self.doubted {
            self.doubted = true;
            return false;
        }
        self.doubted = false;
        let path = self.path_mut();
        if silence_ms <= path.good_ms {
            path.good_ms = 0;
        }
        if path.bad_ms == 0 || silence_ms < path.bad_ms {
            path.bad_ms = silence_ms;
        }
        path.bad_at_ms = unix_ms;
        true
    }

    /// Paths change. Clocks are set back, too.
    fn forget(&mut self, unix_ms: u64) -> bool {
        let path = self.path_mut();
        let is_over = path.bad_ms > 0 && unix_ms.abs_diff(path.bad_at_ms) >= BAD_FOR_MS;
        if is_over {
            path.bad_ms = 0;
        }
        is_over
    }

    /// The interval while nothing longer is tried; bounds apart.
    fn rest_ms(&self) -> u64 {
        let Path {
            good_ms, bad_ms, ..
        } = *self.path();
        match (good_ms, bad_ms) {
            (0, 0) => self.start_ms(),
            (0, _) => self.start_ms().min(bad_ms / 2),
            (_, 0) => good_ms,
            _ => good_ms.min(below(bad_ms)),
        }
    }

    fn start_ms(&self) -> u64 {
        u64::from(if self.background {
            self.agreed.background_interval_ms
        } else {
            self.agreed.interval_ms
        })
    }

    /// None: the interval is the relay's word.
    fn bounds(&self) -> Option<(u64, u64)> {
        let bounds = self.agreed.bounds?;
        let min_ms = u64::from(bounds.interval_ms_min);
        let max_ms = u64::from(if self.background {
            bounds.background_interval_ms_max
        } else {
            bounds.interval_ms_max
        });
        // A relay that mixes them up must not stop the client.
        Some((min_ms, max_ms.max(min_ms)))
    }

    fn path_mut(&mut self) -> &mut Path {
        #[expect(clippy::indexing_slicing, reason = "one for each kind")]
        &mut self.paths[self.network as usize]
    }
}

/// What is safely shorter than a silence that was too long.
fn below(bad_ms: u64) -> u64 {
    bad_ms * 4 / 5
}
