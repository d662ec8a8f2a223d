//! Messages: stored once, with a pointer in the timeline of each member.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use seqline_protocol::{ClientMsgId, ConvSeq, Item, Message, Micros, MsgId, Seq};
use sqlx::Row as _;

use super::{Batch, entries::EntryRow};
use crate::{
    account::Account,
    index::Index,
    store::{
        Done, Op, Refusal, Send, Sent,
        sqlite::{
            names::Missing,
            page::MESSAGE,
            rows::{integer, json, number, position, stored_priority},
        },
    },
};

/// A send that is not stored yet, and gets its places here.
pub(super) struct Fresh<'a> {
    index: usize,
    send: &'a Send,
    /// The other user; none for notes to oneself.
    peer: Option<Arc<Account>>,
    sender_id: i64,
    conv_id: i64,
    conv_seq: u64,
    msg_id: i64,
    /// Later sends of the batch with the same id and content.
    repeats: Vec<usize>,
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

    /// Stores messages and entries, and answers the sends.
    pub(super) async fn allocate(&mut self, fresh: Vec<Fresh<'a>>) -> Result<(), sqlx::Error> {
        let own: BTreeMap<usize, Seq> = self.append().await?.into_iter().collect();
        if fresh.is_empty() {
            return Ok(());
        }
        let mut rows = Vec::with_capacity(fresh.len());
        for fresh in &fresh {
            let seq = *own.get(&fresh.index).ok_or(sqlx::Error::RowNotFound)?;
            rows.push((
                fresh.msg_id,
                fresh.conv_id,
                fresh.conv_seq,
                fresh.sender_id,
                seq.get(),
                fresh.send.client_msg_id.as_str(),
                fresh.send.kind.as_str(),
                fresh.send.body.as_str(),
                stored_priority(fresh.send.priority),
                self.now.get(),
                stored_time(fresh.send.expires),
            ));
            let sent = Sent {
                msg_id: MsgId::saturating(number(fresh.msg_id)),
                conv_seq: ConvSeq::saturating(fresh.conv_seq),
                seq,
                created: self.now,
                duplicate: false,
            };
            for &repeat in &fresh.repeats {
                let duplicate = true;
                self.resolve(
                    repeat,
                    Ok(Done::Sent(Sent {
                        duplicate,
                        ..sent.clone()
                    })),
                );
            }
            self.resolve(fresh.index, Ok(Done::Sent(sent)));
        }
        let written = sqlx::query(
            "INSERT INTO message (msg_id, conv_id, conv_seq, sender_id, sender_seq,
                                  client_msg_id, kind, body, priority, created_us, expires_us)
             SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
                    value ->> 6, value ->> 7, value ->> 8, value ->> 9, value ->> 10
             FROM json_each(?1)",
        )
        .bind(json(&rows))
        .execute(&mut *self.connection)
        .await?;
        if written.rows_affected() == rows.len() as u64 {
            Ok(())
        } else {
            Err(sqlx::Error::RowNotFound)
        }
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
                let (index, _) = sends
                    .get(position(row, 0)?)
                    .ok_or(sqlx::Error::RowNotFound)?;
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

    /// Makes sure that conversations, users and memberships exist. Not before it is
    /// sure that something will be stored: what is refused leaves no trace.
    async fn found(&mut self, fresh: &mut [Fresh<'a>]) -> Result<(), sqlx::Error> {
        let convs: Vec<_> = fresh
            .iter()
            .map(|fresh| (&fresh.send.from.app, &fresh.send.conv))
            .collect();
        let new = self
            .names
            .learn_convs(self.connection, &convs, Missing::Create)
            .await?;
        let users: Vec<_> = fresh
            .iter()
            .flat_map(|fresh| [Some(&*fresh.send.from), fresh.peer.as_deref()])
            .flatten()
            .collect();
        self.names
            .learn_users(self.connection, &users, Missing::Create)
            .await?;
        let mut members = BTreeSet::new();
        for fresh in fresh {
            fresh.sender_id = self.user_id(&fresh.send.from)?;
            fresh.conv_id = self
                .names
                .conv(&fresh.send.from.app, &fresh.send.conv)
                .ok_or(sqlx::Error::RowNotFound)?;
            if new.contains(&fresh.conv_id) {
                members.insert((fresh.conv_id, fresh.sender_id));
                if let Some(peer) = &fresh.peer {
                    members.insert((fresh.conv_id, self.user_id(peer)?));
                }
            }
        }
        if members.is_empty() {
            return Ok(());
        }
        let members: Vec<_> = members.into_iter().collect();
        sqlx::query(
            "INSERT INTO member (conv_id, user_id)
             SELECT value ->> 0, value ->> 1 FROM json_each(?1) WHERE true ON CONFLICT DO NOTHING",
        )
        .bind(json(&members))
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }

    fn user_id(&self, account: &Account) -> Result<i64, sqlx::Error> {
        self.names.user(account).ok_or(sqlx::Error::RowNotFound)
    }

    /// Gives each message its id and its place in its conversation.
    async fn place(&mut self, fresh: &mut [Fresh<'a>]) -> Result<(), sqlx::Error> {
        let last_msg_id: i64 = sqlx::query("SELECT coalesce(max(msg_id), 0) FROM message")
            .fetch_one(&mut *self.connection)
            .await?
            .try_get(0)?;
        let mut convs: BTreeMap<i64, u64> = BTreeMap::new();
        let mut senders: BTreeMap<(i64, i64), u64> = BTreeMap::new();
        for (fresh, msg_id) in fresh.iter_mut().zip(last_msg_id + 1..) {
            fresh.msg_id = msg_id;
            *convs.entry(fresh.conv_id).or_default() += 1;
            *senders.entry((fresh.conv_id, fresh.sender_id)).or_default() += 1;
        }
        let added: Vec<_> = convs.iter().collect();
        let heads = sqlx::query(
            "UPDATE conversation SET head = head + (added.value ->> 1), active_us = ?2
             FROM json_each(?1) added
             WHERE conv_id = added.value ->> 0 RETURNING conv_id, head",
        )
        .bind(json(&added))
        .bind(integer(self.now.get()))
        .fetch_all(&mut *self.connection)
        .await?;
        let mut next: Index<i64, u64> = Index::new();
        for row in heads {
            let conv_id = row.try_get(0)?;
            let count = convs.get(&conv_id).copied().unwrap_or_default();
            next.insert(conv_id, number(row.try_get(1)?) + 1 - count);
        }
        for fresh in fresh.iter_mut() {
            let next = next
                .get_mut(&fresh.conv_id)
                .ok_or(sqlx::Error::RowNotFound)?;
            fresh.conv_seq = *next;
            *next += 1;
        }
        let own: Vec<_> = senders
            .iter()
            .map(|((conv_id, user_id), count)| (conv_id, user_id, count))
            .collect();
        sqlx::query(
            "UPDATE member SET own = own + (added.value ->> 2) FROM json_each(?1) added
             WHERE conv_id = added.value ->> 0 AND user_id = added.value ->> 1",
        )
        .bind(json(&own))
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }

    /// An entry in the timeline of each member; one only for notes to oneself.
    fn point(&mut self, fresh: &[Fresh<'a>]) -> Result<(), sqlx::Error> {
        for fresh in fresh {
            let send = fresh.send;
            let item = Arc::new(Item::Message(Message {
                msg_id: MsgId::saturating(number(fresh.msg_id)),
                client_msg_id: send.client_msg_id.clone(),
                sender: send.from.user.clone(),
                conv: send.conv.clone(),
                conv_seq: ConvSeq::saturating(fresh.conv_seq),
                kind: send.kind.clone(),
                body: send.body.clone(),
                priority: send.priority,
                created_us: self.now,
                expires_us: send.expires,
                recalled: false,
            }));
            let row = |own_send| EntryRow {
                kind: MESSAGE,
                conv_id: fresh.conv_id,
                conv_seq: fresh.conv_seq,
                about_id: fresh.sender_id,
                msg_id: Some(fresh.msg_id),
                read: None,
                item: Arc::clone(&item),
                own_send,
            };
            self.entries
                .add(fresh.sender_id, &send.from, row(Some(fresh.index)));
            if let Some(peer) = &fresh.peer {
                self.entries.add(self.user_id(peer)?, peer, row(None));
            }
        }
        Ok(())
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
}

fn stored_time(time: Option<Micros>) -> Option<i64> {
    time.map(|at| integer(at.get()))
}
