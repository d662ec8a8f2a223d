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

pub(in crate::api) struct Wave;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// Which broadcast.
    id: BroadcastId,
    /// As it was seen: at another revision it is refused as `revision_conflict`.
    revision: u32,
    /// The time over which it is spread evenly, in milliseconds, from now on: 100 to 86,400,000
    /// (a day).
    #[schemars(range(min = 100, max = 86_400_000))]
    window_ms: u64,
}

impl Endpoint for Wave {
    const NAME: &'static str = "broadcasts.wave";
    const SUMMARY: &'static str = "Tells the users who are connected of a broadcast, over a while.";
    const DETAILS: &'static str = "While it is staged or published. Each connected device gets a \
        `notify` at a moment of the window that a hash of its user decides, and pulls; neither \
        costs a query. A wave that is under way is replaced. `broadcasts.progress` tells how far it \
        is.";
    const WHO: Who = Who::Operators;
    const ERRORS: &'static [ErrorCode] = command::ERRORS;
    const EXAMPLE: Example = Example {
        params: r#"{"id":7,"revision":3,"window_ms":60000}"#,
        value: example!(
            "published",
            r#""revision":4,"staging":{"allow_list":false,"percent":0},"wave":{"starts_us":1795000300000000,"window_ms":60000},"pub_seq":14,"changed_us":1795000300000000,"published_us":1795000100000000"#
        ),
    };
    type Params = Params;
    type Value = Record;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Record, ApiError> {
        let wave = command::wave(app, "window_ms", params.window_ms)?;
        let of = Some((params.id, params.revision));
        command(app, caller, of, BroadcastAction::Wave(wave)).await
    }
}
