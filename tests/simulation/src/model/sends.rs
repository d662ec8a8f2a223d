//! What a device was asked to send, and what became of it.

use std::collections::BTreeMap;

use seqline_core::{Sent, Status};
use seqline_protocol::{ClientMsgId, ConvId, UserId};

use super::{Checked, Promise, Truth, Violation, ensure};

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

    /// Whether any is still to be sent.
    #[must_use]
    pub fn is_underway(&self) -> bool {
        let mut all = self.all.iter();
        all.any(|draft| draft.state == SendState::Underway)
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

    /// The device's process ended: what is neither stored nor answered was never promised.
    pub fn restart(&mut self, is_kept: impl Fn(&ClientMsgId) -> bool) {
        for draft in &mut self.all {
            if draft.state == SendState::Underway && !is_kept(&draft.id) {
                draft.state = SendState::Forgotten;
            }
        }
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
            if let Some((before, earlier)) = last.get(&draft.conv)
                && before > at
            {
                let text = format!(
                    "{user} sent {earlier} before {}, and they are at {before} and {at} of {conv}",
                    draft.id
                );
                return Err(Violation::of(Promise::InOrder, text));
            }
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
