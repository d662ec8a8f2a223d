//! Why storage did not do it, in words for logs and for the network.

use seqline_protocol::ErrorCode;
use thiserror::Error;

/// Why storage did not do it. Nothing was stored. The texts are the database's own.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StoreError {
    /// Someone else holds the database, or it has too much to do.
    #[error("the database is busy: {0}")]
    Busy(String),
    /// Nothing more fits.
    #[error("the database has no room left: {0}")]
    Full(String),
    /// It may be read only.
    #[error("the database cannot be written to: {0}")]
    ReadOnly(String),
    /// It cannot be reached, or its files cannot be read or written.
    #[error("the database cannot be reached, read or written: {0}")]
    Unreachable(String),
    /// What it holds is damaged, where this had to look. Nothing else need be.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
    /// Anything else.
    #[error("the database failed: {0}")]
    Failed(String),
}

impl StoreError {
    /// The code to answer with.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Busy(_) => ErrorCode::Overloaded,
            Self::Full(_) | Self::ReadOnly(_) | Self::Unreachable(_) => {
                ErrorCode::StorageUnavailable
            }
            Self::Corrupt(_) => ErrorCode::StorageDamaged,
            Self::Failed(_) => ErrorCode::Internal,
        }
    }

    /// For whoever asked. The details are for the relay's log, not for the network.
    #[must_use]
    pub fn public_text(&self) -> &'static str {
        match self {
            Self::Busy(_) => "the relay cannot take more at the moment; try again",
            Self::Full(_) => {
                "the relay's storage is full, nothing of this was stored; try again later"
            }
            Self::ReadOnly(_) => {
                "the relay's storage is read-only at the moment, nothing of this was stored; \
                 try again later"
            }
            Self::Unreachable(_) => {
                "the relay's storage cannot be used at the moment, nothing of this was stored; try \
                 again"
            }
            Self::Corrupt(_) => {
                "the relay's storage is damaged where this is kept, nothing of this was done; \
                 its operator has to mend it"
            }
            Self::Failed(_) => "storage failed, nothing of this was stored; try again",
        }
    }

    /// For the relay's operator: what to do about it.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Busy(_) => "the relay tries again by itself",
            Self::Full(_) => "free some space; the relay goes on by itself",
            Self::ReadOnly(_) => "make it writable; the relay goes on by itself",
            Self::Unreachable(_) => "mend what the text says; the relay goes on by itself",
            Self::Corrupt(_) => "see docs/recovery.md",
            Self::Failed(_) => "see the text",
        }
    }
}
