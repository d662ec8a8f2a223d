//! Messages that are there already, and what was done to them.

use std::collections::BTreeSet;

use seqline_protocol::{ClientMsgId, Label};

use super::{
    super::{ConvKey, MemberKey, Transaction, UserKey, ledger::Hidden},
    Load,
};
use crate::store::{Op, Send};

impl<'a> Load<'_, 'a> {
    /// What is stored under the senders' ids, and the newest sessions of their devices; and ids of
    /// messages for what is not stored. All locks are held by now: an earlier session's message
    /// is committed before these are read, or finds a newer session here.
    pub(super) async fn sent<T: Transaction>(&mut self, tx: &mut T) -> Result<(), T::Error> {
        let mut ids: Vec<(UserKey, &'a ClientMsgId)> = Vec::new();
        let mut devices = Vec::new();
        for (index, op) in self.ops.iter().enumerate() {
            if let Op::Send(send) = op
                && let Some(sender) = self.keys.of(index).user
            {
                ids.push((sender, &send.client_msg_id));
                devices.push(send.session.as_ref().map(|session| &session.device));
            }
        }
        if ids.is_empty() {
            return Ok(());
        }
        let (stored, newest) = if devices.iter().any(Option::is_some) {
            tx.sent_in_sessions(&ids, &devices).await?
        } else {
            (tx.sent(&ids).await?, Vec::new())
        };
        for (((sender, _), device), newest) in ids.iter().zip(devices).zip(newest) {
            if let Some(device) = device {
                self.ledger.sessions.raise(*sender, device, newest);
            }
        }
        let mut count = 0;
        for (id, stored) in ids.into_iter().zip(stored) {
            match stored {
                Some(stored) => {
                    self.ledger.sent.insert(id, stored);
                }
                None => count += 1,
            }
        }
        if count > 0 {
            self.ledger.next_msg_id = tx.message_ids(count).await?;
        }
        Ok(())
    }

    /// Messages that operations are about: by place, and by the app's key.
    pub(super) async fn messages<T: Transaction>(&mut self, tx: &mut T) -> Result<(), T::Error> {
        let mut places: Vec<(ConvKey, u64)> = Vec::new();
        let mut keyed: Vec<(ConvKey, UserKey, &'a Label)> = Vec::new();
        for (index, op) in self.ops.iter().enumerate() {
            let keys = self.keys.of(index);
            let Some(conv) = keys.conv else { continue };
            match op {
                Op::Recall(recall) => places.push((conv, recall.conv_seq.get())),
                Op::Edit(edit) => places.push((conv, edit.conv_seq.get())),
                Op::Delete(delete) => places.push((conv, delete.conv_seq.get())),
                Op::Send(Send {
                    key: Some(key),
                    replace: true,
                    ..
                }) => keyed.extend(keys.user.map(|sender| (conv, sender, key))),
                _ => {}
            }
        }
        places.sort_unstable();
        places.dedup();
        if !places.is_empty() {
            for row in tx.messages(&places).await?.into_iter().flatten() {
                self.ledger.load_message(row);
            }
        }
        keyed.sort_unstable();
        keyed.dedup();
        if !keyed.is_empty() {
            let rows = tx.keyed(&keyed).await?;
            for ((conv, sender, key), row) in keyed.into_iter().zip(rows) {
                if let Some(row) = row {
                    let at = self.ledger.load_message(row);
                    let key = key.as_str().to_owned();
                    self.ledger.keyed_at.insert((conv, sender, key), at);
                }
            }
        }
        Ok(())
    }

    pub(super) async fn hidden<T: Transaction>(&mut self, tx: &mut T) -> Result<(), T::Error> {
        let mut wanted: BTreeSet<(MemberKey, u64)> = BTreeSet::new();
        for (index, op) in self.ops.iter().enumerate() {
            let keys = self.keys.of(index);
            if let Op::Delete(delete) = op
                && let Some(key) = keys.conv.zip(keys.user)
            {
                wanted.insert((key, delete.conv_seq.get()));
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let wanted: Vec<_> = wanted.into_iter().collect();
        let hidden = tx.hidden(&wanted).await?;
        for (key, is_hidden) in wanted.into_iter().zip(hidden) {
            let hidden = if is_hidden {
                Hidden::Before
            } else {
                Hidden::Not
            };
            self.ledger.hidden.insert(key, hidden);
        }
        Ok(())
    }
}
