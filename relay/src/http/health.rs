//! For whoever watches the process: is it alive, and may it be given work?

use std::{sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use tokio::time::timeout;

use super::refusal;
use crate::{app::App, limits::READY_WAIT_MS, store::StoreError};

/// The process answers.
pub(super) async fn alive() -> &'static str {
    "alive\n"
}

/// The database answers too and takes writes, and the relay is not stopping. It is tried with a
/// write only after one failed, so that asking costs a healthy database next to nothing.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Response {
    if app.draining.is_cancelled() {
        return refusal(
            StatusCode::SERVICE_UNAVAILABLE,
            "draining",
            "the relay is stopping",
        );
    }
    let wait = Duration::from_millis(READY_WAIT_MS);
    let answer = timeout(wait, storage(&app)).await;
    match answer.unwrap_or_else(|_| Err(StoreError::Busy(format!("no answer within {wait:?}")))) {
        Ok(()) => "ready\n".into_response(),
        Err(error) => {
            tracing::warn!(%error, advice = error.advice(), "not ready");
            let code = error.code().as_str();
            refusal(StatusCode::SERVICE_UNAVAILABLE, code, error.public_text())
        }
    }
}

async fn storage(app: &App) -> Result<(), StoreError> {
    app.store.ping().await?;
    if app.store_health.failure().is_some() {
        app.store.probe().await?;
        app.store_health.succeeded();
    }
    Ok(())
}
