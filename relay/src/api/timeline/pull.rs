use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::{Entry, ErrorCode, Micros, Seq, UserId};
use serde::{Deserialize, Serialize};

use crate::{
    api::{
        ApiError, Caller,
        endpoint::{Endpoint, Example, Who},
        messages::range,
        params,
    },
    app::App,
    store::{PageQuery, PageRange, Timeline},
};

pub(in crate::api) struct Pull;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// The oldest entries after this seq. Refused beyond the newest entry.
    after: Option<Seq>,
    /// The newest entries before this seq. Refused beyond the one after the newest entry.
    before: Option<Seq>,
    /// The oldest entries written at this time or later, in microseconds since 1970.
    since_us: Option<Micros>,
    /// The newest entries written before this time, in microseconds since 1970.
    until_us: Option<Micros>,
    /// How many at most, from 1 to 200; more is taken as 200. Default 50. A page ends
    /// earlier where it would become too large.
    limit: Option<u16>,
    /// Whose: the app's server names the user.
    #[serde(rename = "as")]
    as_user: Option<UserId>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api) struct Value {
    /// By seq, ascending, without holes.
    entries: Vec<Entry>,
    /// The newest seq.
    head: Seq,
    /// The oldest seq that is still kept. Asked for entries after one below it, the answer
    /// starts here: what came between is in the conversations' history only.
    floor: Seq,
}

impl Endpoint for Pull {
    const NAME: &'static str = "timeline.pull";
    const SUMMARY: &'static str = "Reads a user's timeline, by seq or by time, in both directions.";
    const DETAILS: &'static str = "Without a seq or a time: the oldest entries that are kept.";
    const WHO: Who = Who::Everyone;
    const ERRORS: &'static [ErrorCode] = &[];
    const EXAMPLE: Example = Example {
        params: r#"{"after":11,"limit":1}"#,
        value: r#"{"entries":[{"seq":12,"item":{"read":{"conv":"dm:alice:bob","conv_seq":7}}}],"head":20,"floor":1}"#,
    };
    type Params = Params;
    type Value = Value;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Value, ApiError> {
        let account = caller.user("as", params.as_user)?;
        let range = range([
            ("after", params.after.map(PageRange::After)),
            ("before", params.before.map(PageRange::Before)),
            ("since_us", params.since_us.map(PageRange::Since)),
            ("until_us", params.until_us.map(PageRange::Until)),
        ])?;
        let range = range.unwrap_or(PageRange::After(Seq::ZERO));
        let query = PageQuery {
            timeline: Timeline::User(Arc::clone(&account)),
            account,
            range,
            limit: params::limit(params.limit)?,
            bytes_max: caller.page_bytes_max(),
            now: app.clock.now().wall,
        };
        let page = app.store.page(query).await?;
        let newest = page.head;
        let beyond = |field| {
            Err(ApiError::field(
                field,
                format!("the newest seq is {newest}"),
            ))
        };
        match range {
            PageRange::After(after) if after > newest => beyond("after"),
            PageRange::Before(before) if before > newest.next() => beyond("before"),
            _ => Ok(Value {
                entries: page.entries,
                head: page.head,
                floor: page.floor,
            }),
        }
    }
}
