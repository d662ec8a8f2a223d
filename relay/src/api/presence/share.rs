use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::{ErrorCode, UserId};
use serde::Deserialize;

use crate::{
    api::{
        ApiError, Caller,
        commit::{Nothing, apply},
        endpoint::{Endpoint, Example, Who},
    },
    app::App,
    store::{Op, Presence},
};

pub(in crate::api) struct Share;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// Whether other users may see when this one is online. Off until it is turned on.
    shared: bool,
    /// Whose presence: the app's server names the user.
    #[serde(rename = "as")]
    as_user: Option<UserId>,
}

impl Endpoint for Share {
    const NAME: &'static str = "presence.share";
    const SUMMARY: &'static str = "Lets others see when a user is online, or no longer.";
    const WHO: Who = Who::Everyone;
    const ERRORS: &'static [ErrorCode] = &[];
    const EXAMPLE: Example = Example {
        params: r#"{"shared":true}"#,
        value: "{}",
    };
    type Params = Params;
    type Value = Nothing;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Nothing, ApiError> {
        let account = caller.user("as", params.as_user)?;
        let op = Op::Presence(Presence {
            account: Arc::clone(&account),
            is_shared: params.shared,
        });
        let done = apply(app, op).await?;
        app.presence.shared(&account, params.shared);
        Ok(done)
    }
}
