//! Rows for the ledger. Nothing but names is touched before everything is written at once.

use std::{convert::Infallible, sync::Arc};

use seqline_protocol::{AppId, ClientMsgId, ConvId, DeviceId, Label};

use super::{hooks::HookState, tables::Tables};
use crate::{
    account::Account,
    store::{
        HookId,
        ledger::{
            AppKey, Changes, ConvKey, ConvRow, ConvState, Create, Direct, EntryKind, GroupRow,
            MemberKey, MemberRow, MembersWanted, MessageRow, MessageUpdate, Names, Owner, Resolved,
            SeenKey, SeenRow, SentInSessions, SentRow, Transaction, UserKey, UserRow,
        },
    },
};

pub(super) struct MemoryTransaction<'t> {
    tables: &'t mut Tables,
}

impl<'t> MemoryTransaction<'t> {
    pub(super) fn new(tables: &'t mut Tables) -> Self {
        Self { tables }
    }

    fn app(&mut self, app: &AppId, create: Create) -> Option<AppKey> {
        let apps = &mut self.tables.apps;
        if let Some(key) = apps.get(app) {
            return Some(*key);
        }
        let key = AppKey(next(apps.len()));
        (create == Create::Yes).then(|| *apps.entry(app.clone()).or_insert(key))
    }

    fn user(&mut self, account: &Account, create: Create) -> Option<UserKey> {
        let found = self.tables.user_key(account);
        if found.is_some() || create == Create::No {
            return found;
        }
        self.app(&account.app, Create::Yes)?;
        let key = UserKey(next(self.tables.users.len()));
        let row = UserRow {
            key,
            account: Arc::new(account.clone()),
            head: 0,
            delivered: 0,
            is_known: false,
            last_seen_us: 0,
            shares_presence: false,
            crowds: 0,
        };
        self.tables.user_keys.insert(account.clone(), key);
        self.tables.users.insert(key, row);
        Some(key)
    }

    fn conv(&mut self, app: &AppId, conv: &ConvId, create: Create) -> Option<(AppKey, ConvKey)> {
        let app = self.app(app, create)?;
        let found = self.tables.conv_keys.get(&(app, conv.clone()));
        if let Some(key) = found {
            return Some((app, *key));
        }
        if create == Create::No {
            return None;
        }
        let key = ConvKey(next(self.tables.convs.len()));
        let row = ConvRow {
            key,
            app,
            conv: conv.clone(),
            state: ConvState::Named,
            head: 0,
            created_us: 0,
            active_us: 0,
            members: 0,
            log_head: 0,
            direct: Direct::default(),
            group: GroupRow::default(),
        };
        self.tables.conv_keys.insert((app, conv.clone()), key);
        self.tables.convs.insert(key, row);
        Some((app, key))
    }

    fn some(&self, conv: ConvKey, users: &[UserKey]) -> Vec<MemberRow> {
        let places = users.iter().map(|user| (conv, *user));
        places
            .filter_map(|key| self.tables.members.get(&key).copied())
            .collect()
    }

    fn all(&self, conv: ConvKey) -> Vec<MemberRow> {
        self.tables.members_of(conv).copied().collect()
    }

    fn between(&self, conv: ConvKey, from: u64, upto: u64) -> impl Iterator<Item = &MessageRow> {
        self.tables
            .messages
            .range((conv, from + 1)..=(conv, upto))
            .map(|(_, row)| row)
    }

    fn update(&mut self, update: &MessageUpdate) {
        let place = (update.conv, update.conv_seq);
        if let Some(row) = self.tables.messages.get_mut(&place) {
            let message = Arc::make_mut(&mut row.message);
            message.body.clone_from(&update.body);
            message.recalled = update.is_recalled;
            message.replaced = update.is_replaced;
            message.edited_us = update.edited_us.map(seqline_protocol::Micros::saturating);
        }
    }

    fn add_message(&mut self, row: &MessageRow) {
        let message = &row.message;
        let place = (row.conv, message.conv_seq.get());
        let client_id = (row.sender, message.client_msg_id.clone());
        self.tables.places.insert(message.msg_id.get(), place);
        self.tables.client_ids.insert(client_id, place);
        self.tables.messages.insert(place, row.clone());
    }

    fn add_hook(&mut self, msg_id: u64, changes: &Changes) {
        let tables = &mut *self.tables;
        let told = changes
            .entries
            .iter()
            .filter(|entry| entry.kind == EntryKind::Message && entry.msg_id == Some(msg_id));
        let recipients = told
            .filter_map(|entry| match entry.owner {
                Owner::User(user) if user != entry.about => tables.user_name(user).cloned(),
                _ => None,
            })
            .collect();
        let hook = HookState {
            msg_id,
            recipients,
            attempts: 0,
            due_us: 0,
        };
        let id = HookId(i64::try_from(msg_id).unwrap_or(i64::MAX));
        tables.hooks.insert(id, hook);
    }
}

impl Transaction for MemoryTransaction<'_> {
    type Error = Infallible;

    async fn resolve(&mut self, names: &Names<'_>) -> Result<Resolved, Infallible> {
        let mut resolved = Resolved::default();
        for (account, create) in &names.users {
            resolved.users.push(self.user(account, *create));
        }
        for (app, conv, create) in &names.convs {
            resolved.convs.push(self.conv(app, conv, *create));
        }
        Ok(resolved)
    }

    async fn positions(&mut self, keys: &[UserKey]) -> Result<Vec<(u64, u64)>, Infallible> {
        let rows = keys.iter().filter_map(|key| self.tables.users.get(key));
        Ok(rows.map(|row| (row.head, row.delivered)).collect())
    }

    async fn received(
        &mut self,
        wanted: &[(UserKey, u64, u64)],
    ) -> Result<Vec<(MemberKey, u64)>, Infallible> {
        let mut newest = std::collections::BTreeMap::new();
        for (user, from, upto) in wanted {
            let timeline = self.tables.timelines.get(&Owner::User(*user));
            for (_, entry) in timeline.iter().flat_map(|all| all.range(from + 1..=*upto)) {
                if entry.kind == EntryKind::Message && entry.about != *user {
                    let at: &mut u64 = newest.entry((entry.conv, *user)).or_default();
                    *at = entry.conv_seq.max(*at);
                }
            }
        }
        Ok(newest.into_iter().collect())
    }

    async fn conversations(&mut self, keys: &[ConvKey]) -> Result<Vec<ConvRow>, Infallible> {
        let rows = keys.iter().filter_map(|key| self.tables.convs.get(key));
        Ok(rows.cloned().collect())
    }

    async fn members(&mut self, wanted: &[MembersWanted]) -> Result<Vec<MemberRow>, Infallible> {
        let mut rows = Vec::new();
        for wanted in wanted {
            rows.extend(match wanted {
                MembersWanted::All(conv) => self.all(*conv),
                MembersWanted::Some(conv, users) => self.some(*conv, users),
                MembersWanted::Fanout(conv, users) => {
                    let row = self.tables.convs.get(conv);
                    if row.is_some_and(|row| row.state == ConvState::Open) {
                        self.all(*conv)
                    } else {
                        self.some(*conv, users)
                    }
                }
            });
        }
        Ok(rows)
    }

    async fn users(&mut self, keys: &[UserKey]) -> Result<Vec<UserRow>, Infallible> {
        let rows = keys.iter().filter_map(|key| self.tables.users.get(key));
        Ok(rows.cloned().collect())
    }

    async fn sent(
        &mut self,
        ids: &[(UserKey, &ClientMsgId)],
    ) -> Result<Vec<Option<SentRow>>, Infallible> {
        let row = |(user, id): &(UserKey, &ClientMsgId)| {
            let place = self.tables.client_ids.get(&(*user, (*id).clone()))?;
            let row = self.tables.messages.get(place)?;
            Some(SentRow {
                msg_id: row.message.msg_id.get(),
                conv_seq: row.message.conv_seq.get(),
                sender_seq: row.sender_seq,
                created_us: row.message.created_us.get(),
                digest: row.digest,
            })
        };
        Ok(ids.iter().map(row).collect())
    }

    async fn sent_in_sessions(
        &mut self,
        ids: &[(UserKey, &ClientMsgId)],
        devices: &[Option<&DeviceId>],
    ) -> Result<SentInSessions, Infallible> {
        let newest = ids.iter().zip(devices).map(|((user, _), device)| {
            let device = device.map_or("", |device| device.as_str());
            let state = self.tables.devices.get(&(*user, device.to_owned()));
            state.map_or(0, |state| state.newest().0.0)
        });
        let newest = newest.collect();
        Ok((self.sent(ids).await?, newest))
    }

    async fn messages(
        &mut self,
        places: &[(ConvKey, u64)],
    ) -> Result<Vec<Option<MessageRow>>, Infallible> {
        let rows = places.iter();
        Ok(rows
            .map(|place| self.tables.messages.get(place).cloned())
            .collect())
    }

    async fn keyed(
        &mut self,
        wanted: &[(ConvKey, UserKey, &Label)],
    ) -> Result<Vec<Option<MessageRow>>, Infallible> {
        let newest = |(conv, sender, key): &(ConvKey, UserKey, &Label)| {
            self.tables.messages_of(*conv).rev().find(|row| {
                let message = &row.message;
                row.sender == *sender
                    && message.key.as_ref() == Some(*key)
                    && !message.recalled
                    && !message.replaced
            })
        };
        Ok(wanted.iter().map(|one| newest(one).cloned()).collect())
    }

    async fn own_between(
        &mut self,
        wanted: &[(MemberKey, u64, u64)],
    ) -> Result<Vec<u64>, Infallible> {
        let count = |((conv, user), from, upto): &(MemberKey, u64, u64)| {
            let all = self.between(*conv, *from, *upto);
            all.filter(|row| row.sender == *user).count() as u64
        };
        Ok(wanted.iter().map(count).collect())
    }

    async fn senders_between(
        &mut self,
        wanted: &[(ConvKey, u64, u64)],
        limit: usize,
    ) -> Result<Vec<Vec<UserKey>>, Infallible> {
        let senders = |(conv, from, upto): &(ConvKey, u64, u64)| {
            let all = self.between(*conv, *from, *upto).map(|row| row.sender);
            let different: std::collections::BTreeSet<UserKey> = all.collect();
            different.into_iter().take(limit).collect()
        };
        Ok(wanted.iter().map(senders).collect())
    }

    async fn hidden(&mut self, wanted: &[(MemberKey, u64)]) -> Result<Vec<bool>, Infallible> {
        let hidden = &self.tables.hidden;
        Ok(wanted.iter().map(|one| hidden.contains(one)).collect())
    }

    async fn seen(&mut self, wanted: &[SeenKey]) -> Result<Vec<Option<SeenRow>>, Infallible> {
        let tables = &self.tables;
        let row = |(broadcast, user): &SeenKey| {
            let app = &tables.users.get(user)?.account.app;
            let seen = tables.public.seen.get(&(*broadcast, *user)).cloned();
            let was_shown = tables.public.was_shown(app, *broadcast);
            was_shown.then(|| seen.unwrap_or_default())
        };
        Ok(wanted.iter().map(row).collect())
    }

    async fn message_ids(&mut self, _: usize) -> Result<u64, Infallible> {
        let last = self.tables.places.last_key_value();
        Ok(last.map_or(0, |(msg_id, _)| *msg_id) + 1)
    }

    async fn write(&mut self, changes: &Changes, now_us: u64) -> Result<(), Infallible> {
        for row in &changes.convs {
            self.tables.convs.insert(row.key, row.clone());
        }
        for row in &changes.members {
            self.tables.members.insert((row.conv, row.user), *row);
        }
        for key in &changes.members_gone {
            self.tables.members.remove(key);
        }
        for row in &changes.users {
            self.tables.users.insert(row.key, row.clone());
        }
        for row in &changes.messages {
            self.add_message(row);
        }
        for update in &changes.updates {
            self.update(update);
        }
        for entry in &changes.entries {
            let timeline = self.tables.timelines.entry(entry.owner).or_default();
            timeline.insert(entry.seq, entry.clone());
        }
        self.tables.hidden.extend(changes.hidden.iter().copied());
        let seen = changes.seen.iter().cloned();
        self.tables.public.seen.extend(seen);
        self.tables.change_devices(changes, now_us);
        for (msg_id, _) in &changes.hooks {
            self.add_hook(*msg_id, changes);
        }
        Ok(())
    }
}

/// Keys count from one.
fn next(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX - 1) + 1
}
