//! What is told, as JSON.

use seqline_protocol::{AppId, Message, UserId};
use serde::Serialize;

/// One event: its id, which is the same whenever it is told, and its body.
pub(super) struct Event {
    pub(super) id: String,
    pub(super) body: String,
}

#[derive(Serialize)]
struct Body<'a> {
    event: &'static str,
    id: &'a str,
    app: &'a AppId,
    message: &'a Message,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    users: &'a [UserId],
}

/// A message was stored.
pub(super) fn message_stored(app: &AppId, message: &Message) -> Event {
    event("message.stored", "stored", app, message, &[])
}

/// These recipients of a message were not connected.
pub(super) fn user_offline(app: &AppId, message: &Message, users: &[UserId]) -> Event {
    event("user.offline", "offline", app, message, users)
}

fn event(
    name: &'static str,
    suffix: &str,
    app: &AppId,
    message: &Message,
    users: &[UserId],
) -> Event {
    // With its time, since a restore from backup gives ids out again.
    let id = format!("{}-{}.{suffix}", message.created_us, message.msg_id);
    let body = Body {
        event: name,
        id: &id,
        app,
        message,
        users,
    };
    let body = serde_json::to_string(&body).expect("strings and numbers only");
    Event { id, body }
}
