//! Why a payload is not a frame, before it is known which.

/// Why a payload is not the value that was asked for.
pub(super) enum Fault {
    /// It is no value at all.
    Malformed(String),
    /// It may be another value, or none: the parser stopped before it could tell.
    Other(String),
}

impl Fault {
    pub(super) fn into_reason(self) -> String {
        match self {
            Self::Malformed(reason) | Self::Other(reason) => reason,
        }
    }
}
