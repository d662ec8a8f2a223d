use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::{BroadcastId, ErrorCode, Micros, PubSeq, UserId};
use serde::{Deserialize, Serialize};

use crate::{
    api::{
        ApiError, Caller,
        endpoint::{Endpoint, Example, Who},
        params,
    },
    app::App,
    store::AuditRow,
};

pub(in crate::api) struct Audit;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// Only of this broadcast; of all and of the allow-list, if absent.
    id: Option<BroadcastId>,
    /// Only lines before this one: the `next` of the page before.
    before: Option<u64>,
    /// So many at most: 50 unless given, 200 at most.
    limit: Option<u16>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api) struct Value {
    /// Newest first.
    lines: Vec<Line>,
    /// There are more: go on with this as `before`.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<u64>,
}

/// One thing that an operator did.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AuditLine")]
struct Line {
    /// Its position in the trail.
    id: u64,
    /// With which broadcast; absent for the allow-list.
    #[serde(skip_serializing_if = "Option::is_none")]
    broadcast: Option<BroadcastId>,
    /// Who: the `sub` of the token.
    operator: UserId,
    /// When, in microseconds since 1970.
    at_us: Micros,
    /// What: `create`, `edit`, `stage`, `publish`, `wave`, `stop`, `recall`, `delete`,
    /// `allow_list_replace`, `allow_list_add` or `allow_list_remove`.
    action: String,
    /// The broadcast's revision afterwards; 0 for the allow-list.
    revision: u32,
    /// The number of the change, if it changed who sees what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub_seq: Option<PubSeq>,
    /// What it was given, for people to read.
    details: serde_json::Value,
}

impl Endpoint for Audit {
    const NAME: &'static str = "broadcasts.audit";
    const SUMMARY: &'static str =
        "Tells who did what with broadcasts and the allow-list, newest first.";
    const DETAILS: &'static str = "Kept for good, also of broadcasts that are deleted. What was \
        refused is not in it: nothing was done.";
    const WHO: Who = Who::Operators;
    const ERRORS: &'static [ErrorCode] = &[];
    const EXAMPLE: Example = Example {
        params: r#"{"id":7,"limit":1}"#,
        value: r#"{"lines":[{"id":31,"broadcast":7,"operator":"olga","at_us":1795000100000000,"action":"stage","revision":2,"pub_seq":12,"details":{"allow_list":true,"percent":5}}],"next":31}"#,
    };
    type Params = Params;
    type Value = Value;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Value, ApiError> {
        let limit = params::limit(params.limit)?;
        let rows = app
            .store
            .audit(caller.app(), params.id, params.before, limit + 1);
        let mut rows = rows.await?;
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let lines: Vec<Line> = rows.into_iter().map(line).collect();
        Ok(Value {
            next: lines.last().map(|last| last.id).filter(|_| has_more),
            lines,
        })
    }
}

fn line(row: AuditRow) -> Line {
    // Written by the relay as JSON; shown as it is, should it be none.
    let details = serde_json::from_str(&row.details);
    Line {
        id: row.id,
        broadcast: row.broadcast,
        operator: row.operator,
        at_us: row.at,
        action: row.action,
        revision: row.revision,
        pub_seq: row.pub_seq,
        details: details.unwrap_or_else(|_| row.details.into()),
    }
}
