//! Whether the connection still lives.
//!
//! Anything received counts as life. After an interval without any, a ping asks; no
//! answer within a time derived from the measured round trip means that the connection
//! is dead, whatever the socket says.
//!
//! Timers of hidden pages fire late, and those of a suspended device not at all. So a
//! verdict that comes much later than it was due is not given: the connection is asked
//! once more, with a short deadline, before a healthy one is cut.
//!
//! It also measures the silences, of both sides, that [`crate::rhythm`] learns from.

use crate::rtt::Rtt;

/// An answer is waited for at least this long: mobile networks stall for seconds and go on.
const PATIENCE_MIN_MS: u64 = 5_000;
/// An answer is waited for at most this long.
const PATIENCE_MAX_MS: u64 = 10_000;
/// After a suspend, someone is looking: ask with a shorter deadline.
const PROBE_MIN_MS: u64 = 2_000;
const PROBE_MAX_MS: u64 = 4_000;
/// A timer that fires this much late says more about the timer than about the network.
const LATE_MS: u64 = 2_000;

/// What to do about the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing.
    Fine,
    /// Write a ping with this nonce.
    Ask(u32),
    /// It is dead: close it.
    Dead,
}

/// The signs of life of one connection.
#[derive(Debug, Clone)]
pub(crate) struct Heartbeat {
    interval_ms: u64,
    heard_ms: u64,
    /// The last time that anything passed, either way.
    passed_ms: u64,
    /// The longest time without that, since something was heard.
    silence_ms: u64,
    /// More than silence may have happened since something was heard.
    is_disturbed: bool,
    asked: Option<Asked>,
    asked_again: bool,
    nonce: u32,
}

#[derive(Debug, Clone, Copy)]
struct Asked {
    at_ms: u64,
    until_ms: u64,
    /// The interval that ended with the question.
    interval_ms: u64,
}

impl Heartbeat {
    /// A connection that was welcomed just now.
    pub(crate) fn new(interval_ms: u64, now_ms: u64) -> Self {
        Self {
            interval_ms,
            heard_ms: now_ms,
            passed_ms: now_ms,
            silence_ms: 0,
            is_disturbed: false,
            asked: None,
            asked_again: false,
            nonce: 0,
        }
    }

    /// The current interval.
    pub(crate) fn interval_ms(&self) -> u64 {
        self.interval_ms
    }

    pub(crate) fn set_interval_ms(&mut self, interval_ms: u64) {
        self.interval_ms = interval_ms;
    }

    /// Something was written.
    pub(crate) fn wrote(&mut self, now_ms: u64) {
        self.silence_ms = self.silence_until(now_ms);
        self.passed_ms = now_ms;
    }

    /// Something was received. Gives the interval that was silent until it was asked about,
    /// and is shown to do no harm.
    pub(crate) fn heard(&mut self, now_ms: u64) -> Option<u64> {
        let asked = self.asked.take();
        // Something written soon after the last sign of life is usual: an `ack`.
        let was_silent = |asked: &Asked| self.silence_ms >= asked.interval_ms * 7 / 8;
        let survived_ms = asked.filter(was_silent).map(|asked| asked.interval_ms);
        self.heard_ms = now_ms;
        self.passed_ms = now_ms;
        self.silence_ms = 0;
        self.is_disturbed = false;
        self.asked_again = false;
        survived_ms
    }

    /// The connection is gone, and nobody said why. Gives the silence that may have done it.
    pub(crate) fn lost(&self, now_ms: u64) -> Option<u64> {
        // What is not asked about in time has an owner that sleeps.
        let is_late = self.asked.is_none() && now_ms > self.due_ms() + LATE_MS;
        // While an answer is waited for, the silence is a consequence.
        let silence_ms = match self.asked {
            Some(_) => self.silence_ms,
            None => self.silence_until(now_ms),
        };
        (!self.is_disturbed && !is_late).then_some(silence_ms)
    }

    /// A pong came; gives the round trip if it answers the last ping. Before [`Self::heard`].
    pub(crate) fn pong(&self, nonce: u32, now_ms: u64) -> Option<u64> {
        let asked = self.asked.filter(|_| nonce == self.nonce)?;
        Some(now_ms.saturating_sub(asked.at_ms))
    }

    /// The device may have slept: ask now, with a short deadline.
    pub(crate) fn probe(&mut self, rtt: &Rtt, now_ms: u64) -> Verdict {
        // If it is dead, a sleep or another network is to blame, and not the silence.
        self.is_disturbed = true;
        let until_ms = now_ms + rtt.patience_ms(PROBE_MIN_MS, PROBE_MAX_MS);
        match &mut self.asked {
            Some(asked) if now_ms < asked.until_ms => {
                asked.until_ms = asked.until_ms.min(until_ms);
                Verdict::Fine
            }
            _ => self.ask(now_ms, until_ms),
        }
    }

    /// What is due.
    pub(crate) fn poll(&mut self, rtt: &Rtt, now_ms: u64) -> Verdict {
        match self.asked {
            Some(asked) if now_ms < asked.until_ms => Verdict::Fine,
            Some(asked) if now_ms > asked.until_ms + LATE_MS && !self.asked_again => {
                self.asked_again = true;
                self.is_disturbed = true;
                let until_ms = now_ms + rtt.patience_ms(PROBE_MIN_MS, PROBE_MAX_MS);
                self.ask(now_ms, until_ms)
            }
            Some(_) => Verdict::Dead,
            None if now_ms >= self.due_ms() => {
                self.is_disturbed |= now_ms > self.due_ms() + LATE_MS;
                let until_ms = now_ms + rtt.patience_ms(PATIENCE_MIN_MS, PATIENCE_MAX_MS);
                self.ask(now_ms, until_ms)
            }
            None => Verdict::Fine,
        }
    }

    /// When [`Self::poll`] has something to say next.
    pub(crate) fn deadline_ms(&self) -> u64 {
        self.asked.map_or(self.due_ms(), |asked| asked.until_ms)
    }

    fn due_ms(&self) -> u64 {
        self.heard_ms + self.interval_ms
    }

    fn silence_until(&self, now_ms: u64) -> u64 {
        self.silence_ms.max(now_ms.saturating_sub(self.passed_ms))
    }

    fn ask(&mut self, now_ms: u64, until_ms: u64) -> Verdict {
        self.nonce = self.nonce.wrapping_add(1);
        self.asked = Some(Asked {
            at_ms: now_ms,
            until_ms,
            interval_ms: self.interval_ms,
        });
        Verdict::Ask(self.nonce)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn fresh() -> Heartbeat {
        Heartbeat::new(25_000, 0)
    }

    #[test]
    fn silence_is_asked_about_then_fatal() {
        let (mut heartbeat, rtt) = (fresh(), Rtt::default());
        assert_eq!(heartbeat.poll(&rtt, 24_999), Verdict::Fine);
        assert_eq!(heartbeat.poll(&rtt, 25_000), Verdict::Ask(1));
        assert_eq!(heartbeat.deadline_ms(), 35_000);
        assert_eq!(heartbeat.poll(&rtt, 34_999), Verdict::Fine);
        assert_eq!(heartbeat.poll(&rtt, 35_000), Verdict::Dead);
    }

    #[test]
    fn anything_received_is_life() {
        let (mut heartbeat, rtt) = (fresh(), Rtt::default());
        heartbeat.poll(&rtt, 25_000);
        assert_eq!(heartbeat.pong(1, 25_040), Some(40));
        assert_eq!(heartbeat.pong(7, 25_040), None, "not the last ping's");
        heartbeat.heard(25_040);
        assert_eq!(heartbeat.poll(&rtt, 36_000), Verdict::Fine);
        assert_eq!(heartbeat.deadline_ms(), 50_040);
    }

    #[test]
    fn a_late_timer_asks_once_more_before_it_cuts() {
        let (mut heartbeat, rtt) = (fresh(), Rtt::default());
        heartbeat.poll(&rtt, 25_000);
        assert_eq!(
            heartbeat.poll(&rtt, 85_000),
            Verdict::Ask(2),
            "throttled to once a minute"
        );
        assert_eq!(
            heartbeat.poll(&rtt, 145_000),
            Verdict::Dead,
            "but not for ever"
        );
    }

    #[test]
    fn a_probe_shortens_a_ping_that_is_out() {
        let (mut heartbeat, rtt) = (fresh(), Rtt::default());
        heartbeat.poll(&rtt, 25_000);
        assert_eq!(heartbeat.probe(&rtt, 26_000), Verdict::Fine);
        assert_eq!(heartbeat.deadline_ms(), 30_000);
    }
}
