use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::{DeviceId, ErrorCode, UserId};
use serde::{Deserialize, Serialize};

use crate::{
    api::{
        ApiError, Caller,
        commit::apply,
        endpoint::{Endpoint, Example, Who},
    },
    app::App,
    store::{EndDevice, EndSessions, Op},
};

pub(in crate::api) struct End;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// Whose: the app's server names the user.
    user: Option<UserId>,
    /// Which device.
    device: DeviceId,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api) struct Value {
    /// Whether it was connected, to whichever relay.
    ended: bool,
}

impl Endpoint for End {
    const NAME: &'static str = "devices.end";
    const SUMMARY: &'static str = "Ends a device's session and forgets the device.";
    const DETAILS: &'static str = "The device is told `session_ended` and does not come back by \
        itself. With a token that is still valid its user can connect it again.";
    const WHO: Who = Who::Everyone;
    const ERRORS: &'static [ErrorCode] = &[];
    const EXAMPLE: Example = Example {
        params: r#"{"device":"d-17"}"#,
        value: r#"{"ended":true}"#,
    };
    type Params = Params;
    type Value = Value;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Value, ApiError> {
        let account = caller.user("user", params.user)?;
        let before = app.fleet.number().await?;
        let mut is_elsewhere = false;
        if before.is_some() {
            let devices = app.store.devices(&account).await?;
            let mut devices = devices.into_iter();
            let device = devices.find(|one| one.device == params.device);
            is_elsewhere = device.is_some_and(|one| one.is_elsewhere);
        }
        let op = match before {
            None => Op::EndDevice(EndDevice {
                account: Arc::clone(&account),
                device: params.device.clone(),
            }),
            Some(before) => Op::EndSessions(EndSessions {
                account: Arc::clone(&account),
                device: Some(params.device.clone()),
                before,
            }),
        };
        apply(app, op).await?;
        if let Some(before) = before {
            app.fleet.ended(&account, Some(&params.device), before);
        }
        Ok(Value {
            ended: app.hub.end_device(&account, &params.device) || is_elsewhere,
        })
    }
}
