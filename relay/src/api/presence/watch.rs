use std::sync::Arc;

use seqline_protocol::ErrorCode;

use super::{Presences, Users};
use crate::{
    api::{
        ApiError, Caller,
        endpoint::{Endpoint, Example, Via, Who},
        users::check_count,
    },
    app::App,
    limits::PRESENCE_WATCHED_MAX,
};

pub(in crate::api) struct Watch;

impl Endpoint for Watch {
    const NAME: &'static str = "presence.watch";
    const SUMMARY: &'static str = "Tells this session of users' presence from now on.";
    const DETAILS: &'static str = "Changes come as `event` frames named `presence`, whose value \
        has the same form, at most one in a second, until the session ends. A session watches at \
        most 200 users.";
    const WHO: Who = Who::Users;
    const VIA: Via = Via::Socket;
    const ERRORS: &'static [ErrorCode] = &[];
    const EXAMPLE: Example = Example {
        params: r#"{"users":["bob"]}"#,
        value: r#"{"users":[{"user":"bob","online":true,"last_seen_us":1795000000000000}]}"#,
    };
    type Params = Users;
    type Value = Presences;

    async fn run(app: &Arc<App>, caller: &Caller, params: Users) -> Result<Presences, ApiError> {
        check_count("users", params.users.len(), PRESENCE_WATCHED_MAX)?;
        let (_, mailbox) = caller.session()?;
        let watched = app.presence.watch(caller.app(), mailbox, &params.users);
        Ok(Presences {
            users: watched.await?,
        })
    }
}
