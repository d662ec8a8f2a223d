use std::sync::Arc;

use seqline_protocol::ErrorCode;

use super::Room;
use crate::{
    api::{
        ApiError, Caller,
        commit::Nothing,
        endpoint::{Endpoint, Example, Via, Who},
    },
    app::App,
};

pub(in crate::api) struct Leave;

impl Endpoint for Leave {
    const NAME: &'static str = "rooms.leave";
    const SUMMARY: &'static str = "Leaves a live room.";
    const WHO: Who = Who::Users;
    const VIA: Via = Via::Socket;
    const ERRORS: &'static [ErrorCode] = &[];
    const EXAMPLE: Example = Example {
        params: r#"{"conv":"room:match-7"}"#,
        value: "{}",
    };
    type Params = Room;
    type Value = Nothing;

    async fn run(app: &Arc<App>, caller: &Caller, params: Room) -> Result<Nothing, ApiError> {
        let (account, mailbox) = caller.session()?;
        app.rooms.leave(account, &params.conv, mailbox)?;
        Ok(Nothing {})
    }
}
