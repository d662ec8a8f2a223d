use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::{Conversation, ErrorCode, UserId};
use serde::{Deserialize, Serialize};

use crate::{
    api::{
        ApiError, Caller,
        endpoint::{Endpoint, Example, Who},
        params,
    },
    app::App,
    store::{ConvPage, ConversationsQuery},
};

pub(in crate::api) struct List;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// `next` of the page before; the first page if absent.
    page: Option<String>,
    /// How many at most, from 1 to 200; more is taken as 200. Default 50. A page ends
    /// earlier where it would become too large.
    limit: Option<u16>,
    /// Whose: the app's server names the user.
    #[serde(rename = "as")]
    as_user: Option<UserId>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api) struct Value {
    /// Most recently active first.
    conversations: Vec<Conversation>,
    /// Asks for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl Endpoint for List {
    const NAME: &'static str = "conversations.list";
    const SUMMARY: &'static str = "Lists a user's conversations, most recently active first.";
    const WHO: Who = Who::Everyone;
    const ERRORS: &'static [ErrorCode] = &[];
    const EXAMPLE: Example = Example {
        params: r#"{"limit":1}"#,
        value: r#"{"conversations":[{"conv":"group:crew","head":7,"unread":2,"read":5,"active_us":1795000000000000,"title":"Crew"}],"next":"1795000000000000-3"}"#,
    };
    type Params = Params;
    type Value = Value;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Value, ApiError> {
        let page = params.page.map(|text| {
            let why = "it is the `next` of an earlier answer, as it was given";
            ConvPage::parse(&text).ok_or_else(|| ApiError::field("page", why))
        });
        let query = ConversationsQuery {
            account: caller.user("as", params.as_user)?,
            after: page.transpose()?,
            limit: params::limit(params.limit)?,
            bytes_max: caller.page_bytes_max(),
            now: app.clock.now().wall,
        };
        let found = app.store.conversations(query).await?;
        Ok(Value {
            conversations: found.rows,
            next: found.next.map(|next| next.to_string()),
        })
    }
}
