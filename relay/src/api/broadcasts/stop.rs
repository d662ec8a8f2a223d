use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::{BroadcastId, ErrorCode};
use serde::Deserialize;

use super::{
    command::{self, command},
    record::{Record, example},
};
use crate::{
    api::{
        ApiError, Caller,
        endpoint::{Endpoint, Example, Who},
    },
    app::App,
    store::BroadcastAction,
};

pub(in crate::api) struct Stop;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// Which broadcast.
    id: BroadcastId,
    /// As it was seen: at another revision it is refused as `revision_conflict`.
    revision: u32,
}

impl Endpoint for Stop {
    const NAME: &'static str = "broadcasts.stop";
    const SUMMARY: &'static str =
        "Shows a broadcast to no one else; who has it keeps it until it expires.";
    const DETAILS: &'static str = "While it is staged or published. It can be published again. To take it away from those who \
        have it, recall it.";
    const WHO: Who = Who::Operators;
    const ERRORS: &'static [ErrorCode] = command::ERRORS;
    const EXAMPLE: Example = Example {
        params: r#"{"id":7,"revision":3}"#,
        value: example!(
            "stopped",
            r#""revision":4,"staging":{"allow_list":false,"percent":0},"pub_seq":14,"changed_us":1795000300000000,"published_us":1795000100000000"#
        ),
    };
    type Params = Params;
    type Value = Record;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Record, ApiError> {
        let of = Some((params.id, params.revision));
        command(app, caller, of, BroadcastAction::Stop).await
    }
}
