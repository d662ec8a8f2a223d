use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::{ConvId, ConvSeq, ErrorCode, UserId};
use serde::{Deserialize, Serialize};

use crate::{
    api::{
        ApiError, Caller,
        endpoint::{Endpoint, Example, Who},
    },
    app::App,
    limits::READERS_NAMED_MAX,
    store::{ReceiptsQuery, Refusal},
};

pub(in crate::api) struct Receipts;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// The conversation.
    conv: ConvId,
    /// The message's position there.
    conv_seq: ConvSeq,
    /// The app's server asks as this user; otherwise in its own right.
    #[serde(rename = "as")]
    as_user: Option<UserId>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api) struct Value {
    /// Members beside the sender.
    members: u32,
    /// Of them, whose devices have it. In large groups and channels: who has read it.
    delivered: u32,
    /// Of them, who has read it.
    read: u32,
    /// The first 100 of those who have read it, by user id.
    readers: Vec<UserId>,
}

impl Endpoint for Receipts {
    const NAME: &'static str = "messages.receipts";
    const SUMMARY: &'static str = "Tells who has received and read a message.";
    const WHO: Who = Who::Everyone;
    const ERRORS: &'static [ErrorCode] = &[ErrorCode::MessageUnknown];
    const EXAMPLE: Example = Example {
        params: r#"{"conv":"group:crew","conv_seq":7}"#,
        value: r#"{"members":3,"delivered":2,"read":1,"readers":["bob"]}"#,
    };
    type Params = Params;
    type Value = Value;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Value, ApiError> {
        let query = ReceiptsQuery {
            actor: caller.acting_as(params.as_user)?,
            conv: params.conv,
            conv_seq: params.conv_seq,
            limit: READERS_NAMED_MAX,
        };
        let found = app.store.receipts(query).await?;
        let receipts = found.ok_or(Refusal::MessageUnknown)?;
        Ok(Value {
            members: receipts.members,
            delivered: receipts.delivered,
            read: receipts.read,
            readers: receipts.readers,
        })
    }
}
