//! What a server and its database are, as they are found; and their schema by itself.

use seqline_protocol::Micros;
use sqlx::{PgPool, postgres::PgConnectOptions};

use super::{
    OpenError, described, options, pool,
    replica::{frontier, standing},
    schema,
};
use crate::store::{Inspection, ReplicaInspection, migrations::Told};

/// Settings without which what was acknowledged may be lost, and why.
const NEEDED: [(&str, &str); 2] = [
    (
        "fsync",
        "a crash of the machine would lose or damage what was acknowledged",
    ),
    (
        "full_page_writes",
        "a crash of the machine could damage pages for good",
    ),
];

/// Brings the schema up to date. Each step is told before.
pub(in crate::store) async fn migrate(url: &str, told: &mut Told<'_>) -> Result<(), OpenError> {
    let (pool, options) = connect(url).await?;
    let done = schema::migrate(&pool, told).await;
    pool.close().await;
    done.map_err(|source| OpenError::Schema {
        database: described(&options),
        source,
    })
}

/// What there is.
pub(in crate::store) async fn inspect(url: &str) -> Result<Inspection, OpenError> {
    let (pool, options) = connect(url).await?;
    let steps = schema::steps(&pool)
        .await
        .map_err(|source| OpenError::Schema {
            database: described(&options),
            source,
        })?;
    let found = look(&pool).await.map_err(|source| OpenError::Connect {
        database: described(&options),
        source,
    })?;
    pool.close().await;
    Ok(Inspection { steps, ..found })
}

/// A standby, beside the database that it is to follow, which has its tables.
pub(in crate::store) async fn inspect_replica(
    url: &str,
    read_url: &str,
) -> Result<ReplicaInspection, OpenError> {
    let (primary, primary_options) = connect(url).await?;
    let (standby, options) = connect(read_url).await?;
    let failed = |options: &PgConnectOptions, source| OpenError::Connect {
        database: described(options),
        source,
    };
    let frontier = frontier(&primary).await;
    let frontier = frontier.map_err(|source| failed(&primary_options, source))?;
    let standing = standing(&standby, &frontier).await;
    let standing = standing.map_err(|source| failed(&options, source))?;
    Ok(ReplicaInspection {
        fallback: standing.fallback(&frontier),
        lag_bytes: standing.lag_bytes,
    })
}

async fn connect(url: &str) -> Result<(PgPool, PgConnectOptions), OpenError> {
    let options = options(url)?;
    let pool = pool(1).connect_with(options.clone()).await;
    let pool = pool.map_err(|source| OpenError::Connect {
        database: described(&options),
        source,
    })?;
    Ok((pool, options))
}

async fn look(pool: &PgPool) -> Result<Inspection, sqlx::Error> {
    let setting = |name: &'static str| {
        sqlx::query_scalar::<_, String>("SELECT current_setting($1)")
            .bind(name)
            .fetch_one(pool)
    };
    let mut unsafe_settings = Vec::new();
    for (name, otherwise) in NEEDED {
        if setting(name).await? != "on" {
            unsafe_settings.push(format!("{name} is off, and has to be on: {otherwise}"));
        }
    }
    let is_standby: bool = sqlx::query_scalar("SELECT pg_is_in_recovery()")
        .fetch_one(pool)
        .await?;
    let read_only = if is_standby {
        Some("the server is a standby: name the primary one".to_owned())
    } else if setting("transaction_read_only").await? == "on" {
        Some("the server or role is set to read-only (default_transaction_read_only)".to_owned())
    } else {
        None
    };
    let wall: i64 =
        sqlx::query_scalar("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")
            .fetch_one(pool)
            .await?;
    let used: i64 = sqlx::query_scalar("SELECT sum(numbackends)::bigint FROM pg_stat_database")
        .fetch_one(pool)
        .await?;
    let connections_max = setting("max_connections")
        .await?
        .parse()
        .unwrap_or(u32::MAX);
    Ok(Inspection {
        product: format!("PostgreSQL {}", setting("server_version").await?),
        exists: true,
        steps: Vec::new(),
        read_only,
        unsafe_settings,
        wall: u64::try_from(wall).ok().map(Micros::saturating),
        connections: Some((u32::try_from(used).unwrap_or(u32::MAX), connections_max)),
        is_in_use: false,
    })
}
