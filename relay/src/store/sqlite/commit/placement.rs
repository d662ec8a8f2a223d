//! Where fresh messages go: their conversation, their place in it, and the timelines of
//! its members.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use seqline_protocol::{ConvSeq, Item, Message, MsgId, Seq};
use sqlx::Row as _;

use super::{
    Batch,
    entries::EntryRow,
    sends::{Fresh, stored_time},
};
use crate::{
    account::Account,
    index::Index,
    store::{
        Done, Sent,
        sqlite::{
            names::Missing,
            page::MESSAGE,
            rows::{inconsistent, integer, json, number, stored_priority},
        },
    },
};

/// What a batch adds to one conversation.
#[derive(Default)]
struct Added {
    count: u64,
    /// Those of the user who comes first in its name.
    low_count: u64,
    low_id: i64,
}

impl<'a> Batch<'a> {
    /// Makes sure that conversations, users and memberships exist. Not before it is
    /// sure that something will be stored: what is refused leaves no trace.
    pub(super) async fn found(&mut self, fresh: &mut [Fresh<'a>]) -> Result<(), sqlx::Error> {
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
                .ok_or_else(inconsistent)?;
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

    /// Gives each message its id and its place in its conversation.
    pub(super) async fn place(&mut self, fresh: &mut [Fresh<'a>]) -> Result<(), sqlx::Error> {
        let last_msg_id: i64 = sqlx::query("SELECT coalesce(max(msg_id), 0) FROM message")
            .fetch_one(&mut *self.connection)
            .await?
            .try_get(0)?;
        let mut added: BTreeMap<i64, Added> = BTreeMap::new();
        for (fresh, msg_id) in fresh.iter_mut().zip(last_msg_id + 1..) {
            fresh.msg_id = msg_id;
            let added = added.entry(fresh.conv_id).or_default();
            added.count += 1;
            if fresh.is_from_low() {
                added.low_count += 1;
                added.low_id = fresh.sender_id;
            } else if let Some(peer) = &fresh.peer {
                added.low_id = self.user_id(peer)?;
            }
        }
        let rows: Vec<_> = added
            .iter()
            .map(|(conv_id, added)| (conv_id, added.count, added.low_count, added.low_id))
            .collect();
        let heads = sqlx::query(
            "UPDATE conversation SET
               head = head + (added.value ->> 1), low_count = low_count + (added.value ->> 2),
               low_id = added.value ->> 3, active_us = ?2
             FROM json_each(?1) added
             WHERE conv_id = added.value ->> 0 RETURNING conv_id, head",
        )
        .bind(json(&rows))
        .bind(integer(self.now.get()))
        .fetch_all(&mut *self.connection)
        .await?;
        let mut next: Index<i64, u64> = Index::new();
        for row in heads {
            let conv_id = row.try_get(0)?;
            let count = added.get(&conv_id).map_or(0, |added| added.count);
            next.insert(conv_id, number(row.try_get(1)?) + 1 - count);
        }
        for fresh in fresh.iter_mut() {
            let next = next.get_mut(&fresh.conv_id).ok_or_else(inconsistent)?;
            fresh.conv_seq = *next;
            *next += 1;
        }
        Ok(())
    }

    /// An entry in the timeline of each member; one only for notes to oneself.
    pub(super) fn point(&mut self, fresh: &[Fresh<'a>]) -> Result<(), sqlx::Error> {
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

    /// Stores messages and entries, and answers the sends.
    pub(super) async fn allocate(&mut self, fresh: Vec<Fresh<'a>>) -> Result<(), sqlx::Error> {
        let own: BTreeMap<usize, Seq> = self.append().await?.into_iter().collect();
        if fresh.is_empty() {
            return Ok(());
        }
        let mut rows = Vec::with_capacity(fresh.len());
        for fresh in &fresh {
            let seq = *own.get(&fresh.index).ok_or_else(inconsistent)?;
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
            Err(inconsistent())
        }
    }

    fn user_id(&self, account: &Account) -> Result<i64, sqlx::Error> {
        self.names.user(account).ok_or_else(inconsistent)
    }
}
