//! How far users have received: what a device's app took from the timeline, told by
//! conversation.

use std::{collections::BTreeMap, sync::Arc};

use seqline_protocol::Seq;
use sqlx::Row as _;

use super::{Batch, receipts::Touched};
use crate::{
    account::Account,
    limits::DELIVERED_SPAN_MAX,
    store::{
        Done, Op,
        sqlite::{
            names::Missing,
            rows::{json, number},
        },
    },
};

/// What the operations of one user come to.
struct Asked<'a> {
    account: &'a Arc<Account>,
    /// The furthest of them.
    cursor: Seq,
    /// The index of each operation, and its own cursor.
    ops: Vec<(usize, Seq)>,
}

/// The part of a user's timeline to look at: after `from`, up to `upto`.
struct Span {
    user_id: i64,
    from: u64,
    upto: u64,
    /// Whether there is more, for another step.
    is_cut: bool,
}

impl<'a> Batch<'a> {
    /// Moves the delivery marks of each conversation that has something new in it.
    pub(super) async fn delivered(&mut self, touched: &mut Touched) -> Result<(), sqlx::Error> {
        let asked = self.asked().await?;
        if asked.is_empty() {
            return Ok(());
        }
        let spans = self.spans(&asked).await?;
        for (user_id, asked) in &asked {
            let reached = spans
                .iter()
                .find(|span| span.user_id == *user_id && span.is_cut)
                .map_or(asked.cursor, |span| Seq::saturating(span.upto));
            for &(index, cursor) in &asked.ops {
                self.resolve(index, Ok(Done::DeliveredUpTo(cursor.min(reached))));
            }
        }
        if spans.is_empty() {
            return Ok(());
        }
        for (conv_id, user_id) in self.grow_delivered(&spans).await? {
            if let Some(asked) = asked.get(&user_id) {
                touched.add(conv_id, user_id, asked.account);
            }
        }
        Ok(())
    }

    async fn asked(&mut self) -> Result<BTreeMap<i64, Asked<'a>>, sqlx::Error> {
        let ops = self.ops;
        let delivered: Vec<_> = ops
            .iter()
            .enumerate()
            .filter_map(|(index, op)| match op {
                Op::Delivered(delivered) => Some((index, delivered)),
                _ => None,
            })
            .collect();
        let accounts: Vec<_> = delivered.iter().map(|(_, op)| &*op.account).collect();
        self.names
            .learn_users(self.connection, &accounts, Missing::Leave)
            .await?;
        let mut asked: BTreeMap<i64, Asked<'a>> = BTreeMap::new();
        for (index, op) in delivered {
            let Some(user_id) = self.names.user(&op.account) else {
                // Nothing was ever delivered to a user without a timeline.
                self.resolve(index, Ok(Done::DeliveredUpTo(op.cursor)));
                continue;
            };
            let asked = asked.entry(user_id).or_insert_with(|| Asked {
                account: &op.account,
                cursor: Seq::ZERO,
                ops: Vec::new(),
            });
            asked.cursor = asked.cursor.max(op.cursor);
            asked.ops.push((index, op.cursor));
        }
        Ok(asked)
    }

    /// What is new, at most so much as one step may look at.
    async fn spans(&mut self, asked: &BTreeMap<i64, Asked<'_>>) -> Result<Vec<Span>, sqlx::Error> {
        let users: Vec<_> = asked.keys().collect();
        let rows = sqlx::query(
            "SELECT user_id, head, delivered FROM json_each(?1) wanted
             CROSS JOIN user ON user_id = wanted.value",
        )
        .bind(json(&users))
        .fetch_all(&mut *self.connection)
        .await?;
        let mut spans = Vec::new();
        for row in rows {
            let user_id = row.try_get(0)?;
            let head = number(row.try_get(1)?);
            let from = number(row.try_get(2)?);
            let cursor = asked.get(&user_id).map_or(0, |asked| asked.cursor.get());
            let wanted = cursor.min(head);
            let upto = wanted.min(from + DELIVERED_SPAN_MAX);
            if upto > from {
                spans.push(Span {
                    user_id,
                    from,
                    upto,
                    is_cut: upto < wanted,
                });
            }
        }
        Ok(spans)
    }

    /// Conversation and user of each mark that grew.
    async fn grow_delivered(&mut self, spans: &[Span]) -> Result<Vec<(i64, i64)>, sqlx::Error> {
        let spans: Vec<_> = spans
            .iter()
            .map(|span| (span.user_id, span.from, span.upto))
            .collect();
        let spans = json(&spans);
        sqlx::query(
            "UPDATE user SET delivered = span.value ->> 2 FROM json_each(?1) span
             WHERE user_id = span.value ->> 0",
        )
        .bind(&spans)
        .execute(&mut *self.connection)
        .await?;
        sqlx::query(
            "UPDATE member SET delivered = received.upto
             FROM (SELECT timeline.conv_id, timeline.user_id, max(timeline.conv_seq) AS upto
                   FROM json_each(?1) span
                   CROSS JOIN timeline ON timeline.user_id = span.value ->> 0
                     AND timeline.seq > span.value ->> 1 AND timeline.seq <= span.value ->> 2
                   WHERE timeline.kind = 0 AND timeline.about_id <> timeline.user_id
                   GROUP BY timeline.conv_id, timeline.user_id) received
             WHERE member.conv_id = received.conv_id AND member.user_id = received.user_id
               AND member.delivered < received.upto
             RETURNING conv_id, user_id",
        )
        .bind(&spans)
        .fetch_all(&mut *self.connection)
        .await?
        .iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect()
    }
}
