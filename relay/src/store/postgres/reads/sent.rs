//! Messages by the ids that their senders gave them.

use seqline_protocol::ClientMsgId;
use sqlx::PgPool;

use crate::{
    account::Account,
    store::{SentAs, postgres::columns::Columns},
};

pub(in crate::store::postgres) async fn sent_as(
    readers: &PgPool,
    from: &Account,
    ids: &[ClientMsgId],
) -> Result<Vec<SentAs>, sqlx::Error> {
    let ids: Vec<_> = ids.iter().map(ClientMsgId::as_str).collect();
    let rows = sqlx::query(
        "SELECT message.client_msg_id, conversation.name, message.conv_seq
         FROM app
         JOIN users ON users.app_id = app.app_id AND users.name = $2
         JOIN message ON message.sender_id = users.user_id
           AND message.client_msg_id = ANY($3::text[])
         JOIN conversation ON conversation.conv_id = message.conv_id
         WHERE app.name = $1",
    )
    .bind(from.app.as_str())
    .bind(from.user.as_str())
    .bind(ids)
    .fetch_all(readers)
    .await?;
    rows.iter()
        .map(|row| {
            let mut columns = Columns::of(row);
            Ok(SentAs {
                client_msg_id: columns.name(ClientMsgId::new)?,
                conv: columns.conv()?,
                conv_seq: columns.conv_seq()?,
            })
        })
        .collect()
}
