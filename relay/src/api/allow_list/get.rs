use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::ErrorCode;
use serde::Deserialize;

use super::change::AllowList;
use crate::{
    api::{
        ApiError, Caller,
        endpoint::{Endpoint, Example, Who},
    },
    app::App,
};

pub(in crate::api) struct Get;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {}

impl Endpoint for Get {
    const NAME: &'static str = "allow_list.get";
    const SUMMARY: &'static str = "Lists the users of the allow-list.";
    const DETAILS: &'static str = "Broadcasts are tried out on them (`broadcasts.stage` with \
        `allow_list`), or are for them only (`audience.allow_list_only`).";
    const WHO: Who = Who::Operators;
    const ERRORS: &'static [ErrorCode] = &[];
    const EXAMPLE: Example = Example {
        params: "{}",
        value: r#"{"users":["alice","bob"]}"#,
    };
    type Params = Params;
    type Value = AllowList;

    async fn run(app: &Arc<App>, caller: &Caller, _: Params) -> Result<AllowList, ApiError> {
        let users = app.store.allow_list(caller.app()).await?;
        Ok(AllowList::new(app, caller, users))
    }
}
