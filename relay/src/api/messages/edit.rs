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
    intake,
    store::{self, Op},
};

pub(in crate::api) struct Edit;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// The conversation.
    conv: ConvId,
    /// The message's position there.
    conv_seq: ConvSeq,
    /// The new body, of the same kind. At most 32 KiB as JSON writes it.
    body: String,
    /// The app's server acts as this user; otherwise in its own right.
    #[serde(rename = "as")]
    as_user: Option<UserId>,
}

impl Endpoint for Edit {
    const NAME: &'static str = "messages.edit";
    const SUMMARY: &'static str = "Gives a message another body.";
    const DETAILS: &'static str = "Its sender may do so for a while (default 15 minutes), the \
        app's server at any time.";
    const WHO: Who = Who::Everyone;
    const ERRORS: &'static [ErrorCode] = &[
        ErrorCode::BodyTooLarge,
        ErrorCode::ConversationUnknown,
        ErrorCode::MessageUnknown,
        ErrorCode::EditRefused,
    ];
    const EXAMPLE: Example = Example {
        params: r#"{"conv":"dm:alice:bob","conv_seq":7,"body":"Hello, dear Bob."}"#,
        value: "{}",
    };
    type Params = Params;
    type Value = Nothing;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Nothing, ApiError> {
        intake::check_body(&params.body)?;
        let op = Op::Edit(store::Edit {
            actor: caller.acting_as(params.as_user)?,
            conv: params.conv,
            conv_seq: params.conv_seq,
            body: params.body,
        });
        apply(app, op).await
    }
}
