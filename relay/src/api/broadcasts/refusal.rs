//! Why a command on a broadcast is refused, and what to do.

use seqline_protocol::ErrorCode;

use crate::{
    api::ApiError,
    store::{BroadcastRefusal, BroadcastState},
};

pub(super) fn unknown() -> ApiError {
    of(&BroadcastRefusal::Unknown)
}

pub(super) fn of(refusal: &BroadcastRefusal) -> ApiError {
    let code = match refusal {
        BroadcastRefusal::Unknown => ErrorCode::BroadcastUnknown,
        BroadcastRefusal::Conflict { .. } => ErrorCode::RevisionConflict,
        BroadcastRefusal::State { state, .. } => {
            let text = format!("{refusal}: {}", possible(*state));
            return ApiError::new(ErrorCode::StateForbidden, text);
        }
        BroadcastRefusal::Expired => {
            let why = "it is in the past: nobody would see it; edit it first";
            return ApiError::field("audience.expires_us", why);
        }
        BroadcastRefusal::TooMany { .. } => ErrorCode::StateForbidden,
    };
    ApiError::new(code, refusal.to_string())
}

/// What an operator can do instead.
fn possible(state: BroadcastState) -> &'static str {
    match state {
        BroadcastState::Draft => "it can be edited, staged, published or deleted",
        BroadcastState::Staged => {
            "it can be edited, staged on others, published, told in a wave, stopped, recalled or \
             deleted"
        }
        BroadcastState::Published => {
            "it can be edited, told in a wave, stopped, recalled or deleted"
        }
        BroadcastState::Stopped => "it can be edited, published again, recalled or deleted",
        BroadcastState::Recalled => "it can be deleted; create another one in its place",
    }
}
