//! When whom.

use seqline_protocol::{Micros, UserId};
use sha2::{Digest as _, Sha256};

use crate::{limits::WAVE_REST_MS, store::Wave};

/// A session and when it is told; by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment {
    pub(super) at: Micros,
    pub(super) key: u64,
}

/// The time over which a wave is told here.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    starts_us: u64,
    window_us: u64,
    /// When this relay began: users whose moment lies before are spread over what is left.
    begun_us: u64,
    end_us: u64,
}

impl Span {
    /// Of a wave that this relay begins to tell now.
    pub(super) fn of(wave: Wave, now: Micros) -> Self {
        let starts_us = wave.starts_us.get();
        let window_us = wave.window_ms.saturating_mul(1000);
        let begun_us = now.get().max(starts_us);
        let end_us = starts_us.saturating_add(window_us);
        Self {
            starts_us,
            window_us,
            begun_us,
            // All at once is what a wave is there to avoid.
            end_us: if begun_us > starts_us {
                end_us.max(begun_us + WAVE_REST_MS * 1000)
            } else {
                end_us
            },
        }
    }

    /// When a user is told, on whichever device.
    pub(super) fn moment(&self, user: &UserId) -> Micros {
        let offset_us = part(self.window_us, self.hash(user), 1 << 32);
        let late_us = self.begun_us - self.starts_us;
        let at_us = if offset_us >= late_us {
            self.starts_us + offset_us
        } else {
            // As evenly as it was meant, only over less.
            let passed_us = late_us.min(self.window_us).max(1);
            self.begun_us + part(self.end_us - self.begun_us, offset_us, passed_us)
        };
        Micros::saturating(at_us)
    }

    /// The same on every relay, and another one in another wave: nobody is always the last.
    fn hash(&self, user: &UserId) -> u64 {
        let mut digest = Sha256::new();
        digest.update(self.starts_us.to_le_bytes());
        digest.update(user.as_str());
        let digest = digest.finalize();
        let bytes = digest.first_chunk().copied().unwrap_or_default();
        u64::from(u32::from_le_bytes(bytes))
    }
}

/// `whole × of ÷ among`, where `of` is less than `among`.
fn part(whole: u64, of: u64, among: u64) -> u64 {
    let part = u128::from(whole) * u128::from(of) / u128::from(among);
    u64::try_from(part).unwrap_or(whole)
}
