//! Why a method was refused.

use schemars::JsonSchema;
use seqline_protocol::ErrorCode;
use serde::Serialize;

use crate::{
    check::Rejected,
    store::{Refusal, StoreError},
};

/// Why a method was refused. Nothing of it was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// For programs.
    pub code: ErrorCode,
    /// For people: what is wrong, with the field's name, and what to do.
    pub message: String,
    /// Whether the same thing, tried again later, may succeed.
    pub is_retryable: bool,
    /// Not before, in milliseconds.
    pub retry_after_ms: Option<u32>,
}

/// How a refusal is written.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Refused {
    /// What is wrong.
    pub error: ErrorBody,
}

/// What is wrong, as it is written.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Error")]
pub struct ErrorBody {
    /// For programs.
    code: ErrorCode,
    /// For people: what is wrong, with the field's name, and what to do.
    message: String,
    /// Whether the same thing, tried again later, may succeed.
    retryable: bool,
    /// Not before, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u32>,
}

impl From<ApiError> for ErrorBody {
    fn from(error: ApiError) -> Self {
        Self {
            code: error.code,
            message: error.message,
            retryable: error.is_retryable,
            retry_after_ms: error.retry_after_ms,
        }
    }
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Self {
            error: error.into(),
        }
    }
}

impl ApiError {
    /// A refusal.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            is_retryable: code.is_retryable(),
            retry_after_ms: None,
        }
    }

    /// A field is missing, of the wrong type, or out of range.
    #[must_use]
    pub fn field(name: &str, why: impl std::fmt::Display) -> Self {
        let message = match name {
            "" => why.to_string(),
            name => format!("{name}: {why}"),
        };
        Self::new(ErrorCode::FieldInvalid, message)
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

impl From<Rejected> for ApiError {
    fn from(rejected: Rejected) -> Self {
        Self {
            is_retryable: rejected.is_retryable,
            ..Self::new(ErrorCode::Rejected, rejected.reason)
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::new(error.code(), error.public_text())
    }
}
