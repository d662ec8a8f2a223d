//! Who has received and read a message.

use seqline_protocol::UserId;
use sqlx::PgPool;

use crate::store::{
    Receipts, ReceiptsQuery,
    postgres::columns::Columns,
    rows::{integer, number},
};

/// Who was there already when the message came, and is still. One row for each who has read
/// it, and the sums in all of them. Parameter 2 is null for the app's server.
const RECEIPTS: &str = "
    WITH asked AS (
      SELECT conversation.conv_id, conversation.state, message.conv_seq, message.sender_id,
             message.created_us
      FROM app
      JOIN conversation ON conversation.app_id = app.app_id AND conversation.name = $3
      JOIN message ON message.conv_id = conversation.conv_id AND message.conv_seq = $4
      WHERE app.name = $1
        AND ($2::text IS NULL OR EXISTS (
          SELECT 1 FROM users asker JOIN member place ON place.user_id = asker.user_id
          WHERE asker.app_id = app.app_id AND asker.name = $2::text
            AND place.conv_id = conversation.conv_id
            AND place.visible_after < message.conv_seq
            AND NOT EXISTS (SELECT 1 FROM hidden WHERE hidden.user_id = place.user_id
              AND hidden.conv_id = place.conv_id AND hidden.conv_seq = message.conv_seq)))),
    others AS MATERIALIZED (
      SELECT member.user_id, member.read >= asked.conv_seq AS has_read,
        CASE WHEN asked.state = 1 THEN member.delivered ELSE member.read END >= asked.conv_seq
          AS has_it
      FROM asked JOIN member ON member.conv_id = asked.conv_id
        AND member.user_id <> asked.sender_id AND member.joined_us <= asked.created_us)
    SELECT (SELECT count(*) FROM others), (SELECT count(*) FROM others WHERE has_it),
           (SELECT count(*) FROM others WHERE has_read), reader.name
    FROM asked
    LEFT JOIN (others JOIN users reader ON reader.user_id = others.user_id) ON others.has_read
    ORDER BY reader.name LIMIT greatest(1, $5::bigint)";

pub(in crate::store::postgres) async fn receipts(
    readers: &PgPool,
    query: &ReceiptsQuery,
) -> Result<Option<Receipts>, sqlx::Error> {
    let rows = sqlx::query(RECEIPTS)
        .bind(query.actor.app().as_str())
        .bind(query.actor.user().map(UserId::as_str))
        .bind(query.conv.as_str())
        .bind(integer(query.conv_seq.get()))
        .bind(integer(query.limit as u64))
        .fetch_all(readers)
        .await?;
    let mut receipts = None;
    for row in &rows {
        let mut columns = Columns::of(row);
        let mut sum = || {
            let sum = number(columns.take()?);
            Ok::<_, sqlx::Error>(u32::try_from(sum).unwrap_or(u32::MAX))
        };
        let (members, delivered, read) = (sum()?, sum()?, sum()?);
        let receipts = receipts.get_or_insert(Receipts {
            members,
            delivered,
            read,
            readers: Vec::new(),
        });
        let reader: Option<String> = columns.take()?;
        if let Some(reader) = reader
            && receipts.readers.len() < query.limit
        {
            let reader = UserId::new(reader).map_err(crate::store::postgres::columns::decode)?;
            receipts.readers.push(reader);
        }
    }
    Ok(receipts)
}
