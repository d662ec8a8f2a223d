//! The API: named methods with JSON parameters and JSON values. The same method is reached
//! over HTTP (`POST /v1/groups/create` for `groups.create`) and, by users, over the open
//! socket (the frame `call`).

mod caller;
mod error;

use std::sync::Arc;

pub use self::{
    caller::{Caller, Place},
    error::ApiError,
};
use crate::http::App;

/// Calls a method by its name. Parameters and value are JSON text.
///
/// # Errors
/// [`ApiError`] with the code to answer with.
pub async fn call(
    _app: &Arc<App>,
    _caller: &Caller,
    method: &str,
    _params: &str,
) -> Result<String, ApiError> {
    Err(ApiError::method_unknown(method))
}
