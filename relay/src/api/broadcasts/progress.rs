use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::{BroadcastId, ErrorCode};
use serde::{Deserialize, Serialize};

use super::command::row;
use crate::{
    api::{
        ApiError, Caller,
        endpoint::{Endpoint, Example, Who},
    },
    app::App,
    broadcasts::wave::WaveProgress,
    store::Wave,
};

pub(in crate::api) struct Progress;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// Which broadcast.
    id: BroadcastId,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api) struct Value {
    /// The newest wave; absent, and all counts 0, if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    wave: Option<Wave>,
    /// Devices of the app that were connected when it began.
    connected: u64,
    /// Those that were told. Fewer in the end if some disconnected, or it was stopped.
    told: u64,
    /// Those of them that have pulled what they were told of.
    pulled: u64,
}

impl Endpoint for Progress {
    const NAME: &'static str = "broadcasts.progress";
    const SUMMARY: &'static str = "Tells how far the newest wave of a broadcast is.";
    const DETAILS: &'static str = "Live for devices that are connected to this relay, as of their \
        last write for others. To follow it, ask once a second while the window runs.";
    const WHO: Who = Who::Operators;
    const ERRORS: &'static [ErrorCode] = &[ErrorCode::BroadcastUnknown];
    const EXAMPLE: Example = Example {
        params: r#"{"id":7}"#,
        value: r#"{"wave":{"starts_us":1795000200000000,"window_ms":60000},"connected":15000,"told":4980,"pulled":4912}"#,
    };
    type Params = Params;
    type Value = Value;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Value, ApiError> {
        let row = row(app, caller, params.id).await?;
        let progress = match row.wave {
            Some(wave) => {
                let progress = app.waves.progress(&*app.store, caller.app(), row.id, wave);
                progress.await?
            }
            None => WaveProgress::default(),
        };
        Ok(Value {
            wave: row.wave,
            connected: progress.connected,
            told: progress.told,
            pulled: progress.pulled,
        })
    }
}
