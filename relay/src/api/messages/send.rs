use std::sync::Arc;

use seqline_protocol::{ClientMsgId, ErrorCode, Target, UserId};

use super::{
    content::{Envelope, message_params},
    outgoing::{self, Sent},
};
use crate::{
    api::{
        ApiError, Authority, Caller,
        endpoint::{Endpoint, Example, Who},
    },
    app::App,
    entropy::Entropy,
    intake,
};

pub(in crate::api) struct Send;

message_params! {
    struct Params {
        /// Who sends it: the app's server names a user. Users send in their own names.
        from: Option<UserId>,
        /// To whom.
        to: Target,
        /// The sender's own id of it. Called again with the same id and content, the method
        /// gives the first result again (`duplicate`), so that a retry is safe; with another
        /// content, `id_conflict`. Without one, a retry may store a second message.
        client_msg_id: Option<ClientMsgId>,
    }
}

impl Endpoint for Send {
    const NAME: &'static str = "messages.send";
    const SUMMARY: &'static str = "Sends a message to a user, a group or a channel's followers.";
    const DETAILS: &'static str = "Answered once the message is durable in the conversation and in \
        every timeline. The app's server sends in the name of any user (`from`), in any group or \
        channel, without asking for membership, roles or mutes; its own messages do not go \
        through the app's check before store, those of users do.";
    const WHO: Who = Who::Everyone;
    const ERRORS: &'static [ErrorCode] = &[
        ErrorCode::BodyTooLarge,
        ErrorCode::IdConflict,
        ErrorCode::ConversationUnknown,
        ErrorCode::NotAllowed,
        ErrorCode::Muted,
        ErrorCode::Rejected,
    ];
    const EXAMPLE: Example = Example {
        params: r#"{"to":{"user":"bob"},"client_msg_id":"hello-1","body":"Hello, Bob."}"#,
        value: r#"{"msg_id":42,"conv":"dm:alice:bob","conv_seq":7,"seq":12,"created_us":1795000000000000,"duplicate":false}"#,
    };
    type Params = Params;
    type Value = Sent;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Sent, ApiError> {
        let content = params.content();
        let from = caller.user("from", params.from)?;
        let envelope = Envelope {
            conv: intake::conversation(&from, &params.to)?,
            from,
            by_server: matches!(caller.authority, Authority::Server(_)),
            client_msg_id: params
                .client_msg_id
                .unwrap_or_else(|| fresh_id(&*app.entropy)),
        };
        outgoing::send(app, content.into_send(envelope)?).await
    }
}

/// Of 128 bits, so that it is never met again.
fn fresh_id(entropy: &dyn Entropy) -> ClientMsgId {
    let text = format!("~{:016x}{:016x}", entropy.number(), entropy.number());
    ClientMsgId::new(text).expect("a valid id")
}
