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

pub(in crate::api) struct Delete;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// The conversation.
    conv: ConvId,
    /// The message's position there.
    conv_seq: ConvSeq,
    /// For whom: the app's server names the user.
    #[serde(rename = "as")]
    as_user: Option<UserId>,
}

impl Endpoint for Delete {
    const NAME: &'static str = "messages.delete";
    const SUMMARY: &'static str = "Deletes a message for one user; others keep it.";
    const WHO: Who = Who::Everyone;
    const ERRORS: &'static [ErrorCode] =
        &[ErrorCode::ConversationUnknown, ErrorCode::MessageUnknown];
    const EXAMPLE: Example = Example {
        params: r#"{"conv":"dm:alice:bob","conv_seq":7}"#,
        value: "{}",
    };
    type Params = Params;
    type Value = Nothing;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Nothing, ApiError> {
        let op = Op::Delete(store::Delete {
            account: caller.user("as", params.as_user)?,
            conv: params.conv,
            conv_seq: params.conv_seq,
        });
        apply(app, op).await
    }
}
