//! The public mailbox in storage: one row for each broadcast, whatever the number of users;
//! what operators did, kept for good; the allow-lists; and how far broadcasts reached.
//!
//! Numbers of changes (`pub_seq`) come from one row for all apps, raised inside the
//! transaction: so a poll asks for everything after the last number, and a rollback leaves
//! no hole that a poll could pass over too early.
//!
//! What an operator may do when is decided in `rules`, the same for every backend.

mod allow_list;
pub(in crate::store) mod queries;
mod rules;
pub(in crate::store) mod sql;

use std::collections::BTreeSet;

use seqline_protocol::{AppId, BroadcastId, Kind, Label, Micros, PubSeq, UserId};
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub(in crate::store) use self::{
    allow_list::change_allow_list,
    rules::{Before, decide},
};
use super::Reading;

/// Where a broadcast is in its life. `Expired` is not stored: it is what `Published` and
/// `Stopped` are once `expires` has passed.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum BroadcastState {
    /// Seen by operators only.
    Draft,
    /// Shown to those that [`Staging`] says.
    Staged,
    /// Shown to all that [`Audience`] says.
    Published,
    /// Shown to no one else: who has it keeps it until it expires.
    Stopped,
    /// Taken back from everyone.
    Recalled,
}

impl BroadcastState {
    /// In one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Staged => "staged",
            Self::Published => "published",
            Self::Stopped => "stopped",
            Self::Recalled => "recalled",
        }
    }
}

/// What a broadcast says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BroadcastContent {
    /// What the body is: `text`, or a name that the app chooses.
    #[serde(default = "Kind::text")]
    pub kind: Kind,
    /// A headline, plain text; may hold placeholders.
    pub title: String,
    /// The text; may hold placeholders: `{{name}}`, or `{{name|friend}}` with a text for users
    /// of whom the attribute is not known.
    pub body: String,
}

/// Who is shown a broadcast, once it is published, and when. Each condition narrows it;
/// one that is empty asks for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Audience {
    /// Not shown before; from its publication on, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_us: Option<Micros>,
    /// Not shown after; for ever, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_us: Option<Micros>,
    /// The lowest version of the app, such as `4.2` or `4.2.1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_version_min: Option<String>,
    /// The highest one. `4.2` takes in `4.2.9`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_version_max: Option<String>,
    /// What the app runs in, as it says in `hello`: `browser`, `node`, `wx` …
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub hosts: BTreeSet<Label>,
    /// Only users whose token does not say `guest`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub members_only: bool,
    /// Users whose token names one of these segments.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub segments: BTreeSet<Label>,
    /// Only users of the app's allow-list.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_list_only: bool,
}

/// Who is shown a broadcast while it is tried out, within its [`Audience`].
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Staging {
    /// The users of the app's allow-list.
    #[serde(default)]
    pub allow_list: bool,
    /// So many of a hundred users, by a hash of user and broadcast that never changes: who is
    /// in at five percent is in at ten.
    #[serde(default)]
    pub percent: u8,
}

/// Telling the users who are connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Wave {
    /// When it begins.
    pub starts_us: Micros,
    /// The time over which it is spread, evenly.
    pub window_ms: u64,
}

/// A broadcast as operators see it. Databases keep it as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BroadcastRow {
    /// Whose users it is for.
    pub app: AppId,
    /// Its id, from a counter of the database.
    pub id: BroadcastId,
    /// Where in its life it is.
    pub state: BroadcastState,
    /// Raised by whatever an operator does: an edit of an older one is refused.
    pub revision: u32,
    /// Raised by a change of the content once it was shown to anyone; 1 until then.
    pub version: u32,
    /// What it says.
    pub content: BroadcastContent,
    /// Who sees it.
    pub audience: Audience,
    /// Who sees it while it is staged.
    pub staging: Staging,
    /// Whether each device shows it as new.
    pub every_device: bool,
    /// Telling connected users, if that was asked for; the newest wave.
    pub wave: Option<Wave>,
    /// The first change that showed it to anyone; none before.
    pub first_pub_seq: Option<PubSeq>,
    /// Its newest change; none before the first.
    pub pub_seq: Option<PubSeq>,
    /// When it was made.
    pub created: Micros,
    /// When it was last changed.
    pub changed: Micros,
    /// When it was first shown to anyone.
    pub published: Option<Micros>,
    /// True once it was deleted: it is gone for operators, and a tombstone for devices.
    pub is_deleted: bool,
}

/// What an operator does. Those that name a `revision` are refused as
/// [`Conflict`](BroadcastRefusal::Conflict) if it is not the newest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BroadcastCommand {
    /// Whose broadcast.
    pub app: AppId,
    /// Who does it: kept in the audit trail.
    pub operator: UserId,
    /// Which one, as it was seen at which revision; none to make one.
    pub of: Option<(BroadcastId, u32)>,
    /// What is done.
    pub action: BroadcastAction,
}

/// What is done to a broadcast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BroadcastAction {
    /// A draft is made.
    Create(Box<BroadcastDraft>),
    /// It reads differently, or is for others. Allowed until it is recalled; if it is shown to
    /// anyone, it takes a new number, and a new version where the content changed.
    Edit(Box<BroadcastDraft>),
    /// It is tried out, or on others: from a draft, or while it is staged.
    Stage(Staging),
    /// It is shown to everyone it is for: from a draft, staged, or stopped.
    Publish(Option<Wave>),
    /// Connected users are told once more: while staged or published.
    Wave(Wave),
    /// Nobody else gets it: from staged or published.
    Stop,
    /// It is taken back: from staged, published or stopped.
    Recall,
    /// It is removed: in any state. Taken back first, if anyone was shown it.
    Delete,
}

/// What an operator writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BroadcastDraft {
    /// What it says.
    pub content: BroadcastContent,
    /// Who sees it.
    pub audience: Audience,
    /// Whether each device shows it as new.
    pub every_device: bool,
}

/// Why something is not done.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BroadcastRefusal {
    /// There is none with this id.
    #[error("there is no broadcast of this id; it may have been deleted")]
    Unknown,
    /// Someone else changed it meanwhile.
    #[error("it was changed meanwhile, by {by}: its revision is {revision}; load it again")]
    Conflict {
        /// The newest revision.
        revision: u32,
        /// Who made it.
        by: UserId,
    },
    /// Not in this state.
    #[error("a broadcast that is {} cannot be {what}", .state.as_str())]
    State {
        /// What it is.
        state: BroadcastState,
        /// What was asked for, as a participle.
        what: &'static str,
    },
    /// `expires_us` has passed.
    #[error("`expires_us` is in the past: nobody would see it")]
    Expired,
    /// As many are shown as there may be.
    #[error("{max} broadcasts are shown or drafted, and no more may be: delete old ones")]
    TooMany {
        /// The limit.
        max: usize,
    },
}

/// One line of the audit trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Its position: descending in a page.
    pub id: u64,
    /// Of which broadcast; none for the allow-list.
    pub broadcast: Option<BroadcastId>,
    /// Who.
    pub operator: UserId,
    /// When.
    pub at: Micros,
    /// What, in one word: `create`, `edit`, `stage` …
    pub action: String,
    /// Revision afterwards.
    pub revision: u32,
    /// Number of the change, if it changed who sees what.
    pub pub_seq: Option<PubSeq>,
    /// What it was given, as JSON: for people to read.
    pub details: String,
}

/// A change of an app's allow-list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowListChange {
    /// These and no others.
    Replace(BTreeSet<UserId>),
    /// These too.
    Add(BTreeSet<UserId>),
    /// These no longer.
    Remove(BTreeSet<UserId>),
}

/// Everything of the public mailbox that changed after a number: what a poll is answered with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PublicChanges {
    /// The newest number.
    pub head: PubSeq,
    /// Changes before this one were forgotten: tombstones of what was taken back, and what
    /// expired long ago. Of older rows that it holds, a node forgets those that are recalled,
    /// deleted or expired; and if its last number is before `floor - 1`, it asks from zero on.
    pub floor: PubSeq,
    /// Broadcasts that are or were shown to anyone, tombstones included, by `pub_seq`.
    pub rows: Vec<BroadcastRow>,
    /// Allow-lists that changed, whole.
    pub allow_lists: Vec<(AppId, BTreeSet<UserId>)>,
}

/// A sketch of who was handed or opened a broadcast, as one node saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReachRow {
    /// Which broadcast.
    pub broadcast: BroadcastId,
    /// Whose sketch: each node writes its own and reads all.
    pub node: String,
    /// Which of its sketches: for example `handed/browser/473211`, hours since 1970.
    pub key: String,
    /// Opaque here.
    pub sketch: Vec<u8>,
}

/// Storage of the public mailbox. Operators' commands are committed durably, one at a time.
pub trait BroadcastStore: Send + Sync {
    /// Does what an operator says, and writes it into the audit trail.
    fn command(
        &self,
        command: BroadcastCommand,
        now: Micros,
    ) -> Reading<'_, Result<BroadcastRow, BroadcastRefusal>>;

    /// A broadcast; none if there is none or it was deleted.
    fn broadcast<'a>(
        &'a self,
        app: &'a AppId,
        id: BroadcastId,
    ) -> Reading<'a, Option<BroadcastRow>>;

    /// Broadcasts of an app, newest first, those that were deleted left out: `limit` of them
    /// with ids before one, in these states (in any, if empty).
    fn broadcasts<'a>(
        &'a self,
        app: &'a AppId,
        before: Option<BroadcastId>,
        states: &'a [BroadcastState],
        limit: usize,
    ) -> Reading<'a, Vec<BroadcastRow>>;

    /// The audit trail, newest first: of one broadcast, or of the app.
    fn audit<'a>(
        &'a self,
        app: &'a AppId,
        broadcast: Option<BroadcastId>,
        before: Option<u64>,
        limit: usize,
    ) -> Reading<'a, Vec<AuditRow>>;

    /// An app's allow-list.
    fn allow_list<'a>(&'a self, app: &'a AppId) -> Reading<'a, BTreeSet<UserId>>;

    /// Changes an app's allow-list, and gives how it is then. It takes a number, as it changes
    /// who sees what. More than [`ALLOW_LIST_MAX`](crate::limits::ALLOW_LIST_MAX) users are
    /// refused: `Err` gives how many there would be.
    fn change_allow_list<'a>(
        &'a self,
        app: &'a AppId,
        operator: &'a UserId,
        change: AllowListChange,
        now: Micros,
    ) -> Reading<'a, Result<BTreeSet<UserId>, usize>>;

    /// What changed after a number, of all apps: one statement, or one transaction of a few,
    /// whatever the number of users.
    fn public_changes(&self, after: PubSeq) -> Reading<'_, PublicChanges>;

    /// Forgets what was taken back, deleted, or expired before a time and was not changed since,
    /// and raises the floor; operators still see what was not deleted. Removes a bounded number
    /// of what else belonged to it: who has seen it; if it was deleted, also its reach, and then
    /// the row. The audit trail stays. True if there is more.
    fn age_broadcasts(&self, before: Micros) -> Reading<'_, bool>;

    /// Writes sketches over those of the same node and key.
    fn put_reach(&self, rows: Vec<ReachRow>) -> Reading<'_, ()>;

    /// All nodes' sketches of a broadcast.
    fn reach<'a>(&'a self, app: &'a AppId, id: BroadcastId) -> Reading<'a, Vec<ReachRow>>;
}
