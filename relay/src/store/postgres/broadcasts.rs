//! The public mailbox.

mod queries;

use std::collections::BTreeSet;

use seqline_protocol::{AppId, BroadcastId, Micros, PubSeq, UserId};

use super::{
    PostgresStore,
    failure::{failure, is_in_the_way},
};
use crate::store::{
    AllowListChange, AuditRow, BroadcastCommand, BroadcastRefusal, BroadcastRow, BroadcastState,
    BroadcastStore, PublicChanges, ReachRow, Reading,
};

impl BroadcastStore for PostgresStore {
    fn command(
        &self,
        command: BroadcastCommand,
        now: Micros,
    ) -> Reading<'_, Result<BroadcastRow, BroadcastRefusal>> {
        Box::pin(async move {
            let mut writer = self.writers.begin().await.map_err(failure)?;
            let done = queries::command(&mut writer, command, now)
                .await
                .map_err(failure)?;
            writer.commit().await.map_err(failure)?;
            Ok(done)
        })
    }

    fn broadcast<'a>(
        &'a self,
        app: &'a AppId,
        id: BroadcastId,
    ) -> Reading<'a, Option<BroadcastRow>> {
        Box::pin(async move {
            let mut reader = self.readers.acquire().await.map_err(failure)?;
            queries::one(&mut reader, app, id).await.map_err(failure)
        })
    }

    fn broadcasts<'a>(
        &'a self,
        app: &'a AppId,
        before: Option<BroadcastId>,
        states: &'a [BroadcastState],
        limit: usize,
    ) -> Reading<'a, Vec<BroadcastRow>> {
        Box::pin(async move {
            let mut reader = self.readers.acquire().await.map_err(failure)?;
            queries::list(&mut reader, app, before, states, limit)
                .await
                .map_err(failure)
        })
    }

    fn audit<'a>(
        &'a self,
        app: &'a AppId,
        broadcast: Option<BroadcastId>,
        before: Option<u64>,
        limit: usize,
    ) -> Reading<'a, Vec<AuditRow>> {
        Box::pin(async move {
            let mut reader = self.readers.acquire().await.map_err(failure)?;
            queries::audit(&mut reader, app, broadcast, before, limit)
                .await
                .map_err(failure)
        })
    }

    fn allow_list<'a>(&'a self, app: &'a AppId) -> Reading<'a, BTreeSet<UserId>> {
        Box::pin(async move {
            let mut reader = self.readers.acquire().await.map_err(failure)?;
            queries::allow_list(&mut reader, app).await.map_err(failure)
        })
    }

    fn change_allow_list<'a>(
        &'a self,
        app: &'a AppId,
        operator: &'a UserId,
        change: AllowListChange,
        now: Micros,
    ) -> Reading<'a, Result<BTreeSet<UserId>, usize>> {
        Box::pin(async move {
            let mut writer = self.writers.begin().await.map_err(failure)?;
            let done = queries::changed_allow_list(&mut writer, app, operator, change, now)
                .await
                .map_err(failure)?;
            writer.commit().await.map_err(failure)?;
            Ok(done)
        })
    }

    fn public_changes(&self, after: PubSeq) -> Reading<'_, PublicChanges> {
        Box::pin(async move {
            let mut reader = self.readers.acquire().await.map_err(failure)?;
            queries::changes(&mut reader, after).await.map_err(failure)
        })
    }

    fn age_broadcasts(&self, before: Micros) -> Reading<'_, bool> {
        Box::pin(async move {
            match self.try_age_broadcasts(before).await {
                Err(error) if is_in_the_way(&error) => {
                    tracing::debug!(%error, "ageing of the public mailbox waits");
                    Ok(false)
                }
                done => done.map_err(failure),
            }
        })
    }

    fn put_reach(&self, rows: Vec<ReachRow>) -> Reading<'_, ()> {
        Box::pin(async move {
            let mut writer = self.writers.begin().await.map_err(failure)?;
            queries::put_reach(&mut writer, &rows)
                .await
                .map_err(failure)?;
            writer.commit().await.map_err(failure)
        })
    }

    fn reach<'a>(&'a self, app: &'a AppId, id: BroadcastId) -> Reading<'a, Vec<ReachRow>> {
        Box::pin(async move {
            let mut reader = self.readers.acquire().await.map_err(failure)?;
            queries::reach(&mut reader, app, id).await.map_err(failure)
        })
    }
}

impl PostgresStore {
    /// In two transactions: the lock of operators' commands is not held while things are
    /// removed.
    async fn try_age_broadcasts(&self, before: Micros) -> Result<bool, sqlx::Error> {
        let mut forgetting = self.writers.begin().await?;
        queries::forget(&mut forgetting, before).await?;
        forgetting.commit().await?;
        let mut cleaning = self.writers.begin().await?;
        let has_more = queries::clean(&mut cleaning).await?;
        cleaning.commit().await?;
        Ok(has_more)
    }
}
