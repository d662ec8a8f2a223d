use std::sync::Arc;

use futures_util::{Stream, stream};
use schemars::JsonSchema;
use seqline_protocol::{AppId, ConvId, ConvSeq, ErrorCode, Message};
use serde::{Deserialize, Serialize};

use crate::{
    api::{
        ApiError, Caller,
        endpoint::{Endpoint, Example, Who},
        params,
    },
    app::App,
    limits::{EXPORT_MESSAGES_MAX, RESPONSE_PAGE_BYTES_MAX},
    store::{Actor, HistoryQuery, HistoryRange, Refusal},
};

pub(in crate::api) struct Export;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// The conversation.
    conv: ConvId,
    /// `next` of the page before; from the first message if absent.
    #[serde(default)]
    after: ConvSeq,
    /// How many at most, from 1 to 1,000; more is taken as 1,000. Default 50. A page ends
    /// earlier where it would become too large.
    limit: Option<u16>,
}

/// Messages of a conversation, oldest first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Value {
    /// By position, ascending.
    pub messages: Vec<Message>,
    /// Asks for the next page, as `after`; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<ConvSeq>,
}

impl Endpoint for Export {
    const NAME: &'static str = "conversations.export";
    const SUMMARY: &'static str = "Exports a conversation, oldest messages first.";
    const DETAILS: &'static str = "`GET /v1/conversations/export?conv=…` gives all of it at once, \
        one message a line (NDJSON).";
    const WHO: Who = Who::Server;
    const ERRORS: &'static [ErrorCode] = &[ErrorCode::ConversationUnknown];
    const EXAMPLE: Example = Example {
        params: r#"{"conv":"dm:alice:bob","after":6}"#,
        value: r#"{"messages":[{"msg_id":42,"client_msg_id":"hello-1","sender":"bob","conv":"dm:alice:bob","conv_seq":7,"kind":"text","body":"Hello, Alice.","created_us":1795000000000000}]}"#,
    };
    type Params = Params;
    type Value = Value;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Value, ApiError> {
        let limit = params::limit_up_to(EXPORT_MESSAGES_MAX, params.limit)?;
        page(app, caller.app(), &params.conv, params.after, limit).await
    }
}

/// All pages of a conversation after a message, one after the other.
pub fn pages(
    app: Arc<App>,
    of: AppId,
    conv: ConvId,
    after: ConvSeq,
) -> impl Stream<Item = Result<Value, ApiError>> {
    stream::try_unfold(Some(after), move |after| {
        let (app, of, conv) = (Arc::clone(&app), of.clone(), conv.clone());
        async move {
            let Some(after) = after else { return Ok(None) };
            let value = page(&app, &of, &conv, after, EXPORT_MESSAGES_MAX).await?;
            let next = value.next;
            Ok(Some((value, next)))
        }
    })
}

async fn page(
    app: &App,
    of: &AppId,
    conv: &ConvId,
    after: ConvSeq,
    limit: usize,
) -> Result<Value, ApiError> {
    let query = HistoryQuery {
        actor: Actor::Server(of.clone()),
        conv: conv.clone(),
        range: HistoryRange::After(after),
        limit,
        bytes_max: RESPONSE_PAGE_BYTES_MAX,
        now: app.clock.now().wall,
    };
    let found = app.store.history(query).await?;
    let page = found.ok_or(Refusal::ConversationUnknown)?;
    let last = page.messages.last().map(|message| message.conv_seq);
    Ok(Value {
        next: last.filter(|_| page.more),
        messages: page.messages,
    })
}
