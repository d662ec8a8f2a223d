//! Messages by the ids that their senders gave them.

use seqline_protocol::ClientMsgId;
use sqlx::SqlitePool;

use crate::{
    account::Account,
    store::{
        SentAs,
        sqlite::rows::{conv, conv_seq, json, name},
    },
};

pub(in crate::store::sqlite) async fn sent_as(
    readers: &SqlitePool,
    from: &Account,
    ids: &[ClientMsgId],
) -> Result<Vec<SentAs>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT message.client_msg_id, conversation.name, message.conv_seq
         FROM app
         CROSS JOIN user ON user.app_id = app.app_id AND user.name = ?2
         CROSS JOIN json_each(?3) wanted
         CROSS JOIN message ON message.sender_id = user.user_id
           AND message.client_msg_id = wanted.value
         CROSS JOIN conversation ON conversation.conv_id = message.conv_id
         WHERE app.name = ?1",
    )
    .bind(from.app.as_str())
    .bind(from.user.as_str())
    .bind(json(ids))
    .fetch_all(readers)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(SentAs {
                client_msg_id: name(row, 0, ClientMsgId::new)?,
                conv: conv(row, 1)?,
                conv_seq: conv_seq(row, 2)?,
            })
        })
        .collect()
}
