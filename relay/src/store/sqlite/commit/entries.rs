//! What a batch adds to timelines, by user.

use std::{collections::BTreeMap, sync::Arc};

use seqline_protocol::{Item, Seq};
use sqlx::Row as _;

use super::Batch;
use crate::{
    account::Account,
    store::{
        TimelineAppend,
        sqlite::rows::{inconsistent, integer, json, number},
    },
};

/// One row of a timeline, before its seq is known.
pub(super) struct EntryRow {
    pub(super) kind: i64,
    pub(super) conv_id: i64,
    pub(super) conv_seq: u64,
    pub(super) about_id: i64,
    pub(super) msg_id: Option<i64>,
    pub(super) read: Option<u64>,
    pub(super) item: Arc<Item>,
    /// The index of the send whose sender's own entry this is.
    pub(super) own_send: Option<usize>,
}

struct Timeline {
    account: Arc<Account>,
    first: Seq,
    rows: Vec<EntryRow>,
}

/// By user id, so that rows are always locked in the same order.
#[derive(Default)]
pub(super) struct Entries(BTreeMap<i64, Timeline>);

impl Entries {
    pub(super) fn add(&mut self, user_id: i64, account: &Arc<Account>, row: EntryRow) {
        self.0
            .entry(user_id)
            .or_insert_with(|| Timeline {
                account: Arc::clone(account),
                first: Seq::ZERO,
                rows: Vec::new(),
            })
            .rows
            .push(row);
    }

    pub(super) fn into_appends(self) -> Vec<TimelineAppend> {
        self.0
            .into_values()
            .map(|timeline| TimelineAppend {
                account: timeline.account,
                first: timeline.first,
                items: timeline.rows.into_iter().map(|row| row.item).collect(),
            })
            .collect()
    }
}

impl Batch<'_> {
    /// Gives every collected entry its seq, and stores it. Returns the seqs of the
    /// senders' own entries by index of the send.
    pub(super) async fn append(&mut self) -> Result<Vec<(usize, Seq)>, sqlx::Error> {
        if self.entries.0.is_empty() {
            return Ok(Vec::new());
        }
        let counts: Vec<_> = self
            .entries
            .0
            .iter()
            .map(|(user_id, timeline)| (*user_id, timeline.rows.len()))
            .collect();
        let heads = sqlx::query(
            "UPDATE user SET head = head + (added.value ->> 1) FROM json_each(?1) added
             WHERE user_id = added.value ->> 0 RETURNING user_id, head",
        )
        .bind(json(&counts))
        .fetch_all(&mut *self.connection)
        .await?;
        if heads.len() != counts.len() {
            return Err(inconsistent());
        }
        let mut own = Vec::new();
        let mut stored = Vec::new();
        for row in heads {
            let user_id: i64 = row.try_get(0)?;
            let timeline = self.entries.0.get_mut(&user_id).ok_or_else(inconsistent)?;
            let head = number(row.try_get(1)?);
            timeline.first = Seq::saturating(head + 1 - timeline.rows.len() as u64);
            for (entry, seq) in timeline.rows.iter().zip(timeline.first.get()..) {
                if let Some(index) = entry.own_send {
                    own.push((index, Seq::saturating(seq)));
                }
                stored.push((
                    user_id,
                    integer(seq),
                    entry.kind,
                    entry.conv_id,
                    entry.conv_seq,
                    entry.about_id,
                    entry.msg_id,
                    entry.read,
                ));
            }
        }
        sqlx::query(
            "INSERT INTO timeline (user_id, seq, kind, conv_id, conv_seq, about_id, msg_id, read)
             SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4,
                    value ->> 5, value ->> 6, value ->> 7
             FROM json_each(?1)",
        )
        .bind(json(&stored))
        .execute(&mut *self.connection)
        .await?;
        Ok(own)
    }
}
