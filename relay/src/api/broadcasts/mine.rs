use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::{Broadcast, ErrorCode};
use serde::{Deserialize, Serialize};

use crate::{
    api::{
        ApiError, Caller,
        endpoint::{Endpoint, Example, Via, Who},
    },
    app::App,
};

pub(in crate::api) struct Mine;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {}

#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api) struct Value {
    /// By their newest change, oldest first.
    broadcasts: Vec<Broadcast>,
}

impl Endpoint for Mine {
    const NAME: &'static str = "broadcasts.mine";
    const SUMMARY: &'static str = "Lists the broadcasts that this user can see now.";
    const DETAILS: &'static str = "From the relay's memory, as this device's next pull would have \
        them. Devices that keep what they pull need not ask; one that was stopped is not in it, \
        though who has it keeps it.";
    const WHO: Who = Who::Users;
    const VIA: Via = Via::Socket;
    const ERRORS: &'static [ErrorCode] = &[];
    const EXAMPLE: Example = Example {
        params: "{}",
        value: r#"{"broadcasts":[{"id":7,"version":1,"kind":"text","title":"Sale","body":"Dear Alice, the sale has begun.","published_us":1795000100000000,"expires_us":1795600000000000}]}"#,
    };
    type Params = Params;
    type Value = Value;

    async fn run(app: &Arc<App>, caller: &Caller, _: Params) -> Result<Value, ApiError> {
        let viewer = caller.viewer()?;
        let now = app.clock.now().wall;
        if app.public.wants_lookup(viewer, now) {
            app.public.look_up(viewer.account()).await;
        }
        Ok(Value {
            broadcasts: app.public.visible(viewer, now),
        })
    }
}
