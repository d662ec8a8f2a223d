//! Why a method was refused.

use seqline_protocol::ErrorCode;

use crate::store::{Refusal, StoreError};

/// Why a method was refused. Nothing of it was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// For programs.
    pub code: ErrorCode,
    /// For people: what is wrong, with the field's name, and what to do.
    pub message: String,
    /// Not before, in milliseconds.
    pub retry_after_ms: Option<u32>,
}

impl ApiError {
    /// A refusal.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            retry_after_ms: None,
        }
    }

    /// No method has this name.
    #[must_use]
    pub fn method_unknown(method: &str) -> Self {
        Self::new(
            ErrorCode::MethodUnknown,
            format!("there is no method `{method}`; GET /v1/openapi.json lists them"),
        )
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.code(), refusal.to_string())
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        // The details are for the relay's log, not for the network.
        let message = match error {
            StoreError::Busy(_) => "the relay cannot take more at the moment; try again",
            StoreError::Failed(_) => "storage failed, nothing of this was stored; try again",
        };
        Self::new(error.code(), message)
    }
}
