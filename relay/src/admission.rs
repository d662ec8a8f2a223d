//! Whether there is room for one connection more, whatever carries it.

use seqline_protocol::ErrorCode;

use crate::{api::ApiError, app::App, hub::Membership};

/// Takes a place among the connections.
///
/// # Errors
/// Why there is none.
pub fn admit(app: &App) -> Result<Membership, ApiError> {
    if app.draining.is_cancelled() {
        return Err(ApiError::new(ErrorCode::Draining, "the relay is stopping"));
    }
    if app.hub.len() >= app.sessions_max {
        app.counters.refused(ErrorCode::Overloaded);
        let text = "too many connections";
        return Err(ApiError::new(ErrorCode::Overloaded, text));
    }
    Ok(app.hub.join())
}
