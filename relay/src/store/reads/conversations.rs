//! Conversations: the list, and what belongs to one of them.

use std::sync::Arc;

use seqline_protocol::{ConvId, ConvSeq, Conversation, JoinRule, Micros, Role, UserId};

use crate::{account::Account, store::Actor};

/// Asks for an account's conversations.
#[derive(Debug, Clone)]
pub struct ConversationsQuery {
    /// Whose.
    pub account: Arc<Account>,
    /// After the last one of the page before.
    pub after: Option<ConvPage>,
    /// At most so many.
    pub limit: usize,
    /// At most so many bytes, by [`crate::weight`]; but one conversation at least.
    pub bytes_max: usize,
    /// A last message that has expired by now is left out.
    pub now: Micros,
}

/// Where a page of conversations ends. Its text form is opaque to clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConvPage {
    /// When the last conversation of the page was active.
    pub active: Micros,
    /// The backend's own key of it, to tell apart what was active at the same time.
    pub key: u64,
}

impl ConvPage {
    /// Reads the text form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (active, key) = text.split_once('-')?;
        Some(Self {
            active: Micros::new(active.parse().ok()?).ok()?,
            key: key.parse().ok()?,
        })
    }
}

impl std::fmt::Display for ConvPage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.active, self.key)
    }
}

/// An account's conversations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conversations {
    /// Most recently active first.
    pub rows: Vec<Conversation>,
    /// Where the next page goes on; none on the last one.
    pub next: Option<ConvPage>,
}

/// Asks for a group or channel, or something of it. A user must belong to it.
#[derive(Debug, Clone)]
pub struct GroupQuery {
    /// Who asks.
    pub actor: Actor,
    /// Which.
    pub conv: ConvId,
}

/// A group or channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Which.
    pub conv: ConvId,
    /// Whose.
    pub owner: UserId,
    /// What it is called.
    pub title: String,
    /// What members are to know; empty if nothing.
    pub announcement: String,
    /// Who may join.
    pub join: JoinRule,
    /// Whether only admins send for now.
    pub is_muted: bool,
    /// Whether it has ended.
    pub is_dissolved: bool,
    /// Whether it has a timeline of its own.
    pub is_crowd: bool,
    /// How many belong to it.
    pub members: u32,
    /// Position of its newest message.
    pub head: ConvSeq,
    /// When it was made.
    pub created: Micros,
    /// The asking user's own place in it; none for the server.
    pub own: Option<Member>,
}

/// One member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub user: UserId,
    /// What she may do.
    pub role: Role,
    /// When she came.
    pub joined: Micros,
    /// Cannot send until then; zero if she can.
    pub muted_until: Micros,
}

/// Asks for the members of a conversation, by user id.
#[derive(Debug, Clone)]
pub struct MembersQuery {
    /// Who asks, and of which.
    pub group: GroupQuery,
    /// Those after this one.
    pub after: Option<UserId>,
    /// At most so many.
    pub limit: usize,
}

/// Asks who has received and read a message.
#[derive(Debug, Clone)]
pub struct ReceiptsQuery {
    /// Who asks: a member, or the server.
    pub actor: Actor,
    /// In which conversation, direct ones included.
    pub conv: ConvId,
    /// Which message.
    pub conv_seq: ConvSeq,
    /// Readers are named up to so many.
    pub limit: usize,
}

/// Who has received and read a message: of those who still belong to the conversation, and
/// did when the message was stored (`joined` is not later). Its sender does not count.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Receipts {
    /// Members beside the sender.
    pub members: u32,
    /// Of them, whose devices have it. In crowds: who has read it.
    pub delivered: u32,
    /// Of them, who has read it.
    pub read: u32,
    /// The first of those who have read it, by user id.
    pub readers: Vec<UserId>,
}
