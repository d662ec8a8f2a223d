//! Tells the other members of a conversation how far someone has received and read.

use std::{collections::BTreeMap, sync::Arc};

use seqline_protocol::{ConvSeq, Item, Receipt, UserId};
use sqlx::Row as _;

use super::{Batch, entries::EntryRow};
use crate::{
    account::Account,
    store::sqlite::{
        page::RECEIPT,
        rows::{conv, inconsistent, json, number, user},
    },
};

/// The marks that this batch moved, by conversation and user.
#[derive(Default)]
pub(super) struct Touched(BTreeMap<(i64, i64), Arc<Account>>);

impl Touched {
    pub(super) fn add(&mut self, conv_id: i64, user_id: i64, account: &Arc<Account>) {
        self.0.insert((conv_id, user_id), Arc::clone(account));
    }
}

impl Batch<'_> {
    /// One entry for each other member, whichever of the two marks moved.
    pub(super) async fn receipts(&mut self, touched: &Touched) -> Result<(), sqlx::Error> {
        if touched.0.is_empty() {
            return Ok(());
        }
        let keys: Vec<_> = touched.0.keys().collect();
        let rows = sqlx::query(
            "SELECT mark.conv_id, mark.user_id, mark.delivered, mark.read, conversation.name,
                    other.user_id, user.name
             FROM json_each(?1) touched
             CROSS JOIN member mark ON mark.conv_id = touched.value ->> 0
               AND mark.user_id = touched.value ->> 1
             JOIN conversation ON conversation.conv_id = mark.conv_id
             JOIN member other ON other.conv_id = mark.conv_id AND other.user_id <> mark.user_id
             JOIN user ON user.user_id = other.user_id",
        )
        .bind(json(&keys))
        .fetch_all(&mut *self.connection)
        .await?;
        for row in rows {
            let (conv_id, user_id) = (row.try_get(0)?, row.try_get(1)?);
            let account = touched
                .0
                .get(&(conv_id, user_id))
                .ok_or_else(inconsistent)?;
            let (delivered, read) = (number(row.try_get(2)?), number(row.try_get(3)?));
            let other: UserId = user(&row, 6)?;
            let entry = EntryRow {
                kind: RECEIPT,
                conv_id,
                conv_seq: delivered,
                about_id: user_id,
                msg_id: None,
                read: Some(read),
                item: Arc::new(Item::Receipt(Receipt {
                    conv: conv(&row, 4)?,
                    user: account.user.clone(),
                    delivered: ConvSeq::saturating(delivered),
                    read: ConvSeq::saturating(read),
                })),
                own_send: None,
            };
            self.entries
                .add(row.try_get(5)?, &Arc::new(account.sibling(other)), entry);
        }
        Ok(())
    }
}
