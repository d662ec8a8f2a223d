//! Stores, for methods that write.

use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::ErrorCode;
use serde::Serialize;

use super::ApiError;
use crate::{
    app::App,
    store::{Done, Op, OpResult, StoreError},
};

/// Nothing to say beside that it is so now: `{}`.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Nothing {}

/// Stores one operation.
pub(super) async fn commit(app: &Arc<App>, op: Op) -> Result<Done, ApiError> {
    outcome(app.writer.commit(op).await)
}

/// Stores one operation of which there is nothing to tell.
pub(super) async fn apply(app: &Arc<App>, op: Op) -> Result<Nothing, ApiError> {
    commit(app, op).await.map(|_| Nothing {})
}

/// What a store's result is to the caller.
pub(super) fn outcome(result: Result<OpResult, StoreError>) -> Result<Done, ApiError> {
    Ok(result??)
}

/// The store did something else than it was asked for.
pub(super) fn unexpected(done: &Done) -> ApiError {
    tracing::error!(?done, "an operation came to something else");
    ApiError::new(ErrorCode::Internal, "storage gave an unexpected answer")
}
