use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::{ErrorCode, Micros, UserId};
use serde::{Deserialize, Serialize};

use super::check_count;
use crate::{
    account::Account,
    api::{
        ApiError, Caller,
        endpoint::{Endpoint, Example, Who},
    },
    app::App,
    limits::USERS_NAMED_MAX,
    store::UserState,
};

pub(in crate::api) struct Get;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// Who: from 1 to 1,000 users.
    #[schemars(length(min = 1, max = 1000))]
    users: Vec<UserId>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api) struct Value {
    /// Those that the relay knows; unknown ones are left out.
    users: Vec<User>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct User {
    /// Who.
    user: UserId,
    /// Whether any device of hers is connected, to whichever relay.
    online: bool,
    /// When any device of hers was last connected, in microseconds since 1970; zero if
    /// none ever was.
    last_seen_us: Micros,
    /// Whether other users may see that.
    shares_presence: bool,
}

impl Endpoint for Get {
    const NAME: &'static str = "users.get";
    const SUMMARY: &'static str = "Tells which users are known, and when they were last seen.";
    const WHO: Who = Who::Server;
    const ERRORS: &'static [ErrorCode] = &[];
    const EXAMPLE: Example = Example {
        params: r#"{"users":["alice","nobody"]}"#,
        value: r#"{"users":[{"user":"alice","online":true,"last_seen_us":1795000000000000,"shares_presence":false}]}"#,
    };
    type Params = Params;
    type Value = Value;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Value, ApiError> {
        check_count("users", params.users.len(), USERS_NAMED_MAX)?;
        let states = app.store.users(caller.app(), &params.users).await?;
        let described = |state: UserState| {
            let account = Account {
                app: caller.app().clone(),
                user: state.user,
            };
            User {
                online: state.is_elsewhere || app.hub.is_online(&account),
                user: account.user,
                last_seen_us: state.last_seen,
                shares_presence: state.shares_presence,
            }
        };
        Ok(Value {
            users: states.into_iter().map(described).collect(),
        })
    }
}
