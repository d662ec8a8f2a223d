//! What a device was asked to send, and what became of it.

use std::collections::BTreeMap;

use seqline_core::{Sent, Status};
use seqline_protocol::{ClientMsgId, ConvId, Receipt, UserId};

use super::{Checked, Promise, Truth, ensure};

/// What is known of a message that was to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SendState {
    /// The device has to send it.
    Underway,
    /// The device ended before it had it in its store.
    Forgotten,
    /// The relay acknowledged it.
    Sent,
    /// It was refused.
    Failed,
}

/// All messages of one device, in the order in which its app gave them.
#[derive(Debug, Clone, Default)]
pub struct Drafts {
    all: Vec<Draft>,
    by_id: BTreeMap<ClientMsgId, usize>,
}

#[derive(Debug, Clone)]
struct Draft {
    id: ClientMsgId,
    conv: ConvId,
    state: SendState,
    /// It was sent another way as well, which may have been faster than those before it.
    has_twin: bool,
    /// How far it has come, as a process told: `sent`, `delivered`, `read`.
    reached: Option<(usize, Status)>,
    /// The process whose app took the message's own entry.
    shown_by: Option<usize>,
    /// It was told to be on its way, which means that the device's store has it.
    is_promised: bool,
}

impl Drafts {
    /// The app sends one more.
    pub fn add(&mut self, id: ClientMsgId, conv: ConvId) {
        self.by_id.insert(id.clone(), self.all.len());
        self.all.push(Draft {
            id,
            conv,
            state: SendState::Underway,
            has_twin: false,
            reached: None,
            shown_by: None,
            is_promised: false,
        });
    }

    /// A message is sent another way as well.
    pub fn twin(&mut self, id: &ClientMsgId) {
        let index = self.by_id.get(id).copied();
        if let Some(draft) = index.and_then(|index| self.all.get_mut(index)) {
            draft.has_twin = true;
        }
    }

    /// Ids and conversations of those that were acknowledged, newest first.
    pub fn sent(&self) -> impl Iterator<Item = (&ClientMsgId, &ConvId)> {
        let sent = self.all.iter().rev();
        sent.filter(|draft| draft.state == SendState::Sent)
            .map(|draft| (&draft.id, &draft.conv))
    }

    /// How many were refused; they stay in the outbox until the app retries or discards them.
    #[must_use]
    pub fn failed(&self) -> usize {
        let all = self.all.iter();
        all.filter(|draft| draft.state == SendState::Failed).count()
    }

    /// The newest one that was refused.
    #[must_use]
    pub fn newest_failed(&self) -> Option<ClientMsgId> {
        let mut newest = self.all.iter().rev();
        let failed = newest.find(|draft| draft.state == SendState::Failed)?;
        Some(failed.id.clone())
    }

    /// The app sends one that was refused once more.
    pub fn retried(&mut self, id: &ClientMsgId) {
        let index = self.by_id.get(id).copied();
        if let Some(draft) = index.and_then(|index| self.all.get_mut(index)) {
            draft.state = SendState::Underway;
        }
    }

    /// Whether any is still to be sent.
    #[must_use]
    pub fn is_underway(&self) -> bool {
        let mut all = self.all.iter();
        all.any(|draft| draft.state == SendState::Underway)
    }

    /// The device tells its app that a message is on its way: from now on it outlives the app.
    pub fn promised(&mut self, id: &ClientMsgId) {
        let index = self.by_id.get(id).copied();
        if let Some(draft) = index.and_then(|index| self.all.get_mut(index)) {
            draft.is_promised = true;
        }
    }

    /// The device tells its app.
    ///
    /// # Errors
    /// What it tells is not so.
    pub fn told(
        &mut self,
        id: &ClientMsgId,
        status: Status,
        sent: Option<&Sent>,
        process: usize,
        (user, truth): (&UserId, &Truth),
    ) -> Checked {
        let Some(index) = self.by_id.get(id) else {
            return Ok(());
        };
        let Some(draft) = self.all.get_mut(*index) else {
            return Ok(());
        };
        match status {
            Status::Queued | Status::Sending => {}
            Status::Failed => draft.state = SendState::Failed,
            Status::Sent | Status::Delivered | Status::Read => {
                draft.state = SendState::Sent;
                draft.reached = Some((process, status));
                let place = truth.place(user, id);
                let told = sent.map(|sent| (sent.conv.clone(), sent.conv_seq.get()));
                let is_stored = place.is_some() && (told.is_none() || place == told.as_ref());
                ensure(is_stored, Promise::AcknowledgedMeansStored, || {
                    format!("{id} of {user} is told as {status:?} at {told:?}, and is at {place:?}")
                })?;
            }
        }
        Ok(())
    }

    /// The app is given one of its own messages.
    pub fn shown(&mut self, id: &ClientMsgId, process: usize) {
        let index = self.by_id.get(id).copied();
        if let Some(draft) = index.and_then(|index| self.all.get_mut(index)) {
            draft.shown_by = Some(process);
        }
    }

    /// The app is given a receipt. Of each message that it was shown before, it was told so as
    /// well. (One that aged out or was deleted before the device had it may have been
    /// acknowledged only after the receipt.)
    ///
    /// # Errors
    /// It was not.
    pub fn check_receipt(
        &self,
        receipt: &Receipt,
        process: usize,
        (user, truth): (&UserId, &Truth),
    ) -> Checked {
        let shown = self.all.iter();
        let shown = shown.filter(|one| one.conv == receipt.conv && one.shown_by == Some(process));
        for draft in shown {
            let Some((_, reached)) = draft.reached.filter(|(of, _)| *of == process) else {
                continue;
            };
            let place = truth.place(user, &draft.id).map_or(0, |(_, at)| *at);
            let due = if place <= receipt.read.get() {
                Status::Read
            } else if place <= receipt.delivered.get() {
                Status::Delivered
            } else {
                Status::Sent
            };
            ensure(reached >= due, Promise::MarksAreTold, || {
                let id = &draft.id;
                format!(
                    "{id} of {user} at {place} is told as {reached:?}, and there is {receipt:?}"
                )
            })?;
        }
        Ok(())
    }

    /// The device's process ended: what is neither stored nor answered was never promised, unless
    /// it was told to be on its way.
    ///
    /// # Errors
    /// What was promised is neither kept nor stored.
    pub fn restart(
        &mut self,
        is_kept: impl Fn(&ClientMsgId) -> bool,
        (user, truth): (&UserId, &Truth),
    ) -> Checked {
        let underway = self.all.iter_mut();
        let underway = underway.filter(|draft| draft.state == SendState::Underway);
        for draft in underway.filter(|draft| !is_kept(&draft.id)) {
            let was_promised = draft.is_promised && truth.place(user, &draft.id).is_none();
            ensure(!was_promised, Promise::AcknowledgedMeansStored, || {
                format!(
                    "{} of {user} was on its way, and is not in the outbox",
                    draft.id
                )
            })?;
            draft.state = SendState::Forgotten;
        }
        Ok(())
    }

    /// Whether what is stored is stored in the order in which the app gave it.
    ///
    /// # Errors
    /// It is not.
    pub fn check_order(&self, user: &UserId, truth: &Truth) -> Checked {
        let mut last: BTreeMap<&ConvId, (u64, &ClientMsgId)> = BTreeMap::new();
        // One that was refused, whose refusal was lost on its way, is tried anew after later ones.
        let all = self.all.iter();
        let all = all.filter(|draft| !draft.has_twin && !truth.was_refused(user, &draft.id));
        for draft in all {
            let Some((conv, at)) = truth.place(user, &draft.id) else {
                continue;
            };
            ensure(*conv == draft.conv, Promise::RightPeople, || {
                format!("{} went to {conv}, and was for {}", draft.id, draft.conv)
            })?;
            let before = last.get(&draft.conv);
            let is_after = before.is_none_or(|(before, _)| before < at);
            ensure(is_after, Promise::InOrder, || {
                let id = &draft.id;
                format!("{user} sent {before:?} before {id}, which is at {at} of {conv}")
            })?;
            last.insert(&draft.conv, (*at, &draft.id));
        }
        Ok(())
    }

    /// Whether all that was promised is stored.
    ///
    /// # Errors
    /// Something is not.
    pub fn check_stored(&self, user: &UserId, truth: &Truth) -> Checked {
        let mut sent = self
            .all
            .iter()
            .filter(|draft| draft.state == SendState::Sent);
        let lost = sent.find(|draft| truth.place(user, &draft.id).is_none());
        ensure(lost.is_none(), Promise::AcknowledgedMeansStored, || {
            format!("{lost:?} of {user} is not stored")
        })
    }
}
