use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::{BroadcastId, ErrorCode};
use serde::{Deserialize, Serialize};

use super::mark::mark;
use crate::{
    api::{
        ApiError, Caller,
        endpoint::{Endpoint, Example, Via, Who},
    },
    app::App,
};

pub(in crate::api) struct Seen;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// Which broadcasts this device is about to show as new: from 1 to 100.
    #[schemars(length(min = 1, max = 100))]
    ids: Vec<BroadcastId>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api) struct Value {
    /// Those that no other device of this user has shown.
    new: Vec<BroadcastId>,
}

impl Endpoint for Seen {
    const NAME: &'static str = "broadcasts.seen";
    const SUMMARY: &'static str = "Claims broadcasts, so that a user is shown each as new once.";
    const DETAILS: &'static str = "The first device of a user that claims a broadcast shows it as \
        new, also if it asks again; the others list it. They learn of it by the item `seen` in \
        their timeline. Not needed for broadcasts with `every_device`. Ids of what this user cannot \
        see are passed over.";
    const WHO: Who = Who::Users;
    const VIA: Via = Via::Socket;
    const ERRORS: &'static [ErrorCode] = &[];
    const EXAMPLE: Example = Example {
        params: r#"{"ids":[7,8]}"#,
        value: r#"{"new":[8]}"#,
    };
    type Params = Params;
    type Value = Value;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Value, ApiError> {
        let new = mark(app, caller, params.ids, false).await?;
        Ok(Value { new })
    }
}
