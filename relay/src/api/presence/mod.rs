//! Who is online, where users share it.

mod get;
mod share;
mod unwatch;
mod watch;

use schemars::JsonSchema;
use seqline_protocol::UserId;
use serde::{Deserialize, Serialize};

pub(super) use self::{get::Get, share::Share, unwatch::Unwatch, watch::Watch};
use crate::presence::Seen;

/// Whose presence is asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Users {
    /// Whose: from 1 to 200 users.
    #[schemars(length(min = 1, max = 200))]
    users: Vec<UserId>,
}

/// How users look now.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Presences {
    /// In the order in which they were named. Who does not share it, or is not known,
    /// looks like someone who never was here.
    users: Vec<Seen>,
}
