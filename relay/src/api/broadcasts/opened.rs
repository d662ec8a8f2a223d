use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::{BroadcastId, ErrorCode};
use serde::Deserialize;

use super::mark::mark;
use crate::{
    api::{
        ApiError, Caller,
        commit::Nothing,
        endpoint::{Endpoint, Example, Via, Who},
    },
    app::App,
};

pub(in crate::api) struct Opened;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// Which broadcasts this user has opened: from 1 to 100.
    #[schemars(length(min = 1, max = 100))]
    ids: Vec<BroadcastId>,
}

impl Endpoint for Opened {
    const NAME: &'static str = "broadcasts.opened";
    const SUMMARY: &'static str = "Tells that this user has opened broadcasts.";
    const DETAILS: &'static str = "Counted for reach, once for each user. Her other devices learn of \
        it by the item `seen` with `opened` in their timeline. Ids of what this user cannot see are \
        passed over.";
    const WHO: Who = Who::Users;
    const VIA: Via = Via::Socket;
    const ERRORS: &'static [ErrorCode] = &[];
    const EXAMPLE: Example = Example {
        params: r#"{"ids":[7]}"#,
        value: "{}",
    };
    type Params = Params;
    type Value = Nothing;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Nothing, ApiError> {
        mark(app, caller, params.ids, true).await?;
        Ok(Nothing {})
    }
}
