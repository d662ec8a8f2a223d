//! How far users have read. Marks only grow; several of one batch count as the furthest
//! of them.

use std::{collections::BTreeMap, sync::Arc};

use seqline_protocol::{ConvSeq, Item};
use sqlx::Row as _;

use super::{Batch, entries::EntryRow, receipts::Touched};
use crate::store::{
    Done, Op, Refusal,
    sqlite::{
        names::Missing,
        page::READ,
        rows::{integer, number, own_messages},
    },
};

impl Batch<'_> {
    /// Applies the read marks, and tells the reader's own devices.
    pub(super) async fn reads(&mut self, touched: &mut Touched) -> Result<(), sqlx::Error> {
        let ops = self.ops;
        let mut furthest = BTreeMap::new();
        for (index, op) in ops.iter().enumerate() {
            let Op::Read(read) = op else { continue };
            if !read.account.takes_part_in(&read.conv) {
                self.resolve(index, Err(Refusal::ConversationUnknown));
                continue;
            }
            self.resolve(index, Ok(Done::Applied));
            let mark = furthest
                .entry((&read.account, &read.conv))
                .or_insert(ConvSeq::ZERO);
            *mark = read.conv_seq.max(*mark);
        }
        if furthest.is_empty() {
            return Ok(());
        }
        let convs: Vec<_> = furthest
            .keys()
            .map(|(account, conv)| (&account.app, *conv))
            .collect();
        self.names
            .learn_convs(self.connection, &convs, Missing::Leave)
            .await?;
        let accounts: Vec<_> = furthest.keys().map(|(account, _)| &***account).collect();
        self.names
            .learn_users(self.connection, &accounts, Missing::Leave)
            .await?;
        for ((account, conv), mark) in furthest {
            // Where nothing was ever sent there is nothing to mark.
            let Some(user_id) = self.names.user(account) else {
                continue;
            };
            let Some(conv_id) = self.names.conv(&account.app, conv) else {
                continue;
            };
            if let Some(read) = self.grow_read(conv_id, user_id, mark).await? {
                touched.add(conv_id, user_id, account);
                let item = Item::Read {
                    conv: conv.clone(),
                    conv_seq: read,
                };
                let row = EntryRow {
                    kind: READ,
                    conv_id,
                    conv_seq: read.get(),
                    about_id: user_id,
                    msg_id: None,
                    read: None,
                    item: Arc::new(item),
                    own_send: None,
                };
                self.entries.add(user_id, account, row);
            }
        }
        Ok(())
    }

    /// The new mark, if it grew.
    async fn grow_read(
        &mut self,
        conv_id: i64,
        user_id: i64,
        mark: ConvSeq,
    ) -> Result<Option<ConvSeq>, sqlx::Error> {
        // Who reads up to the newest message, as most do, has read all of the own ones:
        // no need to count them.
        let row = sqlx::query(concat!(
            "UPDATE member SET
               read = min(?3, conversation.head),
               delivered = max(delivered, min(?3, conversation.head)),
               own_read = CASE WHEN ?3 >= conversation.head THEN ",
            own_messages!(),
            " ELSE own_read + (
                 SELECT count(*) FROM message
                 WHERE message.conv_id = ?1 AND message.sender_id = ?2
                   AND message.conv_seq > member.read AND message.conv_seq <= ?3) END
             FROM conversation
             WHERE conversation.conv_id = ?1 AND member.conv_id = ?1 AND member.user_id = ?2
               AND min(?3, conversation.head) > member.read
             RETURNING read",
        ))
        .bind(conv_id)
        .bind(user_id)
        .bind(integer(mark.get()))
        .fetch_optional(&mut *self.connection)
        .await?;
        row.map(|row| Ok(ConvSeq::saturating(number(row.try_get(0)?))))
            .transpose()
    }
}
