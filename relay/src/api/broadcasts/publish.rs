use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::{BroadcastId, ErrorCode};
use serde::Deserialize;

use super::{
    command::{self, check_again, command},
    record::{Record, example},
};
use crate::{
    api::{
        ApiError, Caller,
        endpoint::{Endpoint, Example, Who},
    },
    app::App,
    store::{BroadcastAction, BroadcastState},
};

pub(in crate::api) struct Publish;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// Which broadcast.
    id: BroadcastId,
    /// As it was seen: at another revision it is refused as `revision_conflict`.
    revision: u32,
    /// Tells the users who are connected as well. Otherwise devices learn of it when they pull
    /// next: when they connect, come to the foreground, or after `welcome.pub_refresh_ms`.
    wave: Option<Told>,
}

/// Telling the users who are connected.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "BroadcastsPublishWave")]
struct Told {
    /// The time over which it is spread evenly, in milliseconds, from now on: 100 to 86,400,000
    /// (a day). Plan for what follows: 15,000 users in 10 s are 1,500 pulls a second.
    #[schemars(range(min = 100, max = 86_400_000))]
    window_ms: u64,
}

impl Endpoint for Publish {
    const NAME: &'static str = "broadcasts.publish";
    const SUMMARY: &'static str = "Shows a broadcast to everyone it is for.";
    const DETAILS: &'static str = "From a draft, staged, or stopped. One row is written, whatever the \
        number of users; every relay shows it after its next poll (a second, by default). Users who \
        come later, upgrade, or join a segment get what is still valid then.";
    const WHO: Who = Who::Operators;
    const ERRORS: &'static [ErrorCode] = command::ERRORS;
    const EXAMPLE: Example = Example {
        params: r#"{"id":7,"revision":2,"wave":{"window_ms":60000}}"#,
        value: example!(
            "published",
            r#""revision":3,"staging":{"allow_list":true,"percent":5},"wave":{"starts_us":1795000200000000,"window_ms":60000},"pub_seq":13,"changed_us":1795000200000000,"published_us":1795000100000000"#
        ),
    };
    type Params = Params;
    type Value = Record;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Record, ApiError> {
        let told = params.wave;
        let wave = told.map(|told| command::wave(app, "wave.window_ms", told.window_ms));
        let action = BroadcastAction::Publish(wave.transpose()?);
        let of = (params.id, params.revision);
        let from = [
            BroadcastState::Draft,
            BroadcastState::Staged,
            BroadcastState::Stopped,
        ];
        check_again(app, caller, of, &from).await?;
        command(app, caller, Some(of), action).await
    }
}
