//! Where a user's timelines stand.

use seqline_protocol::{Crowd, Epoch, Seq};
use sqlx::PgPool;

use crate::{
    account::Account,
    store::{Position, postgres::columns::Columns},
};

/// One row for each crowd; one with nulls for a user who belongs to none.
const POSITION: &str = "
    SELECT asker.head, asker.floor, asker.delivered,
           crowd.name IS NOT NULL, crowd.name, crowd.log_after, crowd.log_floor, crowd.log_head
    FROM app
    JOIN users asker ON asker.app_id = app.app_id AND asker.name = $2
    LEFT JOIN LATERAL (
      SELECT conversation.name, place.log_after, conversation.log_floor, conversation.log_head
      FROM member place
      JOIN conversation ON conversation.conv_id = place.conv_id
      WHERE place.user_id = asker.user_id
        AND (conversation.state = 2 OR conversation.state = 3 AND conversation.log_head > 0)
    ) crowd ON asker.crowds > 0
    WHERE app.name = $1
    ORDER BY crowd.name";

pub(in crate::store::postgres) async fn position(
    readers: &PgPool,
    account: &Account,
    epoch: Epoch,
) -> Result<Position, sqlx::Error> {
    let rows = sqlx::query(POSITION)
        .bind(account.app.as_str())
        .bind(account.user.as_str())
        .fetch_all(readers)
        .await?;
    let mut position = Position {
        epoch,
        head: Seq::ZERO,
        floor: Seq::ZERO.next(),
        delivered: Seq::ZERO,
        crowds: Vec::new(),
    };
    for row in &rows {
        let mut columns = Columns::of(row);
        position.head = columns.seq()?;
        position.floor = columns.seq()?;
        position.delivered = columns.seq()?;
        if columns.take()? {
            position.crowds.push(Crowd {
                conv: columns.conv()?,
                after: columns.seq()?,
                floor: columns.seq()?,
                head: columns.seq()?,
            });
        }
    }
    Ok(position)
}
