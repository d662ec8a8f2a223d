use std::sync::Arc;

use seqline_protocol::ErrorCode;

use super::{Presences, Users};
use crate::{
    api::{
        ApiError, Caller,
        endpoint::{Endpoint, Example, Who},
        users::check_count,
    },
    app::App,
    limits::PRESENCE_WATCHED_MAX,
};

pub(in crate::api) struct Get;

impl Endpoint for Get {
    const NAME: &'static str = "presence.get";
    const SUMMARY: &'static str = "Tells who is online, of those who share it.";
    const DETAILS: &'static str = "The app's server sees everyone with `users.get`.";
    const WHO: Who = Who::Everyone;
    const ERRORS: &'static [ErrorCode] = &[];
    const EXAMPLE: Example = Example {
        params: r#"{"users":["alice","bob"]}"#,
        value: r#"{"users":[{"user":"alice","online":true,"last_seen_us":1795000000000000},{"user":"bob","online":false,"last_seen_us":0}]}"#,
    };
    type Params = Users;
    type Value = Presences;

    async fn run(app: &Arc<App>, caller: &Caller, params: Users) -> Result<Presences, ApiError> {
        check_count("users", params.users.len(), PRESENCE_WATCHED_MAX)?;
        let users = app.presence.get(caller.app(), &params.users).await?;
        Ok(Presences { users })
    }
}
