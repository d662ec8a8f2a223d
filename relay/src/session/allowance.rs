//! What a connection may still do before it is told to wait.
//!
//! A message beyond the limit, or a request, ends the connection, as every refusal does that the
//! client gets over by itself: so order is kept. But only once all before it is answered: or the
//! client would send that again, and come no further each time.

use std::net::IpAddr;

use super::{About, Session};
use crate::{api::ApiError, clock::Now, traffic::Frames};

/// What is left.
pub(super) struct Allowance {
    /// Where the client is, if that is known.
    pub(super) address: Option<IpAddr>,
    frames: Frames,
    /// Why the connection ends, as soon as nothing is under way.
    pub(super) overdrawn: Option<(ApiError, About)>,
}

impl Allowance {
    pub(super) fn new(frames: Frames) -> Self {
        Self {
            address: None,
            frames,
            overdrawn: None,
        }
    }

    /// Whether nothing more is taken in.
    pub(super) fn is_spent(&self) -> bool {
        self.overdrawn.is_some()
    }
}

impl Session {
    /// A frame came. False if it is one too many.
    pub(super) fn spend_frame(&mut self, now: Now) -> bool {
        let came = self.allowance.frames.came(now.uptime);
        self.spend(came, About::default())
    }

    /// Goes on if there was enough left. If not, nothing more is taken in, and the client is told
    /// when to come back.
    pub(super) fn spend(&mut self, result: Result<(), ApiError>, about: impl Into<About>) -> bool {
        match result {
            _ if self.allowance.is_spent() => false,
            Ok(()) => true,
            Err(error) => {
                self.allowance.overdrawn = Some((error, about.into()));
                false
            }
        }
    }
}
