use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::{BroadcastId, ErrorCode};
use serde::Deserialize;

use super::command::row;
use crate::{
    api::{
        ApiError, Caller,
        endpoint::{Endpoint, Example, Who},
    },
    app::App,
    broadcasts::reach::ReachReport,
};

pub(in crate::api) struct Reach;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// Which broadcast.
    id: BroadcastId,
}

impl Endpoint for Reach {
    const NAME: &'static str = "broadcasts.reach";
    const SUMMARY: &'static str =
        "Tells how many distinct users were handed a broadcast, and how many opened it.";
    const DETAILS: &'static str = "In all, and by hour and host. Counted in sketches of fixed size, \
        merged over all relays: exact up to a few hundred users, beyond that within the standard \
        error that is given. Other relays' counts are as of their last write (half a minute ago at \
        most, by default).";
    const WHO: Who = Who::Operators;
    const ERRORS: &'static [ErrorCode] = &[ErrorCode::BroadcastUnknown];
    const EXAMPLE: Example = Example {
        params: r#"{"id":7}"#,
        value: r#"{"handed":1204332,"opened":310877,"error":0.01625,"hours_error":0.0325,"hours":[{"hour_us":1794999600000000,"host":"browser","handed":204117,"opened":61002}]}"#,
    };
    type Params = Params;
    type Value = ReachReport;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<ReachReport, ApiError> {
        // Of this app, and not deleted.
        let id = row(app, caller, params.id).await?.id;
        let now = app.clock.now().wall;
        let report = app.reach.report(&*app.store, caller.app(), id, now);
        Ok(report.await?)
    }
}
