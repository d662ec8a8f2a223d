//! Numbers as newtypes, so that a position in one log is never taken for one in another.

use serde::{Deserialize, Deserializer, Serialize, de};
use thiserror::Error;

use crate::limits::SAFE_INTEGER_MAX;

/// The number is beyond 2^53 − 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{0} is beyond 2^53-1, the largest integer that every client represents exactly")]
pub struct NumberError(pub u64);

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
        #[serde(transparent)]
        pub struct $name(u64);

        impl $name {
            /// Zero: the position before the first one.
            pub const ZERO: Self = Self(0);

            /// The number as given, if it is at most 2^53 − 1.
            ///
            /// # Errors
            /// [`NumberError`] if it is larger.
            pub const fn new(value: u64) -> Result<Self, NumberError> {
                if value <= SAFE_INTEGER_MAX { Ok(Self(value)) } else { Err(NumberError(value)) }
            }

            /// The number as given, or the largest allowed one.
            #[must_use]
            pub const fn saturating(value: u64) -> Self {
                Self(if value <= SAFE_INTEGER_MAX { value } else { SAFE_INTEGER_MAX })
            }

            /// The plain integer.
            #[must_use]
            pub const fn get(self) -> u64 {
                self.0
            }

            /// The number after this one.
            #[must_use]
            pub const fn next(self) -> Self {
                Self::saturating(self.0 + 1)
            }

            /// The number before this one, zero for zero.
            #[must_use]
            pub const fn previous(self) -> Self {
                Self(self.0.saturating_sub(1))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(u64::deserialize(deserializer)?).map_err(de::Error::custom)
            }
        }
    };
}

number! {
    /// SeqId: a position in one user's timeline: 1, 2, 3 … with no holes.
    Seq
}
number! {
    /// A position in one conversation: 1, 2, 3 … with no holes.
    ConvSeq
}
number! {
    /// A position in the public mailbox: numbers every change of visibility.
    PubSeq
}
number! {
    /// The relay's id of a stored message.
    MsgId
}
number! {
    /// The relay's id of a broadcast.
    BroadcastId
}
number! {
    /// Identity of a timeline's numbering: a restore from backup starts a new one.
    Epoch
}
number! {
    /// Ties an answer to its request; chosen by the client, unique on one connection.
    RequestId
}
number! {
    /// A time in microseconds since the Unix epoch.
    Micros
}
