//! Groups and channels: the same thing with other rules. In a channel only admins send,
//! and anyone may join; it is a crowd from the first day.

use seqline_protocol::{ConvId, JoinRule, Micros, Role, UserId};

use super::Actor;

/// Something done to a group or channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupCommand {
    /// Who does it.
    pub actor: Actor,
    /// `group:…` or `channel:…`.
    pub conv: ConvId,
    /// What.
    pub action: GroupAction,
}

/// What is done to a group or channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupAction {
    /// Make it. The actor owns it, unless another owner is named (the server names one).
    Create {
        /// Whose it is; default the actor.
        owner: Option<UserId>,
        /// What it is called.
        title: String,
        /// Who may join; by default anyone joins a channel and members invite to a group.
        join: Option<JoinRule>,
        /// Members beside the owner.
        users: Vec<UserId>,
    },
    /// Take these in. Who belongs to it already stays as she is.
    Invite(Vec<UserId>),
    /// The actor joins.
    Join,
    /// The actor leaves. The owner transfers it first, or dissolves it.
    Leave,
    /// Send these away.
    Remove(Vec<UserId>),
    /// Make this member the owner; the old one becomes an admin.
    Transfer(UserId),
    /// Make this member an admin, or a plain member again.
    SetRole {
        /// Who.
        user: UserId,
        /// [`Role::Owner`] is refused: that is a transfer.
        role: Role,
    },
    /// Let this member not send until then; zero lets her again.
    Mute {
        /// Who.
        user: UserId,
        /// Until when.
        until: Micros,
    },
    /// Let only admins send, or everyone again.
    MuteAll(bool),
    /// Change what is present.
    Edit(GroupEdit),
    /// End it.
    Dissolve,
}

/// Title, announcement, rule: those that are to change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupEdit {
    /// What it is called.
    pub title: Option<String>,
    /// What members are to know.
    pub announcement: Option<String>,
    /// Who may join.
    pub join: Option<JoinRule>,
}
