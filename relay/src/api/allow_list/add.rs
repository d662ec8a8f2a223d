use std::{collections::BTreeSet, sync::Arc};

use schemars::JsonSchema;
use seqline_protocol::{ErrorCode, UserId};
use serde::Deserialize;

use super::change::{AllowList, change};
use crate::{
    api::{
        ApiError, Caller,
        endpoint::{Endpoint, Example, Who},
        users::check_count,
    },
    app::App,
    limits::ALLOW_LIST_MAX,
    store::AllowListChange,
};

pub(in crate::api) struct Add;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// These too.
    #[schemars(length(min = 1, max = 10000))]
    users: BTreeSet<UserId>,
}

impl Endpoint for Add {
    const NAME: &'static str = "allow_list.add";
    const SUMMARY: &'static str = "Puts users on the allow-list as well.";
    const DETAILS: &'static str = "Who is on it already stays. One bad id, or more than 10,000 users in all, and nothing is \
        done.";
    const WHO: Who = Who::Operators;
    const ERRORS: &'static [ErrorCode] = &[];
    const EXAMPLE: Example = Example {
        params: r#"{"users":["carol"]}"#,
        value: r#"{"users":["alice","bob","carol"]}"#,
    };
    type Params = Params;
    type Value = AllowList;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<AllowList, ApiError> {
        check_count("users", params.users.len(), ALLOW_LIST_MAX)?;
        change(app, caller, AllowListChange::Add(params.users)).await
    }
}
