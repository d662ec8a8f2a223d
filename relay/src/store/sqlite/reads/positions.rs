//! Where a user's timelines stand.

use seqline_protocol::{Crowd, Epoch, Seq};
use sqlx::SqlitePool;

use crate::{
    account::Account,
    store::{
        Position,
        sqlite::rows::{conv, optional, seq},
    },
};

/// One row for each crowd; one with nulls for a user who belongs to none.
const POSITION: &str = "
    SELECT max(asker.floor - 1, coalesce((SELECT max(seq) FROM timeline
             WHERE owner_id = asker.user_id), 0)),
           asker.floor, asker.delivered,
           crowd.conv_id, crowd.name, place.log_after, crowd.log_floor, crowd.log_head
    FROM app
    JOIN user asker ON asker.app_id = app.app_id AND asker.name = ?2
    LEFT JOIN member place ON asker.crowds > 0 AND place.user_id = asker.user_id
      AND EXISTS (SELECT 1 FROM conversation WHERE conversation.conv_id = place.conv_id
                    AND (state = 2 OR state = 3 AND log_head > 0))
    LEFT JOIN conversation crowd ON crowd.conv_id = place.conv_id
    WHERE app.name = ?1
    ORDER BY crowd.name";

pub(in crate::store::sqlite) async fn read(
    readers: &SqlitePool,
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
    for row in rows {
        position.head = seq(&row, 0)?;
        position.floor = seq(&row, 1)?;
        position.delivered = seq(&row, 2)?;
        if optional(&row, 3)?.is_some() {
            position.crowds.push(Crowd {
                conv: conv(&row, 4)?,
                after: seq(&row, 5)?,
                floor: seq(&row, 6)?,
                head: seq(&row, 7)?,
            });
        }
    }
    Ok(position)
}
