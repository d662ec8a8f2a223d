//! Whether there is room for one connection more, whatever carries it, and whose turn it is to log
//! in.

mod logins;

use std::sync::Arc;

use seqline_protocol::ErrorCode;

pub use self::logins::{Admitted, Logins};
use crate::{api::ApiError, app::App, hub::Membership, listener::Visitor};

/// Takes a place among the connections, for whoever made a request. Until it says `hello`, it
/// counts as a visitor.
///
/// # Errors
/// Why there is none.
pub fn admit_visitor(app: &App, visitor: &Visitor) -> Result<Membership, ApiError> {
    let mut membership = admit(app)?;
    let place = app.traffic.connect(visitor.address);
    let place = place.inspect_err(|refused| app.counters.refused(refused.code))?;
    membership.came_from(visitor.address, place, Arc::clone(&visitor.visit));
    Ok(membership)
}

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
