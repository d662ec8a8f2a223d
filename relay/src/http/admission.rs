//! Whether there is room for one connection more, whatever carries it.

use axum::{http::StatusCode, response::Response};
use seqline_protocol::ErrorCode;

use super::{App, refusal};
use crate::hub::Membership;

/// Takes a place among the connections, or says why there is none.
pub(super) fn admit(app: &App) -> Result<Membership, Response> {
    if app.draining.is_cancelled() {
        return Err(unavailable(ErrorCode::Draining, "the relay is stopping"));
    }
    if app.hub.len() >= app.sessions_max {
        app.counters.refused(ErrorCode::Overloaded);
        return Err(unavailable(ErrorCode::Overloaded, "too many connections"));
    }
    Ok(app.hub.join())
}

fn unavailable(code: ErrorCode, text: &str) -> Response {
    refusal(StatusCode::SERVICE_UNAVAILABLE, code.as_str(), text)
}
