//! Devices, and the processes that run on them: a client session each.

use std::collections::BTreeMap;

use seqline_core::{CallId, Session, StoreOp};
use seqline_protocol::{
    BroadcastId, ClientMsgId, ConvId, ConvSeq, Epoch, PublicPlace, Seq, UserId, from_cbor,
};
use serde::Deserialize;

use super::{Event, link::LinkId};
use crate::{
    clock::Skew,
    model::{AppView, Checked, Drafts, Held, Truth},
};

/// Which process, of all that there ever were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ProcessId(pub(super) usize);

/// An app with a client session.
pub(super) struct Process {
    pub(super) device: usize,
    pub(super) session: Session,
    pub(super) role: Role,
    /// The app asked to be connected, and neither it nor the relay has ended that.
    pub(super) wants_connection: bool,
    pub(super) link: Option<LinkId>,
    pub(super) wake_at_ms: Option<u64>,
    pub(super) calls: BTreeMap<u32, Asked>,
    pub(super) last_call: u32,
    /// The write to the store that is under way.
    pub(super) writing: Option<Writing>,
    /// The store has failed: from then on what is on its way need not be kept.
    pub(super) store_failed: bool,
}

/// A write to a device's store.
#[derive(Debug, Clone)]
pub(super) struct Writing {
    pub(super) ops: Vec<StoreOp>,
    /// What the app holds of the public mailbox, if its place there is written as well.
    pub(super) held: Option<Held>,
}

/// What a process is to its device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The one that its user looks at.
    Current,
    /// Another tab, which was there before.
    EarlierTab,
    /// It has ended.
    Ended,
}

/// What an app waits for an answer to.
#[derive(Debug, Clone)]
pub(super) enum Asked {
    Recall(ConvId, ConvSeq),
    Edit(ConvId, ConvSeq, String),
    Read(ConvId, ConvSeq),
    /// Which of these are new here.
    Seen(Vec<BroadcastId>),
    /// Nothing is asked of the answer.
    Other,
}

/// A device: what stays when processes end.
pub(super) struct Device {
    pub(super) user: UserId,
    pub(super) current: ProcessId,
    /// The client's store.
    pub(super) store: BTreeMap<String, Vec<u8>>,
    pub(super) view: AppView,
    pub(super) held: Held,
    /// The same as it is stored: in one write with the place in the mailbox, as the protocol
    /// asks for (docs/protocol.md, "The public mailbox").
    pub(super) held_kept: Held,
    /// Broadcasts of which it is known whether they are new here.
    pub(super) claimed: Vec<BroadcastId>,
    pub(super) drafts: Drafts,
    /// The newest message that is shown.
    pub(super) newest: Option<(ConvId, ConvSeq)>,
    /// What its user has read, as far as the relay has not confirmed it.
    pub(super) unconfirmed: BTreeMap<ConvId, ConvSeq>,
    pub(super) skew: Skew,
    /// How far its clock of deadlines lags, in milliseconds.
    pub(super) lag_ms: u64,
    pub(super) sleeps_until_ms: Option<u64>,
    pub(super) slept_at_ms: u64,
    /// Its clock of deadlines stands still while it sleeps.
    pub(super) clock_stops: bool,
    /// What happened to it while it slept.
    pub(super) missed: Vec<Event>,
    /// The app's handler fails after so many events.
    pub(super) handler_fails: Option<u8>,
    pub(super) store_fails: bool,
    pub(super) token_fails: bool,
    /// It had several tabs at some time: they end each other's sessions.
    pub(super) had_tabs: bool,
    /// The numbering of its user's timeline, as far as its app knows.
    pub(super) epoch: Option<Epoch>,
    /// The same when it last said hello.
    pub(super) epoch_told: Option<Epoch>,
    pub(super) bodies: u32,
    /// The cursor when it last said hello.
    pub(super) cursor_told: u64,
    /// What it was asked to send last.
    pub(super) last_draft: Option<seqline_core::Draft>,
}

/// Of the client's record of where it is.
#[derive(Deserialize)]
pub(super) struct PositionRecord {
    pub(super) cursor: Seq,
    /// The numbering of the cursor.
    pub(super) epoch: Epoch,
    pub(super) public: PublicPlace,
}

/// Of the client's record of a crowd.
#[derive(Deserialize)]
struct CrowdRecord {
    cursor: Seq,
}

/// Of the client's record of a message that is to be sent.
#[derive(Deserialize)]
struct OutboxRecord {
    draft: DraftRecord,
}

#[derive(Deserialize)]
struct DraftRecord {
    client_msg_id: ClientMsgId,
}

/// The cursor that a record of the client's store holds, and of which crowd; none if it is
/// another record.
pub(super) fn cursor_of(key: &str, value: &[u8]) -> Option<(Option<ConvId>, u64)> {
    if let Some(position) = position_of(key, value) {
        return Some((None, position.cursor.get()));
    }
    let conv = ConvId::new(key.strip_prefix("crowd/")?).ok()?;
    let record: CrowdRecord = from_cbor(value)?;
    Some((Some(conv), record.cursor.get()))
}

/// How far a client is, by a record of its store; none if it is another record.
pub(super) fn position_of(key: &str, value: &[u8]) -> Option<PositionRecord> {
    (key == "position").then(|| from_cbor(value)).flatten()
}

impl Device {
    /// The app starts with what is kept.
    ///
    /// # Errors
    /// Something is not kept that should be.
    pub(super) fn restart_app(&mut self, truth: &Truth) -> Checked {
        let cursors = self.store.iter();
        let cursors: Vec<_> = cursors
            .filter_map(|(key, value)| cursor_of(key, value))
            .collect();
        let position = self.store.get("position");
        let position = position.and_then(|value| position_of("position", value));
        self.epoch = position.map(|position| position.epoch);
        let own = cursors.iter().find(|(conv, _)| conv.is_none());
        let own = own.map_or(0, |(_, cursor)| *cursor);
        let crowds = cursors.iter();
        let crowds = crowds.filter_map(|(conv, cursor)| Some((conv.clone()?, *cursor)));
        self.view.restart(own, crowds.collect());
        self.unconfirmed.clear();
        self.held.clone_from(&self.held_kept);
        let held = &self.held;
        self.claimed.retain(|id| held.contains_key(id));
        let kept: Vec<ClientMsgId> = self
            .store
            .iter()
            .filter(|(key, _)| key.starts_with("outbox/"))
            .filter_map(|(_, value)| from_cbor::<OutboxRecord>(value))
            .map(|record| record.draft.client_msg_id)
            .collect();
        self.drafts
            .restart(|id| kept.contains(id), (&self.user, truth))
    }
}

impl Process {
    /// A name for a call, and what it is about.
    pub(super) fn next_call(&mut self, asked: Asked) -> CallId {
        self.last_call += 1;
        self.calls.insert(self.last_call, asked);
        CallId(self.last_call)
    }
}
