use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::{ConvId, ErrorCode, Kind, Message, Micros, MsgId, UserId};
use serde::{Deserialize, Serialize};

use crate::{
    api::{
        ApiError, Caller,
        endpoint::{Endpoint, Example, Who},
        params,
    },
    app::App,
    limits::SEARCH_TEXT_BYTES_MAX,
    store::{Found, SearchQuery},
    weight::message_bytes,
};

pub(in crate::api) struct Search;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// Words that must all occur, in any script; the last one may be the beginning of one.
    /// At most 256 bytes. Signs such as `"`, `*` or `-` have no meaning of their own.
    text: String,
    /// In this conversation only.
    conv: Option<ConvId>,
    /// Of this sender only.
    sender: Option<UserId>,
    /// Of this kind only.
    kind: Option<Kind>,
    /// Stored at this time or later, in microseconds since 1970.
    since_us: Option<Micros>,
    /// Stored before this time, in microseconds since 1970.
    until_us: Option<Micros>,
    /// `next` of the page before; the first page if absent.
    before: Option<MsgId>,
    /// How many at most, from 1 to 200; more is taken as 200. Default 50. A page ends
    /// earlier where it would become too large.
    limit: Option<u16>,
    /// Whose messages: the app's server names the user.
    #[serde(rename = "as")]
    as_user: Option<UserId>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api) struct Value {
    /// Newest first.
    messages: Vec<Message>,
    /// Asks for the next page, as `before`; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<MsgId>,
}

impl Endpoint for Search {
    const NAME: &'static str = "messages.search";
    const SUMMARY: &'static str = "Searches a user's own history.";
    const DETAILS: &'static str = "A message can be found a moment after it was stored: indexing \
        never delays sending.";
    const WHO: Who = Who::Everyone;
    const ERRORS: &'static [ErrorCode] = &[];
    const EXAMPLE: Example = Example {
        params: r#"{"text":"hello","sender":"bob","limit":1}"#,
        value: r#"{"messages":[{"msg_id":42,"client_msg_id":"hello-1","sender":"bob","conv":"dm:alice:bob","conv_seq":7,"kind":"text","body":"Hello, Alice.","created_us":1795000000000000}],"next":42}"#,
    };
    type Params = Params;
    type Value = Value;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Value, ApiError> {
        check(&params)?;
        let query = SearchQuery {
            account: caller.user("as", params.as_user)?,
            text: params.text,
            conv: params.conv,
            sender: params.sender,
            kind: params.kind,
            since: params.since_us,
            until: params.until_us,
            before: params.before.map(MsgId::get),
            limit: params::limit(params.limit)?,
            now: app.clock.now().wall,
        };
        let found = app.store.search(query).await?;
        Ok(fitting(found, caller.page_bytes_max()))
    }
}

fn check(params: &Params) -> Result<(), ApiError> {
    if !params.text.chars().any(char::is_alphanumeric) {
        let why = "there is no letter or digit in it to search for";
        return Err(ApiError::field("text", why));
    }
    let bytes = params.text.len();
    if bytes > SEARCH_TEXT_BYTES_MAX {
        let why = format!("at most {SEARCH_TEXT_BYTES_MAX} bytes, this one has {bytes}");
        return Err(ApiError::field("text", why));
    }
    match (params.since_us, params.until_us) {
        (Some(since), Some(until)) if since > until => {
            Err(ApiError::field("since_us", "it is later than `until_us`"))
        }
        _ => Ok(()),
    }
}

/// The first ones that fit, and one at least.
fn fitting(found: Found, bytes_max: usize) -> Value {
    let mut bytes = 0;
    let fit = found.messages.iter().take_while(|message| {
        bytes += message_bytes(message);
        bytes <= bytes_max
    });
    let count = fit.count().max(1);
    let is_cut = count < found.messages.len();
    let mut messages = found.messages;
    messages.truncate(count);
    let next = if is_cut {
        messages.last().map(|message| message.msg_id)
    } else {
        found.next.map(MsgId::saturating)
    };
    Value { messages, next }
}
