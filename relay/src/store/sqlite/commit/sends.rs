//! Which messages are to be stored: each once, however often it is sent.

use std::sync::Arc;

use seqline_protocol::{ClientMsgId, ConvSeq, Micros, MsgId, Seq};
use sqlx::Row as _;

use super::Batch;
use crate::{
    account::Account,
    index::Index,
    store::{
        Done, Op, Refusal, Send, Sent,
        sqlite::{
            names::Missing,
            rows::{inconsistent, integer, json, number, position, stored_priority},
        },
    },
};

/// A send that is not stored yet, and gets its places here.
pub(super) struct Fresh<'a> {
    pub(super) index: usize,
    pub(super) send: &'a Send,
    /// The other user; none for notes to oneself.
    pub(super) peer: Option<Arc<Account>>,
    pub(super) sender_id: i64,
    pub(super) conv_id: i64,
    pub(super) conv_seq: u64,
    pub(super) msg_id: i64,
    /// Later sends of the batch with the same id and content.
    pub(super) repeats: Vec<usize>,
}

/// What is stored under an id that comes again.
struct Stored {
    conv_id: i64,
    kind: String,
    body: String,
    priority: i64,
    expires: Option<i64>,
    recalled: bool,
    sent: Sent,
}

impl Stored {
    /// A message that was taken back has lost its body: the rest then decides.
    fn is_same(&self, send: &Send, conv_id: Option<i64>) -> bool {
        Some(self.conv_id) == conv_id
            && self.kind == send.kind.as_str()
            && (self.recalled || self.body == send.body)
            && self.priority == stored_priority(send.priority)
            && self.expires == stored_time(send.expires)
    }
}

impl<'a> Batch<'a> {
    /// Decides which sends are to be stored, and gives them their place in the
    /// conversation and an entry in the members' timelines.
    pub(super) async fn sends(&mut self) -> Result<Vec<Fresh<'a>>, sqlx::Error> {
        let sends = self.direct_sends();
        if sends.is_empty() {
            return Ok(Vec::new());
        }
        let stored = self.stored(&sends).await?;
        let mut fresh = self.fresh(&sends, &stored);
        if !fresh.is_empty() {
            self.found(&mut fresh).await?;
            self.place(&mut fresh).await?;
            self.point(&fresh)?;
        }
        Ok(fresh)
    }

    fn direct_sends(&mut self) -> Vec<(usize, &'a Send)> {
        let ops = self.ops;
        let mut sends = Vec::new();
        for (index, op) in ops.iter().enumerate() {
            let Op::Send(send) = op else { continue };
            if send.from.takes_part_in(&send.conv) {
                sends.push((index, send));
            } else {
                self.resolve(index, Err(Refusal::ConversationUnknown));
            }
        }
        sends
    }

    /// What earlier batches stored under these ids.
    async fn stored(
        &mut self,
        sends: &[(usize, &Send)],
    ) -> Result<Index<usize, Stored>, sqlx::Error> {
        let convs: Vec<_> = sends
            .iter()
            .map(|(_, send)| (&send.from.app, &send.conv))
            .collect();
        self.names
            .learn_convs(self.connection, &convs, Missing::Leave)
            .await?;
        let senders: Vec<_> = sends.iter().map(|(_, send)| &*send.from).collect();
        self.names
            .learn_users(self.connection, &senders, Missing::Leave)
            .await?;
        let keys: Vec<_> = sends
            .iter()
            .map(|(_, send)| (self.names.user(&send.from), send.client_msg_id.as_str()))
            .collect();
        let rows = sqlx::query(
            "SELECT wanted.key, conv_id, kind, body, priority, expires_us, recalled,
                    msg_id, conv_seq, sender_seq, created_us
             FROM json_each(?1) wanted
             CROSS JOIN message ON sender_id = wanted.value ->> 0
               AND client_msg_id = wanted.value ->> 1",
        )
        .bind(json(&keys))
        .fetch_all(&mut *self.connection)
        .await?;
        rows.iter()
            .map(|row| {
                let (index, _) = sends.get(position(row, 0)?).ok_or_else(inconsistent)?;
                let stored = Stored {
                    conv_id: row.try_get(1)?,
                    kind: row.try_get(2)?,
                    body: row.try_get(3)?,
                    priority: row.try_get(4)?,
                    expires: row.try_get(5)?,
                    recalled: row.try_get::<i64, _>(6)? != 0,
                    sent: Sent {
                        msg_id: MsgId::saturating(number(row.try_get(7)?)),
                        conv_seq: ConvSeq::saturating(number(row.try_get(8)?)),
                        seq: Seq::saturating(number(row.try_get(9)?)),
                        created: Micros::saturating(number(row.try_get(10)?)),
                        duplicate: true,
                    },
                };
                Ok((*index, stored))
            })
            .collect()
    }

    /// Those sends that are neither stored, nor repeated within the batch, nor refused.
    fn fresh(
        &mut self,
        sends: &[(usize, &'a Send)],
        stored: &Index<usize, Stored>,
    ) -> Vec<Fresh<'a>> {
        let mut fresh: Vec<Fresh<'a>> = Vec::new();
        let mut seen: Index<(&Account, &ClientMsgId), usize> = Index::new();
        for &(index, send) in sends {
            let key = (&*send.from, &send.client_msg_id);
            if let Some(stored) = stored.get(&index) {
                let conv_id = self.names.conv(&send.from.app, &send.conv);
                let result = if stored.is_same(send, conv_id) {
                    Ok(Done::Sent(stored.sent.clone()))
                } else {
                    Err(Refusal::IdConflict)
                };
                self.resolve(index, result);
            } else if let Some(first) = seen.get(&key).and_then(|&at| fresh.get_mut(at)) {
                if first.send == send {
                    first.repeats.push(index);
                } else {
                    self.resolve(index, Err(Refusal::IdConflict));
                }
            } else if send.expires.is_some_and(|expires| expires <= self.now) {
                self.resolve(index, Err(Refusal::Expired));
            } else {
                seen.insert(key, fresh.len());
                fresh.push(Fresh::new(index, send));
            }
        }
        fresh
    }
}

impl<'a> Fresh<'a> {
    fn new(index: usize, send: &'a Send) -> Self {
        let peer = send.conv.peer_of(&send.from.user);
        Self {
            index,
            send,
            peer: peer
                .filter(|peer| *peer != send.from.user)
                .map(|peer| Arc::new(send.from.sibling(peer))),
            sender_id: 0,
            conv_id: 0,
            conv_seq: 0,
            msg_id: 0,
            repeats: Vec::new(),
        }
    }

    /// Whether it is of the user who comes first in the conversation's name.
    pub(super) fn is_from_low(&self) -> bool {
        self.peer
            .as_ref()
            .is_none_or(|peer| self.send.from.user < peer.user)
    }
}

pub(super) fn stored_time(time: Option<Micros>) -> Option<i64> {
    time.map(|at| integer(at.get()))
}
