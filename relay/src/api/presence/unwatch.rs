use std::sync::Arc;

use seqline_protocol::ErrorCode;

use super::Users;
use crate::{
    api::{
        ApiError, Caller,
        commit::Nothing,
        endpoint::{Endpoint, Example, Via, Who},
        users::check_count,
    },
    app::App,
    limits::PRESENCE_WATCHED_MAX,
};

pub(in crate::api) struct Unwatch;

impl Endpoint for Unwatch {
    const NAME: &'static str = "presence.unwatch";
    const SUMMARY: &'static str = "Tells this session of users' presence no longer.";
    const WHO: Who = Who::Users;
    const VIA: Via = Via::Socket;
    const ERRORS: &'static [ErrorCode] = &[];
    const EXAMPLE: Example = Example {
        params: r#"{"users":["bob"]}"#,
        value: "{}",
    };
    type Params = Users;
    type Value = Nothing;

    async fn run(app: &Arc<App>, caller: &Caller, params: Users) -> Result<Nothing, ApiError> {
        check_count("users", params.users.len(), PRESENCE_WATCHED_MAX)?;
        let (_, mailbox) = caller.session()?;
        app.presence.unwatch(caller.app(), mailbox, &params.users);
        Ok(Nothing {})
    }
}
