//! The public mailbox: operators' commands go through the one connection that writes.

mod queries;

use std::collections::BTreeSet;

use seqline_protocol::{AppId, BroadcastId, Micros, PubSeq, UserId};

use super::SqliteStore;
use crate::store::{
    AllowListChange, AuditRow, BroadcastCommand, BroadcastRefusal, BroadcastRow, BroadcastState,
    BroadcastStore, PublicChanges, ReachRow, Reading,
};

impl BroadcastStore for SqliteStore {
    fn command(
        &self,
        command: BroadcastCommand,
        now: Micros,
    ) -> Reading<'_, Result<BroadcastRow, BroadcastRefusal>> {
        Box::pin(async move {
            let mut writer = self.writer.lock().await;
            writer.begin().await?;
            let done = queries::command(writer.connection(), command, now).await;
            Ok(writer.end(done).await?)
        })
    }

    fn broadcast<'a>(
        &'a self,
        app: &'a AppId,
        id: BroadcastId,
    ) -> Reading<'a, Option<BroadcastRow>> {
        Box::pin(async move {
            let mut reader = self.readers.acquire().await?;
            Ok(queries::one(&mut reader, app, id).await?)
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
            let mut reader = self.readers.acquire().await?;
            Ok(queries::list(&mut reader, app, before, states, limit).await?)
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
            let mut reader = self.readers.acquire().await?;
            Ok(queries::audit(&mut reader, app, broadcast, before, limit).await?)
        })
    }

    fn allow_list<'a>(&'a self, app: &'a AppId) -> Reading<'a, BTreeSet<UserId>> {
        Box::pin(async move {
            let mut reader = self.readers.acquire().await?;
            Ok(queries::allow_list(&mut reader, app).await?)
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
            let mut writer = self.writer.lock().await;
            writer.begin().await?;
            let done =
                queries::changed_allow_list(writer.connection(), app, operator, change, now).await;
            Ok(writer.end(done).await?)
        })
    }

    fn public_changes(&self, after: PubSeq) -> Reading<'_, PublicChanges> {
        Box::pin(async move {
            let mut reader = self.readers.acquire().await?;
            Ok(queries::changes(&mut reader, after).await?)
        })
    }

    fn age_broadcasts(&self, before: Micros) -> Reading<'_, bool> {
        Box::pin(async move {
            let mut writer = self.writer.lock().await;
            writer.begin().await?;
            let connection = writer.connection();
            let done = match queries::forget(connection, before).await {
                Ok(()) => queries::clean(connection).await,
                Err(error) => Err(error),
            };
            Ok(writer.end(done).await?)
        })
    }

    fn put_reach(&self, rows: Vec<ReachRow>) -> Reading<'_, ()> {
        Box::pin(async move {
            let mut writer = self.writer.lock().await;
            writer.begin().await?;
            let done = queries::put_reach(writer.connection(), &rows).await;
            Ok(writer.end(done).await?)
        })
    }

    fn reach<'a>(&'a self, app: &'a AppId, id: BroadcastId) -> Reading<'a, Vec<ReachRow>> {
        Box::pin(async move {
            let mut reader = self.readers.acquire().await?;
            Ok(queries::reach(&mut reader, app, id).await?)
        })
    }
}
