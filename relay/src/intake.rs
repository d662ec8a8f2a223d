//! What is asked of a message whichever way it comes in.

use seqline_protocol::{
    ConvId, ConvKind, ErrorCode, Target,
    limits::{BODY_BYTES_MAX, MENTIONS_MAX, json_bytes},
};

use crate::{
    account::Account,
    api::ApiError,
    store::{Refusal, Send},
};

/// Whether a message may be handed to the store, which knows who may send where.
///
/// # Errors
/// [`ApiError`] says what is wrong with it.
pub fn check(send: &Send) -> Result<(), ApiError> {
    check_body(&send.body)?;
    if send.replace && send.key.is_none() {
        let text = "`replace` needs the `key` of the message that is replaced";
        return Err(ApiError::new(ErrorCode::FieldInvalid, text));
    }
    if send.mentions.len() > MENTIONS_MAX {
        let text = format!(
            "`mentions` names at most {MENTIONS_MAX} users (`@all` stands for every member), \
             this one {}",
            send.mentions.len()
        );
        return Err(ApiError::new(ErrorCode::FieldInvalid, text));
    }
    Ok(())
}

/// Whether a body is within its bound.
///
/// # Errors
/// [`ErrorCode::BodyTooLarge`].
pub fn check_body(body: &str) -> Result<(), ApiError> {
    let bytes = json_bytes(body);
    if bytes <= BODY_BYTES_MAX {
        return Ok(());
    }
    let text = format!("a body has at most {BODY_BYTES_MAX} bytes as JSON, this one {bytes}");
    Err(ApiError::new(ErrorCode::BodyTooLarge, text))
}

/// The conversation that a target stands for. Of a direct one the sender is a part; who
/// belongs to a group or channel the store knows.
///
/// # Errors
/// [`ErrorCode::ConversationUnknown`].
pub fn conversation(from: &Account, to: &Target) -> Result<ConvId, ApiError> {
    let conv = match to {
        Target::User(user) => return Ok(ConvId::direct(&from.user, user)),
        Target::Conv(conv) => conv,
    };
    match conv.kind() {
        ConvKind::Direct if !from.takes_part_in(conv) => Err(Refusal::ConversationUnknown.into()),
        ConvKind::Direct | ConvKind::Group | ConvKind::Channel => Ok(conv.clone()),
        ConvKind::Room => Err(ApiError::new(
            ErrorCode::ConversationUnknown,
            "a room keeps no messages: join it (`rooms.join`), then use `rooms.send` or an \
             `ephemeral` to it",
        )),
    }
}
