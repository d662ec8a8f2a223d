//! Storage: what the relay needs of it, apart from any SQL.
//!
//! A backend promises, and the conformance suite in `tests/store` holds it to, that
//! - a [`commit`](Store::commit) is durable when it returns, and happens as a whole or not at all;
//! - one operation that is refused never fails the others of its batch;
//! - a timeline's seqs are contiguous, and become visible in their order;
//! - every read is scoped by the account it is given, and is one consistent snapshot.
//!
//! What a commit decides is the same for all backends and knows no SQL: see [`ledger`].

mod broadcasts;
mod epoch;
mod failure;
mod hooks;
mod inspection;
mod ledger;
pub mod memory;
mod migrations;
mod open;
mod ops;
pub mod postgres;
mod reads;
mod replica;
mod rows;
mod rules;
mod scratch;
pub mod sqlite;
mod words;

use std::time::Duration;

use futures_util::future::BoxFuture;
use seqline_protocol::{AppId, ClientMsgId, Epoch, Micros, UserId};

pub use broadcasts::{
    AllowListChange, Audience, AuditRow, BroadcastAction, BroadcastCommand, BroadcastContent,
    BroadcastDraft, BroadcastRefusal, BroadcastRow, BroadcastState, BroadcastStore, PublicChanges,
    ReachRow, Staging, Wave,
};
pub use epoch::NewEpoch;
pub use failure::StoreError;
pub use hooks::{Hook, HookId};
pub use inspection::{Inspection, ReplicaInspection, SchemaStep};
pub use open::{Database, OpenError, StoreSettings};
pub use ops::{
    Actor, Clear, Commit, Delete, Delivered, Device, Digest, Disconnected, Done, Edit, EndDevice,
    EndSessions, FromSession, GroupAction, GroupCommand, GroupDone, GroupEdit, Op, OpResult,
    Presence, Read, Recall, Refusal, Seen, Send, Sent, SessionNumber, Timeline, TimelineAppend,
};
pub use reads::{
    ConvPage, Conversations, ConversationsQuery, DeviceRow, Found, Group, GroupQuery, HistoryPage,
    HistoryQuery, HistoryRange, Member, MembersQuery, News, Page, PageQuery, PageRange, Position,
    Receipts, ReceiptsQuery, RelayId, SearchQuery, SentAs, SessionNews, Swept, SweptCrowd,
    UserState,
};
pub use replica::{Fallback, ReplicaCounts, ReplicaQuery};
pub use rules::CommitRules;
pub use scratch::{Scratch, ScratchError};

use crate::account::Account;

/// What a store's method gives: [`StoreError`] says that nothing was done.
pub type Reading<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// A storage backend.
pub trait Store: BroadcastStore {
    /// Does all operations in one durable transaction, one after the other in their order.
    fn commit(&self, ops: Vec<Op>, now: Micros) -> Reading<'_, Commit>;

    /// Where an account's timeline stands. One that never was has head 0.
    fn position<'a>(&'a self, account: &'a Account) -> Reading<'a, Position>;

    /// Entries of a timeline.
    fn page(&self, query: PageQuery) -> Reading<'_, Page>;

    /// Messages of a conversation; none if the asker takes no part in it.
    fn history(&self, query: HistoryQuery) -> Reading<'_, Option<HistoryPage>>;

    /// Where messages are that an account sent under these ids. Unknown ones are left out.
    fn sent_as<'a>(&'a self, from: &'a Account, ids: &'a [ClientMsgId])
    -> Reading<'a, Vec<SentAs>>;

    /// An account's conversations, most recently active first.
    fn conversations(&self, query: ConversationsQuery) -> Reading<'_, Conversations>;

    /// A group or channel; none if the asker does not belong to it.
    fn group(&self, query: GroupQuery) -> Reading<'_, Option<Group>>;

    /// Members of a group or channel, by user id; none if the asker does not belong to it.
    fn members(&self, query: MembersQuery) -> Reading<'_, Option<Vec<Member>>>;

    /// Who has received and read a message; none if there is none that the asker may see.
    fn receipts(&self, query: ReceiptsQuery) -> Reading<'_, Option<Receipts>>;

    /// Messages of an account that contain words, newest first.
    fn search(&self, query: SearchQuery) -> Reading<'_, Found>;

    /// An account's devices, last seen first.
    fn devices<'a>(&'a self, account: &'a Account) -> Reading<'a, Vec<DeviceRow>>;

    /// What is known of these users of an app. Unknown ones are left out.
    fn users<'a>(&'a self, app: &'a AppId, users: &'a [UserId]) -> Reading<'a, Vec<UserState>>;

    /// Takes entries that were written before a time out of some timelines, and raises
    /// their floors: one small step. True if there is more to do.
    fn age(&self, before: Micros) -> Reading<'_, bool>;

    /// Takes messages that are not searchable yet into the index: one small step. True if
    /// there is more to do.
    fn index(&self) -> Reading<'_, bool>;

    /// Stored messages that wait to be told to an app's server, oldest first: of each
    /// conversation only the oldest one, and that only if it is due.
    fn hooks<'a>(&'a self, app: &'a AppId, limit: usize, now: Micros) -> Reading<'a, Vec<Hook>>;

    /// Hooks were taken by the app's server, or given up. Unknown ones are passed over.
    fn hooks_done(&self, hooks: Vec<HookId>) -> Reading<'_, ()>;

    /// A hook failed: one attempt more, and not again before then.
    fn hook_failed(&self, hook: HookId, due: Micros) -> Reading<'_, ()>;

    /// The identity of the database, if other relays may write to it too; none if it is this
    /// relay's alone. What is said of sessions' numbers is for the former only.
    fn shared_as(&self) -> Option<Epoch> {
        None
    }

    /// A number for a session: higher than all that were given before, by any relay.
    fn session_number(&self) -> Reading<'_, SessionNumber> {
        Box::pin(async { Ok(SessionNumber(0)) })
    }

    /// This relay is there, and is taken to be for so long. The other ones that are. Devices
    /// count as connected to a relay as long as it is there.
    fn attend(&self, _: Duration) -> Reading<'_, Vec<RelayId>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// This relay is there no longer.
    fn leave(&self) -> Reading<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    /// What these sessions and those who follow these large conversations do not know yet.
    fn news<'a>(&'a self, _: &'a [Swept], _: &'a [SweptCrowd]) -> Reading<'a, News> {
        Box::pin(async { Ok(News::default()) })
    }

    /// What was read from a standby, if there is one.
    fn replica_counts(&self) -> ReplicaCounts {
        ReplicaCounts::default()
    }

    /// Whether the database answers.
    fn ping(&self) -> Reading<'_, ()>;

    /// Whether the database can be written to: writes something that no one reads.
    fn probe(&self) -> Reading<'_, ()> {
        self.ping()
    }
}

/// What [`Store::probe`] says to either database. It has to change something: SQLite does not
/// write what is there already.
const PROBE: &str = "INSERT INTO meta (key, value) VALUES ('probes', 1)
    ON CONFLICT (key) DO UPDATE SET value = meta.value + 1";
