use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::{BroadcastId, ErrorCode};
use serde::Deserialize;

use super::{
    command::{self, check_again, command, refuse},
    record::{Record, example},
};
use crate::{
    api::{
        ApiError, Caller,
        endpoint::{Endpoint, Example, Who},
    },
    app::App,
    broadcasts::check_staging,
    store::{BroadcastAction, BroadcastState, Staging},
};

pub(in crate::api) struct Stage;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// Which broadcast.
    id: BroadcastId,
    /// As it was seen: at another revision it is refused as `revision_conflict`.
    revision: u32,
    /// The users of the app's allow-list.
    #[serde(default)]
    allow_list: bool,
    /// So many of a hundred users, by a hash of user and broadcast that never changes: who is in
    /// at five percent is in at ten.
    #[serde(default)]
    #[schemars(range(max = 100))]
    percent: u8,
}

impl Endpoint for Stage {
    const NAME: &'static str = "broadcasts.stage";
    const SUMMARY: &'static str =
        "Tries a broadcast out on the allow-list, or on some of a hundred users.";
    const DETAILS: &'static str = "From a draft, or on others while it is staged. It is shown to \
        those on the allow-list (if `allow_list`) and to `percent` of a hundred users, as far as \
        they are in its audience. Called again with fewer, it disappears from those who are not in \
        any more.";
    const WHO: Who = Who::Operators;
    const ERRORS: &'static [ErrorCode] = command::ERRORS;
    const EXAMPLE: Example = Example {
        params: r#"{"id":7,"revision":1,"allow_list":true,"percent":5}"#,
        value: example!(
            "staged",
            r#""revision":2,"staging":{"allow_list":true,"percent":5},"pub_seq":12,"changed_us":1795000100000000,"published_us":1795000100000000"#
        ),
    };
    type Params = Params;
    type Value = Record;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Record, ApiError> {
        let staging = Staging {
            allow_list: params.allow_list,
            percent: params.percent,
        };
        refuse(&check_staging(staging))?;
        let of = (params.id, params.revision);
        check_again(
            app,
            caller,
            of,
            &[BroadcastState::Draft, BroadcastState::Staged],
        )
        .await?;
        command(app, caller, Some(of), BroadcastAction::Stage(staging)).await
    }
}
