use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::{ConvId, ConvSeq, ErrorCode, UserId};
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

pub(in crate::api) struct Read;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// The conversation.
    conv: ConvId,
    /// Read up to here; clipped to the newest message.
    conv_seq: ConvSeq,
    /// Who has read: the app's server names the user.
    #[serde(rename = "as")]
    as_user: Option<UserId>,
}

impl Endpoint for Read {
    const NAME: &'static str = "conversations.read";
    const SUMMARY: &'static str = "Marks a conversation as read up to a message.";
    const DETAILS: &'static str = "Marks only grow: a lower one changes nothing.";
    const WHO: Who = Who::Everyone;
    const ERRORS: &'static [ErrorCode] = &[ErrorCode::ConversationUnknown];
    const EXAMPLE: Example = Example {
        params: r#"{"conv":"dm:alice:bob","conv_seq":7}"#,
        value: "{}",
    };
    type Params = Params;
    type Value = Nothing;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Nothing, ApiError> {
        let op = Op::Read(store::Read {
            account: caller.user("as", params.as_user)?,
            conv: params.conv,
            conv_seq: params.conv_seq,
        });
        apply(app, op).await
    }
}
