//! The one place that draws randomness. Everything else is given it.

use std::fmt;

use seqline_protocol::{Epoch, limits::SAFE_INTEGER_MAX};

/// Where randomness comes from.
pub trait Entropy: fmt::Debug + Send + Sync {
    /// Fills the buffer with unpredictable bytes.
    fn fill(&self, buffer: &mut [u8]);

    /// A number from the whole range.
    fn number(&self) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// The identity of a new numbering: never zero.
    fn epoch(&self) -> Epoch {
        Epoch::saturating((self.number() % SAFE_INTEGER_MAX) + 1)
    }
}

/// The operating system's source.
#[derive(Debug)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that draws randomness"
    )]
    fn fill(&self, buffer: &mut [u8]) {
        getrandom::fill(buffer).expect("the operating system gives randomness");
    }
}
