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

pub(in crate::api) struct Remove;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// These no longer.
    #[schemars(length(min = 1, max = 10000))]
    users: BTreeSet<UserId>,
}

impl Endpoint for Remove {
    const NAME: &'static str = "allow_list.remove";
    const SUMMARY: &'static str = "Takes users off the allow-list.";
    const DETAILS: &'static str = "Who is not on it is passed over; who is on it by configuration stays. Broadcasts that they see as users of the list disappear from \
        their devices.";
    const WHO: Who = Who::Operators;
    const ERRORS: &'static [ErrorCode] = &[];
    const EXAMPLE: Example = Example {
        params: r#"{"users":["bob"]}"#,
        value: r#"{"users":["alice","carol"]}"#,
    };
    type Params = Params;
    type Value = AllowList;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<AllowList, ApiError> {
        check_count("users", params.users.len(), ALLOW_LIST_MAX)?;
        change(app, caller, AllowListChange::Remove(params.users)).await
    }
}
