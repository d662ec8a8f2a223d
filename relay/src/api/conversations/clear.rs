use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::{ConvId, ErrorCode, UserId};
use serde::Deserialize;

use crate::{
    api::{
        ApiError, Caller,
        commit::{Nothing, apply},
        endpoint::{Endpoint, Example, Who},
    },
    app::App,
    store::{self, Op},
};

pub(in crate::api) struct Clear;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// The conversation.
    conv: ConvId,
    /// For whom: the app's server names the user.
    #[serde(rename = "as")]
    as_user: Option<UserId>,
}

impl Endpoint for Clear {
    const NAME: &'static str = "conversations.clear";
    const SUMMARY: &'static str = "Takes a conversation off a user's list, with its messages.";
    const DETAILS: &'static str = "It comes back with the next message. Others keep everything.";
    const WHO: Who = Who::Everyone;
    const ERRORS: &'static [ErrorCode] = &[ErrorCode::ConversationUnknown];
    const EXAMPLE: Example = Example {
        params: r#"{"conv":"dm:alice:bob"}"#,
        value: "{}",
    };
    type Params = Params;
    type Value = Nothing;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Nothing, ApiError> {
        let op = Op::Clear(store::Clear {
            account: caller.user("as", params.as_user)?,
            conv: params.conv,
        });
        apply(app, op).await
    }
}
