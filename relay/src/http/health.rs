//! For whoever watches the process: is it alive, and may it be given work?

use std::sync::Arc;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::refusal;
use crate::app::App;

/// The process answers.
pub(super) async fn alive() -> &'static str {
    "alive\n"
}

/// The database answers too, and the relay is not stopping.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Response {
    if app.draining.is_cancelled() {
        return refusal(
            StatusCode::SERVICE_UNAVAILABLE,
            "draining",
            "the relay is stopping",
        );
    }
    match app.store.ping().await {
        Ok(()) => "ready\n".into_response(),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            let text = "the database does not answer";
            refusal(StatusCode::SERVICE_UNAVAILABLE, error.code().as_str(), text)
        }
    }
}
