//! Live rooms, which keep nothing.

mod join;
mod leave;
mod send;

use schemars::JsonSchema;
use seqline_protocol::ConvId;
use serde::Deserialize;

pub(super) use self::{join::Join, leave::Leave, send::Send};

/// Which room.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Room {
    /// `room:…`, a name that the app chooses. There is no need to make it first.
    conv: ConvId,
}
