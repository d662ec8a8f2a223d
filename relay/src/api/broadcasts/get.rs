use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::{BroadcastId, ErrorCode};
use serde::Deserialize;

use super::{
    command::row,
    record::{Record, example},
};
use crate::{
    api::{
        ApiError, Caller,
        endpoint::{Endpoint, Example, Who},
    },
    app::App,
};

pub(in crate::api) struct Get;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// Which broadcast.
    id: BroadcastId,
}

impl Endpoint for Get {
    const NAME: &'static str = "broadcasts.get";
    const SUMMARY: &'static str = "Tells what a broadcast is like.";
    const WHO: Who = Who::Operators;
    const ERRORS: &'static [ErrorCode] = &[ErrorCode::BroadcastUnknown];
    const EXAMPLE: Example = Example {
        params: r#"{"id":7}"#,
        value: example!(
            "published",
            r#""revision":3,"staging":{"allow_list":true,"percent":5},"pub_seq":12,"changed_us":1795000200000000,"published_us":1795000100000000"#
        ),
    };
    type Params = Params;
    type Value = Record;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Record, ApiError> {
        let row = row(app, caller, params.id).await?;
        Ok(Record::of(row, app.clock.now().wall))
    }
}
