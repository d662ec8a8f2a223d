use std::sync::Arc;

use seqline_protocol::ErrorCode;

use super::Room;
use crate::{
    api::{
        ApiError, Caller,
        endpoint::{Endpoint, Example, Via, Who},
    },
    app::App,
    rooms::Joined,
};

pub(in crate::api) struct Join;

impl Endpoint for Join {
    const NAME: &'static str = "rooms.join";
    const SUMMARY: &'static str = "Comes into a live room.";
    const DETAILS: &'static str = "What is said from now on comes as `event` frames named `room`: \
        `{conv, online, messages, dropped}`, gathered for a moment each. A session is in at most 16 \
        rooms, and leaves them when it ends.";
    const WHO: Who = Who::Users;
    const VIA: Via = Via::Socket;
    const ERRORS: &'static [ErrorCode] = &[ErrorCode::ConversationFull];
    const EXAMPLE: Example = Example {
        params: r#"{"conv":"room:match-7"}"#,
        value: r#"{"online":812,"recent":[{"sender":"bob","kind":"text","body":"Goal!","priority":"normal","at_us":1795000000000000}]}"#,
    };
    type Params = Room;
    type Value = Joined;

    async fn run(app: &Arc<App>, caller: &Caller, params: Room) -> Result<Joined, ApiError> {
        let (account, mailbox) = caller.session()?;
        app.rooms.enter(account, &params.conv, mailbox).await
    }
}
