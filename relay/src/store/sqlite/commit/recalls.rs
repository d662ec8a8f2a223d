//! Messages that their senders take back.

use std::sync::Arc;

use seqline_protocol::{ConvSeq, Item, MsgId};
use sqlx::Row as _;

use super::{Batch, entries::EntryRow};
use crate::{
    account::Account,
    store::{
        Done, Op, OpResult, Recall, Refusal,
        sqlite::{
            names::Missing,
            page::RECALL,
            rows::{integer, number, user},
        },
    },
};

/// A message that was taken back.
struct Recalled {
    conv_id: i64,
    conv_seq: u64,
    msg_id: i64,
    by_id: i64,
}

impl Batch<'_> {
    /// One by one: they are rare.
    pub(super) async fn recalls(&mut self) -> Result<(), sqlx::Error> {
        let ops = self.ops;
        for (index, op) in ops.iter().enumerate() {
            let Op::Recall(recall) = op else { continue };
            let result = self.recall(recall).await?;
            self.resolve(index, result);
        }
        Ok(())
    }

    async fn recall(&mut self, recall: &Recall) -> Result<OpResult, sqlx::Error> {
        let account = &recall.account;
        if !account.takes_part_in(&recall.conv) {
            return Ok(Err(Refusal::ConversationUnknown));
        }
        let conv = (&account.app, &recall.conv);
        self.names
            .learn_convs(self.connection, &[conv], Missing::Leave)
            .await?;
        self.names
            .learn_users(self.connection, &[account], Missing::Leave)
            .await?;
        let (Some(conv_id), Some(by_id)) = (
            self.names.conv(&account.app, &recall.conv),
            self.names.user(account),
        ) else {
            return Ok(Err(Refusal::MessageUnknown));
        };
        let Some(row) = sqlx::query(
            "SELECT msg_id, sender_id, created_us, recalled FROM message
             WHERE conv_id = ?1 AND conv_seq = ?2",
        )
        .bind(conv_id)
        .bind(integer(recall.conv_seq.get()))
        .fetch_optional(&mut *self.connection)
        .await?
        else {
            return Ok(Err(Refusal::MessageUnknown));
        };
        let created_us = number(row.try_get(2)?);
        let window_ms = self.rules.recall_window_ms;
        let too_late = self.now.get() > created_us.saturating_add(window_ms * 1000);
        let is_recalled = row.try_get::<i64, _>(3)? != 0;
        if row.try_get::<i64, _>(1)? != by_id || too_late && !is_recalled {
            return Ok(Err(Refusal::RecallRefused(window_ms / 1000)));
        }
        if !is_recalled {
            let recalled = Recalled {
                conv_id,
                conv_seq: recall.conv_seq.get(),
                msg_id: row.try_get(0)?,
                by_id,
            };
            self.take_back(&recalled, recall).await?;
        }
        Ok(Ok(Done::Applied))
    }

    async fn take_back(&mut self, recalled: &Recalled, recall: &Recall) -> Result<(), sqlx::Error> {
        sqlx::query("UPDATE message SET body = '', recalled = 1 WHERE msg_id = ?1")
            .bind(recalled.msg_id)
            .execute(&mut *self.connection)
            .await?;
        let item = Arc::new(Item::Recall {
            conv: recall.conv.clone(),
            conv_seq: ConvSeq::saturating(recalled.conv_seq),
            msg_id: MsgId::saturating(number(recalled.msg_id)),
            by: recall.account.user.clone(),
        });
        self.tell_members(recalled, &recall.account, &item).await
    }

    /// One entry for each member, the sender included.
    async fn tell_members(
        &mut self,
        recalled: &Recalled,
        by: &Arc<Account>,
        item: &Arc<Item>,
    ) -> Result<(), sqlx::Error> {
        let members = sqlx::query(
            "SELECT user_id, user.name FROM member JOIN user USING (user_id) WHERE conv_id = ?1",
        )
        .bind(recalled.conv_id)
        .fetch_all(&mut *self.connection)
        .await?;
        for row in members {
            let entry = EntryRow {
                kind: RECALL,
                conv_id: recalled.conv_id,
                conv_seq: recalled.conv_seq,
                about_id: recalled.by_id,
                msg_id: Some(recalled.msg_id),
                read: None,
                item: Arc::clone(item),
                own_send: None,
            };
            let member = Arc::new(by.sibling(user(&row, 1)?));
            self.entries.add(row.try_get(0)?, &member, entry);
        }
        Ok(())
    }
}
