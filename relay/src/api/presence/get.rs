use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::{AppId, ErrorCode, Micros, UserId};
use serde::{Deserialize, Serialize};

use crate::{
    account::Account,
    api::{
        ApiError, Caller,
        endpoint::{Endpoint, Example, Who},
        users::check_count,
    },
    http::App,
    limits::USERS_NAMED_MAX,
    store::{Actor, UserState},
};

pub(in crate::api) struct Get;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// Whose: from 1 to 1,000 users.
    #[schemars(length(min = 1, max = 1000))]
    users: Vec<UserId>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api) struct Value {
    /// Those who share it; others and unknown ones are left out. The app's server sees
    /// everyone.
    users: Vec<Presence>,
}

/// When a user is there.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api) struct Presence {
    /// Who.
    user: UserId,
    /// Whether any device of hers is connected.
    online: bool,
    /// When any device of hers was last connected, in microseconds since 1970; zero if
    /// none ever was.
    last_seen_us: Micros,
}

impl Presence {
    /// Now.
    pub(in crate::api) fn of(app: &App, of: &AppId, state: UserState) -> Self {
        let account = Account {
            app: of.clone(),
            user: state.user,
        };
        Self {
            online: app.hub.is_online(&account),
            user: account.user,
            last_seen_us: state.last_seen,
        }
    }
}

impl Endpoint for Get {
    const NAME: &'static str = "presence.get";
    const SUMMARY: &'static str = "Tells who is online, of those who share it.";
    const WHO: Who = Who::Everyone;
    const ERRORS: &'static [ErrorCode] = &[];
    const EXAMPLE: Example = Example {
        params: r#"{"users":["alice","bob"]}"#,
        value: r#"{"users":[{"user":"alice","online":true,"last_seen_us":1795000000000000}]}"#,
    };
    type Params = Params;
    type Value = Value;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Value, ApiError> {
        check_count("users", params.users.len(), USERS_NAMED_MAX)?;
        let sees = |state: &UserState| match &caller.actor {
            Actor::Server(_) => true,
            Actor::User(account) => state.shares_presence || account.user == state.user,
        };
        let states = app.store.users(caller.app(), &params.users).await?;
        let presence = |state| Presence::of(app, caller.app(), state);
        Ok(Value {
            users: states.into_iter().filter(sees).map(presence).collect(),
        })
    }
}
