//! The API: named methods with JSON parameters and JSON values. The same method is reached
//! over HTTP (`POST /v1/groups/create` for `groups.create`) and, by users, over the open
//! socket (the frame `call`).
//!
//! Each method is one file, `<group>/<name>.rs`: see [`registry`].

mod allow_list;
mod broadcasts;
mod caller;
mod commit;
mod conversations;
mod devices;
mod endpoint;
mod error;
mod groups;
mod messages;
mod openapi;
mod params;
mod presence;
pub mod registry;
mod rooms;
mod timeline;
mod users;

use std::sync::Arc;

pub use self::{
    caller::{Authority, Caller, Place},
    conversations::export_pages,
    endpoint::{Example, Via, Who},
    error::{ApiError, ErrorBody, Refused},
    openapi::document,
};
use crate::app::App;

/// Calls a method by its name. Parameters and value are JSON text.
///
/// # Errors
/// [`ApiError`] with the code to answer with.
pub async fn call(
    app: &Arc<App>,
    caller: &Caller,
    method: &str,
    params: &str,
) -> Result<String, ApiError> {
    match registry::find(method) {
        Some(method) => method.call(app, caller, params).await,
        None => Err(ApiError::method_unknown(method)),
    }
}
