use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::{BroadcastId, ErrorCode};
use serde::Deserialize;

use super::command::command;
use crate::{
    api::{
        ApiError, Caller,
        commit::Nothing,
        endpoint::{Endpoint, Example, Who},
    },
    app::App,
    store::BroadcastAction,
};

pub(in crate::api) struct Delete;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// Which broadcast.
    id: BroadcastId,
    /// As it was seen: at another revision it is refused as `revision_conflict`.
    revision: u32,
}

impl Endpoint for Delete {
    const NAME: &'static str = "broadcasts.delete";
    const SUMMARY: &'static str = "Removes a broadcast, and takes it back if anyone was shown it.";
    const DETAILS: &'static str = "In any state, for good: `broadcasts.get` and `broadcasts.list` \
        do not know it any more. Its audit trail stays.";
    const WHO: Who = Who::Operators;
    const ERRORS: &'static [ErrorCode] =
        &[ErrorCode::BroadcastUnknown, ErrorCode::RevisionConflict];
    const EXAMPLE: Example = Example {
        params: r#"{"id":7,"revision":4}"#,
        value: "{}",
    };
    type Params = Params;
    type Value = Nothing;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Nothing, ApiError> {
        let of = Some((params.id, params.revision));
        command(app, caller, of, BroadcastAction::Delete).await?;
        Ok(Nothing {})
    }
}
