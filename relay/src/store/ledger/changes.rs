//! What a commit writes, by table: each row once.

use seqline_protocol::{ConvId, DeviceId};

use super::{
    ConvKey, ConvRow, DeviceRecord, EndedSessions, EntryRow, MemberRow, MessageRow, SeenKey,
    SeenRow, UserKey, UserRow,
};

/// Whose place in which conversation.
pub(in crate::store) type MemberKey = (ConvKey, UserKey);

/// Rows to write. A backend writes all of them, or none.
#[derive(Debug, Default)]
pub(in crate::store) struct Changes {
    /// Conversations that changed, by key. All exist (they were resolved).
    pub(in crate::store) convs: Vec<ConvRow>,
    /// Places that are new or changed, by key.
    pub(in crate::store) members: Vec<MemberRow>,
    /// Places that are no more.
    pub(in crate::store) members_gone: Vec<MemberKey>,
    /// Users that changed, by key. All exist.
    pub(in crate::store) users: Vec<UserRow>,
    /// New messages, by `msg_id`.
    pub(in crate::store) messages: Vec<MessageRow>,
    /// Stored messages that read differently now.
    pub(in crate::store) updates: Vec<MessageUpdate>,
    /// Entries of users' timelines and of crowds', by owner and seq.
    pub(in crate::store) entries: Vec<EntryRow>,
    /// Messages that a user no longer wants to see.
    pub(in crate::store) hidden: Vec<(MemberKey, u64)>,
    /// What users have seen of the public mailbox: new, or changed.
    pub(in crate::store) seen: Vec<(SeenKey, SeenRow)>,
    /// Devices that connected now: `first` is kept if they are known, `last` is now.
    pub(in crate::store) devices_seen: Vec<DeviceRecord>,
    /// Devices that disconnected now: `last` is now. Each with the session that ended, where
    /// several relays share the database: a newer one goes on.
    pub(in crate::store) devices_left: Vec<(UserKey, DeviceId, u64)>,
    /// Devices to forget.
    pub(in crate::store) devices_gone: Vec<(UserKey, DeviceId)>,
    /// Sessions that are over, on whichever relay. Only where several share the database.
    pub(in crate::store) sessions_ended: Vec<EndedSessions>,
    /// The newest sessions of devices that may not be noted yet. Only there, too.
    pub(in crate::store) sessions_newest: Vec<(UserKey, DeviceId, u64)>,
    /// New messages, by `msg_id`, that the app's server is to be told of, and their conversation.
    pub(in crate::store) hooks: Vec<(u64, ConvKey)>,
}

impl Changes {
    /// Whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.convs.is_empty()
            && self.members.is_empty()
            && self.members_gone.is_empty()
            && self.users.is_empty()
            && self.messages.is_empty()
            && self.updates.is_empty()
            && self.entries.is_empty()
            && self.hidden.is_empty()
            && self.seen.is_empty()
            && self.devices_seen.is_empty()
            && self.devices_left.is_empty()
            && self.devices_gone.is_empty()
            && self.sessions_ended.is_empty()
            && self.sessions_newest.is_empty()
            && self.hooks.is_empty()
    }
}

/// A stored message that reads differently now: every field is what it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct MessageUpdate {
    pub(in crate::store) msg_id: u64,
    pub(in crate::store) conv: ConvKey,
    pub(in crate::store) conv_id: ConvId,
    pub(in crate::store) conv_seq: u64,
    pub(in crate::store) body: String,
    pub(in crate::store) is_recalled: bool,
    pub(in crate::store) is_replaced: bool,
    pub(in crate::store) edited_us: Option<u64>,
}
