//! What decisions need of a backend: rows by key, inside one transaction.

use seqline_protocol::{AppId, ClientMsgId, ConvId, DeviceId, Label};

use super::{
    AppKey, Changes, ConvKey, ConvRow, MemberKey, MemberRow, MessageRow, SeenKey, SeenRow, SentRow,
    UserKey, UserRow,
};
use crate::account::Account;

/// Whether a name that is not there yet is made. Names are never removed: one that
/// was once mentioned keeps its number, and costs a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::store) enum Create {
    Yes,
    No,
}

/// Names that a batch mentions, each once.
#[derive(Debug, Default)]
pub(in crate::store) struct Names<'a> {
    pub(in crate::store) users: Vec<(&'a Account, Create)>,
    pub(in crate::store) convs: Vec<(&'a AppId, &'a ConvId, Create)>,
}

/// Their keys, in the same order; none where a name is not there.
#[derive(Debug, Default)]
pub(in crate::store) struct Resolved {
    pub(in crate::store) users: Vec<Option<UserKey>>,
    pub(in crate::store) convs: Vec<Option<(AppKey, ConvKey)>>,
}

/// Which places of a conversation are needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) enum MembersWanted {
    /// All, if the conversation is [`ConvState::Open`](super::ConvState): its messages go to
    /// each; and these in any state, where they exist.
    Fanout(ConvKey, Vec<UserKey>),
    /// These, where they exist.
    Some(ConvKey, Vec<UserKey>),
    /// All, in any state.
    All(ConvKey),
}

/// What was stored under senders' ids, and devices' newest sessions.
pub(in crate::store) type SentInSessions = (Vec<Option<SentRow>>, Vec<u64>);

/// Rows of one transaction. Everything is set-based: one call of each method in a batch, or
/// a few. Empty input makes no statement.
///
/// The futures are `Send`, so that a commit can run in any task.
pub(in crate::store) trait Transaction: Send {
    type Error: Send;

    /// Finds names, and makes those that may be made. Before anything is locked.
    fn resolve(
        &mut self,
        names: &Names<'_>,
    ) -> impl Future<Output = Result<Resolved, Self::Error>> + Send;

    /// Head and `delivered` of users, in the same order. Not locked: both only grow, and what
    /// users received says which conversations are to be locked. All exist.
    fn positions(
        &mut self,
        keys: &[UserKey],
    ) -> impl Future<Output = Result<Vec<(u64, u64)>, Self::Error>> + Send;

    /// The newest message of each conversation among the messages of others in a part of
    /// users' timelines: after one seq and up to another. Nothing is locked yet.
    fn received(
        &mut self,
        wanted: &[(UserKey, u64, u64)],
    ) -> impl Future<Output = Result<Vec<(MemberKey, u64)>, Self::Error>> + Send;

    /// Conversations, locked until the end of the transaction in the order of their keys.
    /// `keys` ascend, without repetition; all exist.
    fn conversations(
        &mut self,
        keys: &[ConvKey],
    ) -> impl Future<Output = Result<Vec<ConvRow>, Self::Error>> + Send;

    /// Places in conversations, by key, each once. The conversations are locked.
    fn members(
        &mut self,
        wanted: &[MembersWanted],
    ) -> impl Future<Output = Result<Vec<MemberRow>, Self::Error>> + Send;

    /// Users, locked until the end of the transaction in the order of their keys.
    /// `keys` ascend, without repetition; all exist.
    fn users(
        &mut self,
        keys: &[UserKey],
    ) -> impl Future<Output = Result<Vec<UserRow>, Self::Error>> + Send;

    /// What was stored under senders' own ids; in the same order, none where nothing was.
    fn sent(
        &mut self,
        ids: &[(UserKey, &ClientMsgId)],
    ) -> impl Future<Output = Result<Vec<Option<SentRow>>, Self::Error>> + Send;

    /// The same, and the newest session of the device that each comes from, or the number before
    /// which its sessions are over; zero if that is not known. None of them where no other relay
    /// shares the database.
    fn sent_in_sessions(
        &mut self,
        ids: &[(UserKey, &ClientMsgId)],
        _devices: &[Option<&DeviceId>],
    ) -> impl Future<Output = Result<SentInSessions, Self::Error>> + Send {
        async { Ok((self.sent(ids).await?, Vec::new())) }
    }

    /// Messages by their places; in the same order, none where there is none.
    fn messages(
        &mut self,
        places: &[(ConvKey, u64)],
    ) -> impl Future<Output = Result<Vec<Option<MessageRow>>, Self::Error>> + Send;

    /// The newest message of a sender in a conversation with an app's own key, unless it was
    /// recalled or replaced; in the same order.
    fn keyed(
        &mut self,
        wanted: &[(ConvKey, UserKey, &Label)],
    ) -> impl Future<Output = Result<Vec<Option<MessageRow>>, Self::Error>> + Send;

    /// How many messages of a member are after one place and up to another; in the same order.
    fn own_between(
        &mut self,
        wanted: &[(MemberKey, u64, u64)],
    ) -> impl Future<Output = Result<Vec<u64>, Self::Error>> + Send;

    /// Who sent messages after one place of a conversation and up to another: at most
    /// `limit` different senders each; in the same order.
    fn senders_between(
        &mut self,
        wanted: &[(ConvKey, u64, u64)],
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Vec<UserKey>>, Self::Error>> + Send;

    /// Which of these messages their users deleted for themselves; in the same order.
    fn hidden(
        &mut self,
        wanted: &[(MemberKey, u64)],
    ) -> impl Future<Output = Result<Vec<bool>, Self::Error>> + Send;

    /// What users have seen of the public mailbox, in the same order; none of a broadcast that
    /// their app does not have, that nobody was shown yet, or that was forgotten.
    fn seen(
        &mut self,
        wanted: &[SeenKey],
    ) -> impl Future<Output = Result<Vec<Option<SeenRow>>, Self::Error>> + Send;

    /// Ids for so many messages: the first of them. Unused ones are lost, and need not be.
    fn message_ids(
        &mut self,
        count: usize,
    ) -> impl Future<Output = Result<u64, Self::Error>> + Send;

    /// Writes everything that changed. `now_us` is the time of the commit.
    fn write(
        &mut self,
        changes: &Changes,
        now_us: u64,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}
