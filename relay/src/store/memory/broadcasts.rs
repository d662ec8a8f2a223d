//! The public mailbox.

use std::collections::{BTreeMap, BTreeSet};

use seqline_protocol::{AppId, BroadcastId, Micros, PubSeq, UserId};

use super::MemoryStore;
use crate::{
    limits::AGE_STEP_ROWS,
    store::{
        AllowListChange, AuditRow, BroadcastCommand, BroadcastRefusal, BroadcastRow,
        BroadcastState, BroadcastStore, PublicChanges, ReachRow, Reading,
        broadcasts::{Before, change_allow_list, decide},
        ledger::{SeenRow, UserKey},
    },
};

#[derive(Default)]
pub(super) struct PublicTables {
    head: PubSeq,
    floor: PubSeq,
    last_id: BroadcastId,
    broadcasts: BTreeMap<BroadcastId, Kept>,
    audit: Vec<(AppId, AuditRow)>,
    /// And the numbers of their newest changes.
    allow_lists: BTreeMap<AppId, (PubSeq, BTreeSet<UserId>)>,
    reach: BTreeMap<(BroadcastId, String, String), Vec<u8>>,
    pub(super) seen: BTreeMap<(BroadcastId, UserKey), SeenRow>,
}

struct Kept {
    row: BroadcastRow,
    /// Whether polls are told of it no more.
    is_forgotten: bool,
}

impl BroadcastStore for MemoryStore {
    fn command(
        &self,
        command: BroadcastCommand,
        now: Micros,
    ) -> Reading<'_, Result<BroadcastRow, BroadcastRefusal>> {
        self.change(move |tables| tables.public.command(command, now))
    }

    fn broadcast<'a>(
        &'a self,
        app: &'a AppId,
        id: BroadcastId,
    ) -> Reading<'a, Option<BroadcastRow>> {
        self.read(move |tables| tables.public.row(app, id).cloned())
    }

    fn broadcasts<'a>(
        &'a self,
        app: &'a AppId,
        before: Option<BroadcastId>,
        states: &'a [BroadcastState],
        limit: usize,
    ) -> Reading<'a, Vec<BroadcastRow>> {
        self.read(move |tables| {
            let rows = tables.public.of_app(app);
            rows.filter(|row| before.is_none_or(|before| row.id < before))
                .filter(|row| states.is_empty() || states.contains(&row.state))
                .take(limit)
                .cloned()
                .collect()
        })
    }

    fn audit<'a>(
        &'a self,
        app: &'a AppId,
        broadcast: Option<BroadcastId>,
        before: Option<u64>,
        limit: usize,
    ) -> Reading<'a, Vec<AuditRow>> {
        self.read(move |tables| {
            let rows = tables.public.audit.iter().rev();
            rows.filter(|(of, _)| of == app)
                .map(|(_, row)| row)
                .filter(|row| broadcast.is_none() || row.broadcast == broadcast)
                .filter(|row| before.is_none_or(|before| row.id < before))
                .take(limit)
                .cloned()
                .collect()
        })
    }

    fn allow_list<'a>(&'a self, app: &'a AppId) -> Reading<'a, BTreeSet<UserId>> {
        self.read(|tables| tables.public.allow_list(app))
    }

    fn change_allow_list<'a>(
        &'a self,
        app: &'a AppId,
        operator: &'a UserId,
        change: AllowListChange,
        now: Micros,
    ) -> Reading<'a, Result<BTreeSet<UserId>, usize>> {
        self.change(move |tables| {
            let public = &mut tables.public;
            let before = public.allow_list(app);
            let changed = change_allow_list(&before, operator, change, public.head, now)?;
            if let Some(audit) = changed.audit {
                public.add_audit(app, audit);
                let list = (public.head, changed.users.clone());
                public.allow_lists.insert(app.clone(), list);
            }
            Ok(changed.users)
        })
    }

    fn public_changes(&self, after: PubSeq) -> Reading<'_, PublicChanges> {
        self.read(move |tables| tables.public.changes(after))
    }

    fn age_broadcasts(&self, before: Micros) -> Reading<'_, bool> {
        self.change(move |tables| tables.public.age(before))
    }

    fn put_reach(&self, rows: Vec<ReachRow>) -> Reading<'_, ()> {
        self.change(move |tables| {
            let sketches = rows
                .into_iter()
                .map(|row| ((row.broadcast, row.node, row.key), row.sketch));
            tables.public.reach.extend(sketches);
        })
    }

    fn reach<'a>(&'a self, app: &'a AppId, id: BroadcastId) -> Reading<'a, Vec<ReachRow>> {
        self.read(move |tables| {
            let public = &tables.public;
            if public.row(app, id).is_none() {
                return Vec::new();
            }
            let rows = public.reach.iter();
            rows.filter(|((of, ..), _)| *of == id)
                .map(|((_, node, key), sketch)| ReachRow {
                    broadcast: id,
                    node: node.clone(),
                    key: key.clone(),
                    sketch: sketch.clone(),
                })
                .collect()
        })
    }
}

impl PublicTables {
    fn command(
        &mut self,
        command: BroadcastCommand,
        now: Micros,
    ) -> Result<BroadcastRow, BroadcastRefusal> {
        let app = command.app.clone();
        let named = command.of.and_then(|(id, _)| self.row(&app, id));
        let counts = |row: &&BroadcastRow| match row.state {
            BroadcastState::Draft => true,
            BroadcastState::Recalled => false,
            _ => row.audience.expires_us.is_none_or(|expires| expires > now),
        };
        let before = Before {
            row: named.map(|row| (row.clone(), self.changed_by(row.id))),
            head: self.head,
            next_id: self.last_id.next(),
            kept: self.of_app(&app).filter(counts).count(),
        };
        let decided = decide(command, before, now)?;
        let row = decided.row;
        self.last_id = self.last_id.max(row.id);
        self.add_audit(&app, decided.audit);
        let kept = Kept {
            row: row.clone(),
            is_forgotten: false,
        };
        self.broadcasts.insert(row.id, kept);
        Ok(row)
    }

    fn row(&self, app: &AppId, id: BroadcastId) -> Option<&BroadcastRow> {
        let row = &self.broadcasts.get(&id)?.row;
        (row.app == *app && !row.is_deleted).then_some(row)
    }

    /// Newest first.
    fn of_app(&self, app: &AppId) -> impl Iterator<Item = &BroadcastRow> {
        let rows = self.broadcasts.values().rev().map(|kept| &kept.row);
        rows.filter(move |row| row.app == *app && !row.is_deleted)
    }

    /// Whether a user of an app may have seen it.
    pub(super) fn was_shown(&self, app: &AppId, id: BroadcastId) -> bool {
        self.broadcasts.get(&id).is_some_and(|kept| {
            kept.row.app == *app && kept.row.first_pub_seq.is_some() && !kept.is_forgotten
        })
    }

    /// # Panics
    /// If nobody did: every row was made by someone.
    fn changed_by(&self, id: BroadcastId) -> UserId {
        let mut rows = self.audit.iter().rev().map(|(_, row)| row);
        let newest = rows.find(|row| row.broadcast == Some(id));
        newest
            .expect("every change is in the trail")
            .operator
            .clone()
    }

    fn add_audit(&mut self, app: &AppId, row: AuditRow) {
        self.head = row.pub_seq.unwrap_or(self.head);
        let id = self.audit.len() as u64 + 1;
        self.audit.push((app.clone(), AuditRow { id, ..row }));
    }

    fn allow_list(&self, app: &AppId) -> BTreeSet<UserId> {
        let list = self.allow_lists.get(app);
        list.map(|(_, users)| users.clone()).unwrap_or_default()
    }

    fn changes(&self, after: PubSeq) -> PublicChanges {
        let rows = self.broadcasts.values();
        let mut rows: Vec<BroadcastRow> = rows
            .filter(|kept| !kept.is_forgotten && kept.row.pub_seq > Some(after))
            .map(|kept| kept.row.clone())
            .collect();
        rows.sort_by_key(|row| row.pub_seq);
        let lists = self.allow_lists.iter();
        PublicChanges {
            head: self.head,
            floor: self.floor,
            rows,
            allow_lists: lists
                .filter(|(_, (changed, _))| *changed > after)
                .map(|(app, (_, users))| (app.clone(), users.clone()))
                .collect(),
        }
    }

    fn age(&mut self, before: Micros) -> bool {
        for kept in self.broadcasts.values_mut() {
            let row = &kept.row;
            let is_gone = row.is_deleted || row.state == BroadcastState::Recalled;
            let is_over = row.first_pub_seq.is_some()
                && row
                    .audience
                    .expires_us
                    .is_some_and(|expires| expires < before);
            if !kept.is_forgotten && row.changed < before && (is_gone || is_over) {
                kept.is_forgotten = true;
                let after = row.pub_seq.map_or(PubSeq::ZERO, PubSeq::next);
                self.floor = self.floor.max(after);
            }
        }
        let forgotten: Vec<(BroadcastId, bool)> = self
            .broadcasts
            .iter()
            .filter(|(_, kept)| kept.is_forgotten)
            .map(|(id, kept)| (*id, kept.row.is_deleted))
            .collect();
        let mut left = AGE_STEP_ROWS;
        for (id, is_deleted) in forgotten {
            let markers = self
                .seen
                .range((id, UserKey(i64::MIN))..=(id, UserKey(i64::MAX)));
            let markers: Vec<_> = markers.map(|(key, _)| *key).take(left).collect();
            left -= markers.len();
            for key in markers {
                self.seen.remove(&key);
            }
            if left == 0 {
                return true;
            }
            if is_deleted {
                self.reach.retain(|(of, ..), _| *of != id);
                self.broadcasts.remove(&id);
            }
        }
        false
    }
}
