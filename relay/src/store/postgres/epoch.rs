//! A new numbering, in a database that was restored.

use std::time::Duration;

use seqline_protocol::Epoch;
use sqlx::{PgPool, Postgres, Transaction, postgres::PgConnectOptions};
use tokio::time::sleep;

use super::{
    APPLICATION, OpenError, described, options, pool,
    schema::{self, set_epoch, stored_epoch},
};
use crate::{entropy::Entropy, store::NewEpoch};

/// A server notices a moment later that a relay is gone.
const LOOKS: usize = 20;
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(250);

/// No relay that starts can read the numbering until the transaction has ended.
const LOCK: &str = "LOCK TABLE meta IN ACCESS EXCLUSIVE MODE";

/// Where sessions of relays are from, one row for each.
const RELAYS: &str = "
    SELECT coalesce(host(client_addr), 'a socket of its own machine') FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND application_name LIKE $1 || '%'
    ORDER BY 1";

/// The numbering that there is.
pub(in crate::store) async fn epoch(url: &str) -> Result<Option<Epoch>, OpenError> {
    let server = Server::connect(url).await?;
    server.wait_until_alone().await?;
    let epoch = stored_epoch(&server.pool).await;
    let epoch = epoch.map_err(|source| server.failed(source));
    server.pool.close().await;
    epoch
}

/// Begins a new one. Nothing is changed if it fails.
pub(in crate::store) async fn begin_epoch(
    url: &str,
    entropy: &dyn Entropy,
) -> Result<NewEpoch, OpenError> {
    let server = Server::connect(url).await?;
    server.wait_until_alone().await?;
    let epoch = entropy.epoch();
    server.change(epoch).await?;
    server.pool.close().await;
    Ok(NewEpoch {
        epoch,
        removed_index: false,
    })
}

struct Server {
    pool: PgPool,
    options: PgConnectOptions,
}

impl Server {
    async fn connect(url: &str) -> Result<Self, OpenError> {
        let options = options(url)?.application_name(&format!("{APPLICATION} epoch"));
        let connected = pool(1).connect_with(options.clone()).await;
        let pool = connected.map_err(|source| OpenError::Connect {
            database: described(&options),
            source,
        })?;
        let steps = schema::steps(&pool).await;
        let steps = steps.map_err(|source| OpenError::Schema {
            database: described(&options),
            source,
        })?;
        if !steps.iter().any(|step| step.is_applied) {
            return Err(OpenError::Empty(described(&options)));
        }
        Ok(Self { pool, options })
    }

    async fn wait_until_alone(&self) -> Result<(), OpenError> {
        let mut looks = 1;
        loop {
            let mut tx = self.begin().await?;
            match self.refuse_relays(&mut tx).await {
                Err(OpenError::InUse { .. }) if looks < LOOKS => {}
                done => return done,
            }
            drop(tx);
            looks += 1;
            sleep(LOOK_AGAIN_AFTER).await;
        }
    }

    async fn change(&self, epoch: Epoch) -> Result<(), OpenError> {
        let mut tx = self.begin().await?;
        let locked = sqlx::query(LOCK).execute(&mut *tx).await;
        locked.map_err(|source| self.failed(source))?;
        // Once more: one may have started. Later ones wait for the lock, and read the new numbering.
        self.refuse_relays(&mut tx).await?;
        let changed = async {
            set_epoch(&mut *tx, epoch).await?;
            tx.commit().await
        };
        changed.await.map_err(|source| self.failed(source))
    }

    async fn refuse_relays(&self, tx: &mut Transaction<'_, Postgres>) -> Result<(), OpenError> {
        let from = sqlx::query_scalar(RELAYS)
            .bind(APPLICATION)
            .fetch_all(&mut **tx)
            .await;
        let mut from: Vec<String> = from.map_err(|source| self.failed(source))?;
        let sessions = from.len();
        from.dedup();
        if sessions == 0 {
            return Ok(());
        }
        Err(OpenError::InUse {
            database: described(&self.options),
            sessions,
            from: from.join(", "),
        })
    }

    async fn begin(&self) -> Result<Transaction<'_, Postgres>, OpenError> {
        let begun = self.pool.begin().await;
        begun.map_err(|source| self.failed(source))
    }

    fn failed(&self, source: sqlx::Error) -> OpenError {
        OpenError::Connect {
            database: described(&self.options),
            source,
        }
    }
}
