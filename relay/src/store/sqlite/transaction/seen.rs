//! What users have seen of the public mailbox.

use seqline_protocol::DeviceId;
use sqlx::{Row as _, sqlite::SqliteRow};

use super::SqliteTransaction;
use crate::store::{
    ledger::{SeenKey, SeenRow},
    sqlite::{
        bulk::Bulk,
        rows::{decode, flag},
    },
};

/// A row for each broadcast that there is for the user.
static SEEN: Bulk = Bulk::new(
    "WITH wanted (place, broadcast_id, user_id) AS (VALUES ",
    "(#,?,?)",
    ") SELECT place, seen.user_id IS NOT NULL, seen.device, coalesce(seen.is_opened, 0)
       FROM wanted CROSS JOIN broadcast USING (broadcast_id)
       CROSS JOIN user ON user.user_id = wanted.user_id
       CROSS JOIN app ON app.app_id = user.app_id AND app.name = broadcast.app
       LEFT JOIN seen ON seen.broadcast_id = wanted.broadcast_id
         AND seen.user_id = wanted.user_id
       WHERE broadcast.pub_seq IS NOT NULL AND broadcast.keeping = 0",
);

static MARKERS: Bulk = Bulk::new(
    "INSERT INTO seen (broadcast_id, user_id, is_opened, device) SELECT * FROM (VALUES ",
    "(?,?,?,?)",
    ") WHERE column1 IS NOT NULL ON CONFLICT (broadcast_id, user_id) DO UPDATE SET
        is_opened = excluded.is_opened, device = excluded.device",
);

impl SqliteTransaction<'_> {
    pub(super) async fn load_seen(
        &mut self,
        wanted: &[SeenKey],
    ) -> Result<Vec<Option<SeenRow>>, sqlx::Error> {
        let mut rows = vec![None; wanted.len()];
        SEEN.fetch_by_index(
            self.connection,
            wanted,
            |params, (broadcast, user)| {
                params.count(broadcast.get()).add(user.0);
            },
            |index, row| {
                if let Some(slot) = rows.get_mut(index) {
                    *slot = Some(seen_row(row)?);
                }
                Ok(())
            },
        )
        .await?;
        Ok(rows)
    }

    pub(super) fn write_seen(&mut self, rows: &[(SeenKey, SeenRow)]) {
        self.script
            .push(&MARKERS, rows, |params, ((broadcast, user), row)| {
                params
                    .count(broadcast.get())
                    .add(user.0)
                    .add(row.is_opened)
                    .add(row.device.as_ref().map(DeviceId::as_str));
            });
    }
}

fn seen_row(row: &SqliteRow) -> Result<SeenRow, sqlx::Error> {
    let device: Option<String> = row.try_get(2)?;
    Ok(SeenRow {
        is_claimed: flag(row, 1)?,
        device: device.map(DeviceId::new).transpose().map_err(decode)?,
        is_opened: flag(row, 3)?,
    })
}
