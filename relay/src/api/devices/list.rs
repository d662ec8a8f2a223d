use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::{DeviceId, ErrorCode, Label, Micros, UserId};
use serde::{Deserialize, Serialize};

use crate::{
    api::{
        ApiError, Caller, Place,
        endpoint::{Endpoint, Example, Who},
    },
    app::App,
};

pub(in crate::api) struct List;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// Whose: the app's server names the user.
    user: Option<UserId>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api) struct Value {
    /// Last seen first; the 100 last seen are remembered.
    devices: Vec<Device>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Device {
    /// Its own id.
    device: DeviceId,
    /// What kind it is.
    platform: Label,
    /// What runs the client.
    host: String,
    /// The app's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    app_version: Option<String>,
    /// When it first connected, in microseconds since 1970.
    first_seen_us: Micros,
    /// When it last connected or disconnected, in microseconds since 1970.
    last_seen_us: Micros,
    /// Whether it is connected, to whichever relay.
    online: bool,
    /// Whether it is the one that asks.
    current: bool,
}

impl Endpoint for List {
    const NAME: &'static str = "devices.list";
    const SUMMARY: &'static str = "Lists a user's devices, last seen first.";
    const WHO: Who = Who::Everyone;
    const ERRORS: &'static [ErrorCode] = &[];
    const EXAMPLE: Example = Example {
        params: "{}",
        value: r#"{"devices":[{"device":"d-17","platform":"phone","host":"browser","first_seen_us":1795000000000000,"last_seen_us":1795003600000000,"online":true,"current":true}]}"#,
    };
    type Params = Params;
    type Value = Value;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Value, ApiError> {
        let account = caller.user("user", params.user)?;
        let online = app.hub.online(&account);
        let rows = app.store.devices(&account).await?;
        let devices = rows.into_iter().map(|row| Device {
            online: row.is_elsewhere || online.contains(&row.device),
            current: matches!(&caller.place, Place::Socket { device, .. } if *device == row.device),
            device: row.device,
            platform: row.platform,
            host: row.host,
            app_version: row.app_version,
            first_seen_us: row.first,
            last_seen_us: row.last,
        });
        Ok(Value {
            devices: devices.collect(),
        })
    }
}
