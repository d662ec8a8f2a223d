//! What the methods that change a group or channel have in common.

use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::{
    ConvId, ConvKind, UserId,
    limits::{ANNOUNCEMENT_BYTES_MAX, GROUP_CHANGE_USERS_MAX, TITLE_BYTES_MAX, json_bytes},
};
use serde::Serialize;

use crate::{
    api::{
        ApiError,
        commit::{Nothing, commit, unexpected},
    },
    app::App,
    store::{Actor, Done, GroupAction, GroupCommand, Op},
};

/// Who belongs to it now.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api) struct Changed {
    /// Who was taken in or sent away; those for whom nothing changed are not listed.
    changed: Vec<UserId>,
    /// How many members there are now.
    members: u32,
}

/// Does something to a group or channel that changes who belongs to it.
pub(super) async fn change(
    app: &Arc<App>,
    actor: Actor,
    conv: ConvId,
    action: GroupAction,
) -> Result<Changed, ApiError> {
    check_conv(&conv)?;
    let command = GroupCommand {
        actor,
        conv,
        action,
    };
    match commit(app, Op::Group(command)).await? {
        Done::Group(done) => Ok(Changed {
            changed: done.changed,
            members: done.members,
        }),
        other => Err(unexpected(&other)),
    }
}

/// Does something to a group or channel of which there is nothing to tell.
pub(super) async fn apply(
    app: &Arc<App>,
    actor: Actor,
    conv: ConvId,
    action: GroupAction,
) -> Result<Nothing, ApiError> {
    change(app, actor, conv, action).await.map(|_| Nothing {})
}

/// Refuses what is no group or channel at all.
pub(super) fn check_conv(conv: &ConvId) -> Result<(), ApiError> {
    match conv.kind() {
        ConvKind::Group | ConvKind::Channel => Ok(()),
        ConvKind::Direct | ConvKind::Room => {
            let why = "it is neither a group (`group:…`) nor a channel (`channel:…`)";
            Err(ApiError::field("conv", why))
        }
    }
}

/// Refuses more users than one change may name.
pub(super) fn check_users(users: &[UserId]) -> Result<(), ApiError> {
    if users.len() > GROUP_CHANGE_USERS_MAX {
        let why = format!("at most {GROUP_CHANGE_USERS_MAX} in one call");
        return Err(ApiError::field("users", why));
    }
    Ok(())
}

/// The same, and a change of no one.
pub(super) fn check_some_users(users: &[UserId]) -> Result<(), ApiError> {
    if users.is_empty() {
        return Err(ApiError::field("users", "name one user at least"));
    }
    check_users(users)
}

/// Refuses a title that says nothing or too much.
pub(super) fn check_title(title: &str) -> Result<(), ApiError> {
    if title.trim().is_empty() {
        return Err(ApiError::field("title", "it is empty"));
    }
    if title.len() > TITLE_BYTES_MAX {
        let why = format!(
            "at most {TITLE_BYTES_MAX} bytes, this one has {}",
            title.len()
        );
        return Err(ApiError::field("title", why));
    }
    Ok(())
}

/// Refuses an announcement that says too much.
pub(super) fn check_announcement(announcement: &str) -> Result<(), ApiError> {
    let bytes = json_bytes(announcement);
    if bytes > ANNOUNCEMENT_BYTES_MAX {
        let why = format!("at most {ANNOUNCEMENT_BYTES_MAX} bytes as JSON, this one has {bytes}");
        return Err(ApiError::field("announcement", why));
    }
    Ok(())
}
