use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::{ConvId, ConvSeq, ErrorCode, Micros, UserId};
use serde::{Deserialize, Serialize};

use super::record::Record;
use crate::{
    api::{
        ApiError, Caller,
        endpoint::{Endpoint, Example, Who},
        params,
    },
    app::App,
    store::{Actor, HistoryPage, HistoryQuery, HistoryRange, Refusal},
};

pub(in crate::api) struct List;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// The conversation.
    conv: ConvId,
    /// The newest messages before this position; together with `after`, only those between.
    before: Option<ConvSeq>,
    /// The oldest messages after this position.
    after: Option<ConvSeq>,
    /// The oldest messages stored at this time or later, in microseconds since 1970.
    since_us: Option<Micros>,
    /// The newest messages stored before this time, in microseconds since 1970.
    until_us: Option<Micros>,
    /// How many at most, from 1 to 200; more is taken as 200. Default 50. A page ends
    /// earlier where it would become too large.
    limit: Option<u16>,
    /// The app's server asks as this user: only what she may see, with her read flags.
    #[serde(rename = "as")]
    as_user: Option<UserId>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api) struct Value {
    /// By position, ascending.
    messages: Vec<Record>,
    /// Whether there are more in the direction that was asked for.
    more: bool,
}

impl Endpoint for List {
    const NAME: &'static str = "messages.list";
    const SUMMARY: &'static str = "Lists messages of a conversation, by position or by time.";
    const DETAILS: &'static str = "Without a position or a time: the newest ones. A user sees what \
        she may see: since she joined, and not what she deleted. The app's server sees everything.";
    const WHO: Who = Who::Everyone;
    const ERRORS: &'static [ErrorCode] = &[ErrorCode::ConversationUnknown];
    const EXAMPLE: Example = Example {
        params: r#"{"conv":"dm:alice:bob","before":8,"limit":1}"#,
        value: r#"{"messages":[{"msg_id":42,"client_msg_id":"hello-1","sender":"bob","conv":"dm:alice:bob","conv_seq":7,"kind":"text","body":"Hello, Alice.","created_us":1795000000000000,"app":"dev","receiver":"alice","peer":"bob","category":"direct","read":true}],"more":true}"#,
    };
    type Params = Params;
    type Value = Value;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Value, ApiError> {
        let actor = caller.acting_as(params.as_user.clone())?;
        let range = match (params.before, params.after) {
            (Some(before), Some(after)) if params.since_us.or(params.until_us).is_none() => {
                HistoryRange::Before(before, Some(after))
            }
            _ => range([
                (
                    "before",
                    params.before.map(|at| HistoryRange::Before(at, None)),
                ),
                ("after", params.after.map(HistoryRange::After)),
                ("since_us", params.since_us.map(HistoryRange::Since)),
                ("until_us", params.until_us.map(HistoryRange::Until)),
            ])?
            .unwrap_or(HistoryRange::Newest),
        };
        let query = HistoryQuery {
            actor: actor.clone(),
            conv: params.conv.clone(),
            range,
            limit: params::limit(params.limit)?,
            bytes_max: caller.page_bytes_max(),
            now: app.clock.now().wall,
        };
        let page = match app.store.history(query).await? {
            Some(page) => page,
            None => nothing_said(&actor, &params.conv)?,
        };
        let record = |message| Record::of(message, &actor, page.read);
        Ok(Value {
            messages: page.messages.into_iter().map(record).collect(),
            more: page.more,
        })
    }
}

/// The one of these that is given; refuses more than one.
pub(in crate::api) fn range<T>(
    given: [(&'static str, Option<T>); 4],
) -> Result<Option<T>, ApiError> {
    let mut given = given
        .into_iter()
        .filter_map(|(name, range)| Some((name, range?)));
    match (given.next(), given.next()) {
        (Some((first, _)), Some((second, _))) => {
            let why = format!("it cannot be combined with `{first}`");
            Err(ApiError::field(second, why))
        }
        (one, _) => Ok(one.map(|(_, range)| range)),
    }
}

/// Someone who takes part in a conversation in which nothing was said sees an empty one.
fn nothing_said(actor: &Actor, conv: &ConvId) -> Result<HistoryPage, ApiError> {
    match actor {
        Actor::User(account) if account.takes_part_in(conv) => Ok(HistoryPage::default()),
        _ => Err(Refusal::ConversationUnknown.into()),
    }
}
