//! What an app does with what it is given: takes it, marks it as read, asks what is new.

use std::collections::BTreeMap;

use seqline_core::{Command, Delivered, DeliveryId, Failure, Input, Reply};
use seqline_protocol::{BroadcastId, ConvId, ConvSeq, ResetReason, UserId};

use super::{
    World,
    device::{Asked, ProcessId, Role},
    relay,
};
use crate::model::{Checked, Excuses, Promise, Violation, ensure};

/// How far users have taken and read conversations, on any device.
#[derive(Debug, Default)]
pub(super) struct Marks {
    pub(super) taken: BTreeMap<(UserId, ConvId), u64>,
    pub(super) read: BTreeMap<(UserId, ConvId), u64>,
    /// Those who started over: they have everything, and took nothing up to there as an entry.
    pub(super) reset: BTreeMap<UserId, u64>,
}

impl Marks {
    fn raise(marks: &mut BTreeMap<(UserId, ConvId), u64>, user: &UserId, conv: &ConvId, at: u64) {
        let mark = marks.entry((user.clone(), conv.clone())).or_default();
        *mark = at.max(*mark);
    }

    pub(super) fn raise_read(&mut self, user: &UserId, conv: &ConvId, at: u64) {
        Self::raise(&mut self.read, user, conv, at);
    }

    pub(super) fn raise_taken(&mut self, user: &UserId, conv: &ConvId, at: u64) {
        Self::raise(&mut self.taken, user, conv, at);
    }

    fn get(marks: &BTreeMap<(UserId, ConvId), u64>, user: &UserId, conv: &ConvId) -> u64 {
        let mark = marks.get(&(user.clone(), conv.clone()));
        mark.copied().unwrap_or(0)
    }
}

impl World<'_> {
    pub(super) fn taken(
        &mut self,
        id: ProcessId,
        delivery: DeliveryId,
        events: &[Delivered],
    ) -> Checked {
        let process = &self.processes[id.0];
        let device = process.device;
        match process.role {
            Role::Ended => return Ok(()),
            Role::EarlierTab => {
                let user = self.devices[device].user.clone();
                for event in events {
                    self.mark(&user, event);
                }
                return self.feed(id, Input::Taken(delivery));
            }
            Role::Current => {}
        }
        let fails_after = self.devices[device].handler_fails.take();
        let fails_after = fails_after.map(|after| usize::from(after) % events.len().max(1));
        let count = fails_after.unwrap_or(events.len());
        for event in events.iter().take(count) {
            self.take(device, event)?;
        }
        self.claim_held(id)?;
        let input = match fails_after {
            Some(taken) => {
                self.count("handler_failed");
                Input::Refused { delivery, taken }
            }
            None => Input::Taken(delivery),
        };
        self.feed(id, input)
    }

    fn take(&mut self, device: usize, event: &Delivered) -> Checked {
        self.trace.note(b"take", device as u64);
        self.count("delivered");
        let user = self.devices[device].user.clone();
        self.mark(&user, event);
        let node = &mut self.devices[device];
        match event {
            Delivered::Public { news } => {
                self.public.take(&mut node.held, news, &node.user)?;
                let held = &node.held;
                node.claimed.retain(|id| held.contains_key(id));
                return Ok(());
            }
            Delivered::Message { message, own, .. } => {
                if *own {
                    node.drafts.shown(&message.client_msg_id, node.current.0);
                }
                node.newest = Some((message.conv.clone(), message.conv_seq));
            }
            Delivered::Reset { reason, conv, .. } => {
                let what = match (conv, reason) {
                    (Some(_), _) => "reset_of_crowd",
                    (None, ResetReason::BelowFloor) => "reset_below_floor",
                    (None, ResetReason::EpochChanged) => "reset_epoch_changed",
                    (None, ResetReason::AheadOfHead) => "reset_ahead_of_head",
                };
                *self.figures.entry(what).or_default() += 1;
            }
            Delivered::Receipt { receipt, .. } => {
                let marks = &self.marks;
                let of = &receipt.user;
                let read = Marks::get(&marks.read, of, &receipt.conv);
                let taken = Marks::get(&marks.taken, of, &receipt.conv).max(read);
                let is_so = marks.reset.contains_key(of)
                    || (receipt.delivered.get() <= taken && receipt.read.get() <= read);
                ensure(is_so, Promise::CursorTrailsTheApp, || {
                    format!("{of} took {taken} and read {read}, and {user} is told {receipt:?}")
                })?;
                let who = (&user, &self.truth);
                node.drafts.check_receipt(receipt, node.current.0, who)?;
            }
            _ => {}
        }
        let excuses = Excuses {
            epoch_changed: node.epoch_told != Some(relay::epoch(self.epochs)),
            cursor_told: node.cursor_told,
        };
        let node = &mut self.devices[device];
        node.view.take(event, &user, &self.truth, excuses)?;
        Ok(())
    }

    fn mark(&mut self, user: &UserId, event: &Delivered) {
        match event {
            Delivered::Message { message, .. } => {
                self.marks
                    .raise_taken(user, &message.conv, message.conv_seq.get());
            }
            Delivered::Delete { conv, conv_seq, .. } => {
                self.marks.raise_taken(user, conv, conv_seq.get());
            }
            Delivered::Reset { head, conv, .. } => {
                let upto = self.marks.reset.entry(user.clone()).or_default();
                if conv.is_none() {
                    *upto = head.get().max(*upto);
                }
            }
            _ => {}
        }
    }

    /// Asks whether broadcasts that a device holds are new to its user.
    pub(super) fn claim_held(&mut self, id: ProcessId) -> Checked {
        let device = self.processes[id.0].device;
        let node = &self.devices[device];
        let ids = node.held.keys();
        let ids: Vec<BroadcastId> = ids
            .filter(|id| !node.claimed.contains(id))
            .copied()
            .collect();
        let is_asking = self.processes[id.0]
            .calls
            .values()
            .any(|asked| matches!(asked, Asked::Seen(_)));
        if ids.is_empty() || is_asking {
            return Ok(());
        }
        let params = serde_json::json!({ "ids": ids }).to_string();
        let call = self.processes[id.0].next_call(Asked::Seen(ids));
        let command = Command::Call {
            method: "broadcasts.seen".to_owned(),
            params,
            repeatable: true,
        };
        self.feed(id, Input::Call(call, command))
    }

    /// An answer to what the app asked for.
    pub(super) fn answered(
        &mut self,
        id: ProcessId,
        asked: &Asked,
        answer: Result<Reply, Failure>,
    ) -> Checked {
        let device = self.processes[id.0].device;
        let reply = match answer {
            Ok(reply) => reply,
            Err(failure) => {
                if let Asked::Read(conv, _) = asked
                    && !failure.retryable
                {
                    self.devices[device].unconfirmed.remove(conv);
                }
                return Ok(());
            }
        };
        match asked {
            Asked::Other => Ok(()),
            Asked::Read(conv, conv_seq) => self.read_confirmed(device, conv, *conv_seq),
            Asked::Recall(conv, conv_seq) => {
                let said = self.truth.conversation(conv);
                let said = said.and_then(|one| one.said(conv_seq.get()));
                let is_so = said.is_some_and(|said| said.is_recalled);
                ensure(is_so, Promise::AcknowledgedMeansStored, || {
                    format!("the recall of {conv} {conv_seq} is acknowledged, and not stored")
                })
            }
            Asked::Edit(conv, conv_seq, body) => {
                let said = self.truth.conversation(conv);
                let said = said.and_then(|one| one.said(conv_seq.get()));
                let is_so = said.is_some_and(|said| said.bodies.contains(body));
                ensure(is_so, Promise::AcknowledgedMeansStored, || {
                    format!("the edit of {conv} {conv_seq} is acknowledged, and not stored")
                })
            }
            Asked::Seen(ids) => self.seen(id, device, ids, &reply),
        }
    }

    fn read_confirmed(&mut self, device: usize, conv: &ConvId, conv_seq: ConvSeq) -> Checked {
        let node = &mut self.devices[device];
        node.unconfirmed
            .retain(|of, upto| of != conv || *upto > conv_seq);
        let read = self.truth.read_ever(&node.user, conv);
        ensure(
            read >= conv_seq.get(),
            Promise::AcknowledgedMeansStored,
            || {
                let user = &node.user;
                format!(
                    "{user} is told that {conv} is read up to {conv_seq}, and it is up to {read}"
                )
            },
        )
    }

    /// Marks as read again what was not confirmed, and is not being asked.
    pub(super) fn repeat_reads(&mut self, id: ProcessId) -> Checked {
        let process = &self.processes[id.0];
        let is_asking = |conv: &ConvId| {
            let mut calls = process.calls.values();
            calls.any(|asked| matches!(asked, Asked::Read(of, _) if of == conv))
        };
        let unconfirmed = self.devices[process.device].unconfirmed.iter();
        let marks: Vec<_> = unconfirmed
            .filter(|(conv, _)| !is_asking(conv))
            .map(|(conv, conv_seq)| (conv.clone(), *conv_seq))
            .collect();
        for (conv, conv_seq) in marks {
            self.count("reads_repeated");
            self.ask_read(id, conv, conv_seq)?;
        }
        Ok(())
    }

    pub(super) fn ask_read(&mut self, id: ProcessId, conv: ConvId, conv_seq: ConvSeq) -> Checked {
        let call = self.processes[id.0].next_call(Asked::Read(conv.clone(), conv_seq));
        self.feed(id, Input::Call(call, Command::Read { conv, conv_seq }))
    }

    fn seen(
        &mut self,
        id: ProcessId,
        device: usize,
        asked: &[BroadcastId],
        reply: &Reply,
    ) -> Checked {
        let Reply::Value(value) = reply else {
            return Ok(());
        };
        let new = new_of(value).ok_or_else(|| {
            let text = format!("broadcasts.seen gives {value}");
            Violation::of(Promise::PublicMailbox, text)
        })?;
        let node = &mut self.devices[device];
        let user = node.user.clone();
        node.claimed.extend(asked);
        for broadcast in new {
            self.public.shown_as_new(&user, broadcast, device)?;
        }
        self.claim_held(id)
    }
}

fn new_of(value: &str) -> Option<Vec<BroadcastId>> {
    #[derive(serde::Deserialize)]
    struct Value {
        new: Vec<BroadcastId>,
    }
    let value: Value = serde_json::from_str(value).ok()?;
    Some(value.new)
}
