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

pub(in crate::api) struct Recall;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// The conversation.
    conv: ConvId,
    /// The message's position there.
    conv_seq: ConvSeq,
    /// The app's server acts as this user; otherwise in its own right.
    #[serde(rename = "as")]
    as_user: Option<UserId>,
}

impl Endpoint for Recall {
    const NAME: &'static str = "messages.recall";
    const SUMMARY: &'static str = "Takes a message back: no one can read it any more.";
    const DETAILS: &'static str = "Its sender may do so for a while (default 2 minutes), an admin \
        of the conversation, the app's server and an operator at any time. Devices remove what they \
        have stored of it, also those that are offline now: when they come back.";
    const WHO: Who = Who::EveryoneAndOperators;
    const ERRORS: &'static [ErrorCode] = &[
        ErrorCode::ConversationUnknown,
        ErrorCode::MessageUnknown,
        ErrorCode::RecallRefused,
    ];
    const EXAMPLE: Example = Example {
        params: r#"{"conv":"dm:alice:bob","conv_seq":7}"#,
        value: "{}",
    };
    type Params = Params;
    type Value = Nothing;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Nothing, ApiError> {
        let op = Op::Recall(store::Recall {
            actor: caller.acting_as(params.as_user)?,
            conv: params.conv,
            conv_seq: params.conv_seq,
        });
        apply(app, op).await
    }
}
