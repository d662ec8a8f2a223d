use std::{collections::BTreeSet, sync::Arc};

use schemars::JsonSchema;
use seqline_protocol::{ErrorCode, UserId};
use serde::Deserialize;

use super::change::{AllowList, change};
use crate::{
    api::{
        ApiError, Caller,
        endpoint::{Endpoint, Example, Who},
    },
    app::App,
    store::AllowListChange,
};

pub(in crate::api) struct Replace;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// These, and no others: at most 10,000; none clears it.
    #[schemars(length(max = 10000))]
    users: BTreeSet<UserId>,
}

impl Endpoint for Replace {
    const NAME: &'static str = "allow_list.replace";
    const SUMMARY: &'static str = "Puts these users on the allow-list, and no others.";
    const DETAILS: &'static str =
        "An empty list clears it. One bad id, or more than 10,000 users, and nothing is done.";
    const WHO: Who = Who::Operators;
    const ERRORS: &'static [ErrorCode] = &[];
    const EXAMPLE: Example = Example {
        params: r#"{"users":["alice","bob"]}"#,
        value: r#"{"users":["alice","bob"]}"#,
    };
    type Params = Params;
    type Value = AllowList;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<AllowList, ApiError> {
        change(app, caller, AllowListChange::Replace(params.users)).await
    }
}
