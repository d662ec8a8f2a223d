//! What is sent, sent again, acknowledged, failed.
//!
//! Messages leave in the order of `send`, a window of them unacknowledged at a time. When no
//! acknowledgement comes in time, and after each reconnect, all that are unacknowledged are
//! written again, oldest first: with the relay's de-duplication this keeps both order and
//! count.
//!
//! A message goes to the store and to the relay at the same time, and is lost only if it
//! reaches neither. That it is on its way is told when both have been tried: `sending` is a
//! promise that the end of the process does not break. What the relay got and the store did
//! not is not sent again, and comes back through the timeline; that it cannot come to the
//! relay after what a later process sends is the relay's part, which takes nothing from a
//! session whose device has connected again.

use std::collections::VecDeque;

use seqline_protocol::{ClientFrame, ClientMsgId, limits::OUTBOX_MESSAGES_MAX};

use crate::{
    failure::{Failure, FailureCode},
    input::{CallId, Draft, WriteId},
    rtt::Rtt,
    stats::Stats,
    store::{OutboxRecord, StoreWriter},
};

const RETRANSMIT_MIN_MS: u64 = 3_000;
const RETRANSMIT_MAX_MS: u64 = 30_000;

/// The messages that are not known to be stored by the relay.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    /// By place, which is the order of sending.
    items: VecDeque<Item>,
    next_place: u64,
    in_flight: usize,
    retransmit_at_ms: Option<u64>,
    /// Retransmissions in a row without any acknowledgement; doubles the time to the next.
    silent_rounds: u32,
}

#[derive(Debug)]
struct Item {
    place: u64,
    draft: Draft,
    call: Option<CallId>,
    kept: Kept,
    /// When it was written to the present connection.
    written_at_ms: Option<u64>,
    transmissions: u32,
    /// The app knows that it is on its way.
    told: bool,
    fails_at_ms: Option<u64>,
    failed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    /// Counts as kept once this write is done.
    After(WriteId),
    Yes,
}

/// A message that left the outbox, or stays in it as failed.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) draft: Draft,
    pub(crate) call: Option<CallId>,
}

/// A message that is due to be written.
#[derive(Debug)]
pub(crate) struct Transmission {
    pub(crate) frame: ClientFrame,
    /// To be told that it is on its way.
    pub(crate) sending: Option<ClientMsgId>,
}

impl Outbox {
    /// What the store kept; gives the messages as they stand, failed or queued.
    pub(crate) fn restore(
        &mut self,
        records: Vec<(u64, OutboxRecord)>,
        fails_at_ms: Option<u64>,
        store: &mut StoreWriter,
    ) -> Vec<(Draft, Option<String>)> {
        let mut restored = Vec::new();
        for (place, OutboxRecord { draft, failed }) in records {
            self.next_place = place.saturating_add(1);
            // Whoever moved another device's outbox here was cut off before it was gone there,
            // and moved it again.
            if self.find(&draft.client_msg_id).is_some() {
                store.delete_outbox(place);
                continue;
            }
            restored.push((draft.clone(), failed.clone()));
            let mut item = Item::new(place, draft, None, Kept::Yes, fails_at_ms);
            item.failed = failed.is_some();
            self.items.push_back(item);
        }
        restored
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// Adds a message.
    pub(crate) fn add(
        &mut self,
        draft: Draft,
        call: Option<CallId>,
        fails_at_ms: Option<u64>,
        store: &mut StoreWriter,
    ) -> Result<(), Failure> {
        if self.items.len() >= OUTBOX_MESSAGES_MAX {
            let message =
                "the outbox is full; wait until messages are sent, or discard failed ones";
            return Err(Failure::new(FailureCode::OutboxFull, message));
        }
        if self.find(&draft.client_msg_id).is_some() {
            let message = "a message with this id is in the outbox already; give each its own";
            return Err(Failure::new(FailureCode::IdInUse, message));
        }
        let place = self.next_place;
        self.next_place += 1;
        let record = OutboxRecord {
            draft,
            failed: None,
        };
        let write = store.put_outbox(place, &record);
        let kept = write.map_or(Kept::Yes, Kept::After);
        let item = Item::new(place, record.draft, call, kept, fails_at_ms);
        self.items.push_back(item);
        Ok(())
    }

    /// Takes a failed message out, to be sent anew or forgotten.
    pub(crate) fn take_failed(
        &mut self,
        id: &ClientMsgId,
        store: &mut StoreWriter,
    ) -> Option<Draft> {
        let index = self.find(id)?;
        self.items.get(index).filter(|item| item.failed)?;
        self.remove(index, store).map(|settled| settled.draft)
    }

    /// A write is done (or given up: sending goes before keeping). Gives the messages of
    /// which it is to be told that they are on their way.
    pub(crate) fn kept(&mut self, write: WriteId) -> Vec<ClientMsgId> {
        let mut sending = Vec::new();
        for item in self.items.iter_mut() {
            if matches!(item.kept, Kept::After(after) if after <= write) {
                item.kept = Kept::Yes;
                sending.extend(item.sending());
            }
        }
        sending
    }

    /// The next message to write to the open connection.
    pub(crate) fn next_transmission(
        &mut self,
        window: usize,
        rtt: &Rtt,
        now_ms: u64,
        stats: &mut Stats,
    ) -> Option<Transmission> {
        if self.in_flight >= window {
            return None;
        }
        let item = self
            .items
            .iter_mut()
            .find(|item| !item.failed && item.written_at_ms.is_none())?;
        item.written_at_ms = Some(now_ms);
        item.transmissions += 1;
        if item.transmissions > 1 {
            stats.retransmissions += 1;
        }
        let transmission = Transmission {
            frame: ClientFrame::Send(item.draft.clone()),
            sending: item.sending(),
        };
        self.in_flight += 1;
        if self.retransmit_at_ms.is_none() {
            self.retransmit_at_ms = Some(now_ms + self.retransmit_after_ms(rtt));
        }
        Some(transmission)
    }

    /// The relay has stored a message. Gives it, and the round trip if it was written once.
    pub(crate) fn acknowledged(
        &mut self,
        id: &ClientMsgId,
        rtt: &Rtt,
        now_ms: u64,
        store: &mut StoreWriter,
    ) -> Option<(Settled, Option<u64>)> {
        let index = self.find(id)?;
        let item = self.items.get(index)?;
        let round_trip_ms = item
            .written_at_ms
            .filter(|_| item.transmissions == 1)
            .map(|written_at_ms| now_ms.saturating_sub(written_at_ms));
        let settled = self.remove(index, store)?;
        self.silent_rounds = 0;
        self.retransmit_at_ms =
            (self.in_flight > 0).then(|| now_ms + self.retransmit_after_ms(rtt));
        Some((settled, round_trip_ms))
    }

    /// The relay will never store this one.
    pub(crate) fn refused(
        &mut self,
        id: &ClientMsgId,
        reason: &str,
        store: &mut StoreWriter,
    ) -> Option<Settled> {
        let index = self.find(id)?;
        self.fail(index, reason, store)
    }

    /// A message whose time is up.
    pub(crate) fn expire(&mut self, now_ms: u64, store: &mut StoreWriter) -> Option<Settled> {
        let index = self.items.iter().position(|item| {
            !item.failed && item.fails_at_ms.is_some_and(|at_ms| at_ms <= now_ms)
        })?;
        self.fail(index, "the relay did not acknowledge it in time", store)
    }

    /// Writes everything unacknowledged again if no acknowledgement came in time.
    pub(crate) fn retransmit_if_due(&mut self, now_ms: u64) {
        if self.retransmit_at_ms.is_some_and(|at_ms| at_ms <= now_ms) {
            self.silent_rounds = self.silent_rounds.saturating_add(1);
            self.unwrite();
        }
    }

    /// The connection is gone, and with it what was written but not acknowledged.
    pub(crate) fn connection_lost(&mut self) {
        self.silent_rounds = 0;
        self.unwrite();
    }

    pub(crate) fn deadline_ms(&self) -> Option<u64> {
        let fails_at_ms = self
            .items
            .iter()
            .filter(|item| !item.failed)
            .filter_map(|item| item.fails_at_ms)
            .min();
        [self.retransmit_at_ms, fails_at_ms]
            .into_iter()
            .flatten()
            .min()
    }

    fn unwrite(&mut self) {
        for item in self.items.iter_mut() {
            item.written_at_ms = None;
        }
        self.in_flight = 0;
        self.retransmit_at_ms = None;
    }

    fn fail(&mut self, index: usize, reason: &str, store: &mut StoreWriter) -> Option<Settled> {
        let item = self.items.get_mut(index).filter(|item| !item.failed)?;
        item.failed = true;
        item.fails_at_ms = None;
        if item.written_at_ms.take().is_some() {
            self.in_flight -= 1;
        }
        let record = OutboxRecord {
            draft: item.draft.clone(),
            failed: Some(reason.to_owned()),
        };
        store.put_outbox(item.place, &record);
        Some(Settled {
            draft: record.draft,
            call: item.call.take(),
        })
    }

    fn remove(&mut self, index: usize, store: &mut StoreWriter) -> Option<Settled> {
        let item = self.items.remove(index)?;
        if item.written_at_ms.is_some() {
            self.in_flight -= 1;
        }
        store.delete_outbox(item.place);
        Some(Settled {
            draft: item.draft,
            call: item.call,
        })
    }

    fn find(&self, id: &ClientMsgId) -> Option<usize> {
        self.items
            .iter()
            .position(|item| item.draft.client_msg_id == *id)
    }

    fn retransmit_after_ms(&self, rtt: &Rtt) -> u64 {
        (rtt.patience_ms(RETRANSMIT_MIN_MS, RETRANSMIT_MAX_MS) << self.silent_rounds.min(4))
            .min(RETRANSMIT_MAX_MS)
    }
}

impl Item {
    fn new(
        place: u64,
        draft: Draft,
        call: Option<CallId>,
        kept: Kept,
        fails_at_ms: Option<u64>,
    ) -> Self {
        Self {
            place,
            draft,
            call,
            kept,
            written_at_ms: None,
            transmissions: 0,
            told: false,
            fails_at_ms,
            failed: false,
        }
    }

    /// Its id, once, when it is kept and was written.
    fn sending(&mut self) -> Option<ClientMsgId> {
        let is_sending = self.kept == Kept::Yes && self.transmissions > 0 && !self.failed;
        (is_sending && !std::mem::replace(&mut self.told, true))
            .then(|| self.draft.client_msg_id.clone())
    }
}
