use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::{ConvId, ErrorCode, Kind, Priority};
use serde::Deserialize;

use crate::{
    api::{
        ApiError, Caller,
        commit::Nothing,
        endpoint::{Endpoint, Example, Via, Who},
    },
    app::App,
};

pub(in crate::api) struct Send;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// A room that this session has joined.
    conv: ConvId,
    /// What the body is: `text`, or a name that the app chooses.
    #[serde(default = "Kind::text")]
    kind: Kind,
    /// Opaque to the relay. At most 1 KiB as JSON writes it.
    body: String,
    /// Under load the least important ones are dropped first.
    #[serde(default)]
    priority: Priority,
}

impl Endpoint for Send {
    const NAME: &'static str = "rooms.send";
    const SUMMARY: &'static str = "Says something in a live room, best effort.";
    const DETAILS: &'static str = "Nothing is kept. Under load it may be dropped, the least \
        important first.";
    const WHO: Who = Who::Users;
    const VIA: Via = Via::Socket;
    const ERRORS: &'static [ErrorCode] = &[
        ErrorCode::BodyTooLarge,
        ErrorCode::ConversationUnknown,
        ErrorCode::RateLimited,
    ];
    const EXAMPLE: Example = Example {
        params: r#"{"conv":"room:match-7","body":"Goal!"}"#,
        value: "{}",
    };
    type Params = Params;
    type Value = Nothing;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Nothing, ApiError> {
        let (account, mailbox) = caller.session()?;
        let Params {
            conv,
            kind,
            body,
            priority,
        } = params;
        app.rooms
            .send(account, mailbox, &conv, kind, body, priority)?;
        Ok(Nothing {})
    }
}
