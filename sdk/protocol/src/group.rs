//! Groups and channels: who may do what, and what members are told.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{ConvId, UserId},
    numbers::Micros,
};

/// What a member may do. Later ones may do all that earlier ones may.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sends and reads; in a channel: reads.
    #[default]
    Member,
    /// Also: removes and mutes members, recalls, edits title and announcement, mentions
    /// `@all`; in a channel: publishes.
    Admin,
    /// Also: names admins, transfers, dissolves. Exactly one.
    Owner,
}

/// Who may join a group or channel by her own wish.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JoinRule {
    /// Anyone of the app who knows its id. The default of channels.
    Open,
    /// No one: members are invited. Any member may invite. The default of groups.
    #[default]
    Invited,
    /// No one: members are invited, and only admins may.
    Admins,
}

/// A change of a group or channel, as its members are told.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupChange {
    /// The conversation.
    pub conv: ConvId,
    /// Who did it; absent if the app's server did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
    /// When.
    pub at_us: Micros,
    /// What.
    pub op: GroupOp,
}

/// What happened to a group or channel.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupOp {
    /// It was made, with these members beside the owner.
    Created {
        /// Members beside the owner.
        users: Vec<UserId>,
        /// What it is called.
        title: String,
    },
    /// These users belong to it now: by themselves, or by invitation.
    Joined {
        /// Who.
        users: Vec<UserId>,
    },
    /// These users left by themselves.
    Left {
        /// Who.
        users: Vec<UserId>,
    },
    /// These users were removed.
    Removed {
        /// Who.
        users: Vec<UserId>,
    },
    /// A member's role is another one now. On a transfer the new owner is named, and the
    /// old one is an admin.
    Role {
        /// Whose.
        user: UserId,
        /// The new one.
        role: Role,
    },
    /// A member cannot send until then; zero: can again.
    Muted {
        /// Who.
        user: UserId,
        /// Until when.
        until_us: Micros,
    },
    /// Whether only admins can send.
    MutedAll {
        /// True if so.
        muted: bool,
    },
    /// Title, announcement or rule were edited: those that are present.
    Edited {
        /// What it is called.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<String>,
        /// What members are to know.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        announcement: Option<String>,
        /// Who may join.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        join: Option<JoinRule>,
    },
    /// It is no more. History stays readable to those who were members.
    Dissolved,
}
