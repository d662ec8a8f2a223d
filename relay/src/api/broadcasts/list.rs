use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::{BroadcastId, ErrorCode};
use serde::{Deserialize, Serialize};

use super::record::{Record, State};
use crate::{
    api::{
        ApiError, Caller,
        endpoint::{Endpoint, Example, Who},
        params,
    },
    app::App,
    limits::RESPONSE_PAGE_BYTES_MAX,
    store::BroadcastState,
};

pub(in crate::api) struct List;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// Only those in one of these states; in any, if it is empty.
    #[serde(default)]
    states: Vec<State>,
    /// Only those with lower ids: the `next` of the page before.
    before: Option<BroadcastId>,
    /// So many at most: 50 unless given, 200 at most.
    limit: Option<u16>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api) struct Value {
    /// Newest first.
    broadcasts: Vec<Record>,
    /// There may be more: go on with this as `before`.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<BroadcastId>,
}

impl Endpoint for List {
    const NAME: &'static str = "broadcasts.list";
    const SUMMARY: &'static str = "Lists broadcasts, newest first, in all states or in some.";
    const DETAILS: &'static str = "Deleted ones are left out. While there is a `next`, there may be \
        more, also where a page has fewer than `limit`.";
    const WHO: Who = Who::Operators;
    const ERRORS: &'static [ErrorCode] = &[];
    const EXAMPLE: Example = Example {
        params: r#"{"states":["staged","published"],"limit":20}"#,
        value: r#"{"broadcasts":[{"id":7,"state":"staged","revision":2,"version":1,"content":{"kind":"text","title":"Sale","body":"The sale has begun."},"audience":{},"staging":{"allow_list":true,"percent":5},"every_device":false,"pub_seq":12,"created_us":1795000000000000,"changed_us":1795000100000000,"published_us":1795000100000000}]}"#,
    };
    type Params = Params;
    type Value = Value;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Value, ApiError> {
        let limit = params::limit(params.limit)?;
        let now = app.clock.now().wall;
        let mut stored: Vec<BroadcastState> = params
            .states
            .iter()
            .flat_map(|one| one.stored())
            .copied()
            .collect();
        stored.sort_unstable();
        stored.dedup();
        let mut page = Page::default();
        let mut before = params.before;
        // More than once only where many have expired, which the store does not tell apart.
        for _ in 0..READS_MAX {
            let rows = app
                .store
                .broadcasts(caller.app(), before, &stored, limit + 1)
                .await?;
            let is_last = rows.len() <= limit;
            for row in rows.into_iter().take(limit) {
                let record = Record::of(row, now);
                let is_wanted = params.states.is_empty() || params.states.contains(&record.state);
                if is_wanted && !page.takes(&record, limit) {
                    return Ok(page.with_next(before));
                }
                before = Some(record.id());
                if is_wanted {
                    page.add(record);
                }
            }
            if is_last {
                return Ok(page.with_next(None));
            }
            if page.is_full(limit) {
                break;
            }
        }
        Ok(page.with_next(before))
    }
}

/// Reads of the store for one page; it then ends with what was found.
const READS_MAX: usize = 5;

#[derive(Default)]
struct Page {
    records: Vec<Record>,
    bytes: usize,
}

impl Page {
    /// Whether there is room for one more. There is for the first, however large.
    fn takes(&self, record: &Record, limit: usize) -> bool {
        let fits = self.bytes + record.bytes() <= RESPONSE_PAGE_BYTES_MAX;
        self.records.is_empty() || (fits && !self.is_full(limit))
    }

    fn is_full(&self, limit: usize) -> bool {
        self.records.len() >= limit
    }

    fn add(&mut self, record: Record) {
        self.bytes += record.bytes();
        self.records.push(record);
    }

    fn with_next(self, next: Option<BroadcastId>) -> Value {
        Value {
            broadcasts: self.records,
            next,
        }
    }
}
