//! Users and their devices.

use std::cmp::Reverse;

use seqline_protocol::{AppId, DeviceId, Label, Micros, UserId};

use super::tables::Tables;
use crate::{
    account::Account,
    limits::DEVICES_PER_USER_MAX,
    store::{
        DeviceRow, SessionNumber, UserState,
        ledger::{Changes, DeviceRecord, EndedSessions, UserKey},
    },
};

pub(super) struct DeviceState {
    record: DeviceRecord,
    first_us: u64,
    last_us: u64,
    ended: Ended,
}

/// Whether it may be connected. What is forgotten is kept so that every relay learns of its end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Ended {
    No,
    ByServer,
    Forgotten,
}

impl DeviceState {
    /// Its newest session, or the number before which all are over, if it was ended.
    pub(super) fn newest(&self) -> (SessionNumber, bool) {
        (SessionNumber(self.record.session), self.ended != Ended::No)
    }
}

impl Tables {
    pub(super) fn change_devices(&mut self, changes: &Changes, now_us: u64) {
        for (user, device) in &changes.devices_gone {
            self.devices.remove(&(*user, device.as_str().to_owned()));
        }
        for record in &changes.devices_seen {
            let key = (record.user, record.device.clone());
            let old = self.devices.get(&key);
            let newest = old.map_or(0, |old| old.record.session);
            if (1..newest).contains(&record.session) {
                continue;
            }
            let state = DeviceState {
                record: DeviceRecord {
                    session: record.session.max(newest),
                    ..record.clone()
                },
                first_us: old
                    .filter(|old| old.ended != Ended::Forgotten)
                    .map_or(now_us, |old| old.first_us),
                last_us: now_us,
                ended: Ended::No,
            };
            self.devices.insert(key, state);
            self.forget_beyond_limit(record.user);
        }
        for (user, device, _) in &changes.devices_left {
            let key = (*user, device.as_str().to_owned());
            if let Some(state) = self.devices.get_mut(&key) {
                state.last_us = now_us;
            }
        }
        for (user, device, number) in &changes.sessions_newest {
            self.raise_session((*user, device.as_str().to_owned()), *number, now_us);
        }
        for ended in &changes.sessions_ended {
            self.end_sessions(ended);
        }
    }

    /// What is not known of a device yet is written when it is noted that it connected.
    fn raise_session(&mut self, key: (UserKey, String), number: u64, now_us: u64) {
        let record = DeviceRecord {
            user: key.0,
            device: key.1.clone(),
            platform: "unknown".to_owned(),
            host: String::new(),
            app_version: None,
            session: 0,
        };
        let state = self.devices.entry(key).or_insert(DeviceState {
            record,
            first_us: now_us,
            last_us: now_us,
            ended: Ended::No,
        });
        if state.record.session < number {
            state.record.session = number;
            state.ended = Ended::No;
        }
    }

    fn end_sessions(&mut self, ended: &EndedSessions) {
        let from = (ended.user, String::new());
        let devices = self.devices.range_mut(from..);
        for ((_, name), state) in devices.take_while(|((of, _), _)| *of == ended.user) {
            let is_meant = ended.device.as_ref().is_none_or(|device| device == name);
            if is_meant && state.record.session < ended.before && state.ended < Ended::Forgotten {
                state.record.session = ended.before;
                state.ended = match ended.device {
                    None => Ended::ByServer,
                    Some(_) => Ended::Forgotten,
                };
            }
        }
    }

    fn forget_beyond_limit(&mut self, user: UserKey) {
        let keys: Vec<_> = self
            .last_seen_first(user)
            .into_iter()
            .skip(DEVICES_PER_USER_MAX)
            .map(|state| state.record.device.clone())
            .collect();
        for device in keys {
            self.devices.remove(&(user, device));
        }
    }

    fn last_seen_first(&self, user: UserKey) -> Vec<&DeviceState> {
        let mut all: Vec<_> = self
            .devices
            .range((user, String::new())..)
            .take_while(|((of, _), _)| *of == user)
            .map(|(_, state)| state)
            .collect();
        all.sort_by_key(|state| Reverse(state.last_us));
        all
    }

    pub(super) fn devices_of(&self, account: &Account) -> Vec<DeviceRow> {
        let Some(user) = self.user_key(account) else {
            return Vec::new();
        };
        let all = self.last_seen_first(user).into_iter();
        let known = all.filter(|state| state.ended < Ended::Forgotten);
        known
            .filter_map(|state| {
                Some(DeviceRow {
                    device: DeviceId::new(state.record.device.as_str()).ok()?,
                    platform: Label::new(state.record.platform.as_str()).ok()?,
                    host: state.record.host.clone(),
                    app_version: state.record.app_version.clone(),
                    first: Micros::saturating(state.first_us),
                    last: Micros::saturating(state.last_us),
                    is_elsewhere: false,
                })
            })
            .collect()
    }

    pub(super) fn known(&self, app: &AppId, users: &[UserId]) -> Vec<UserState> {
        users
            .iter()
            .filter_map(|user| {
                let account = Account {
                    app: app.clone(),
                    user: user.clone(),
                };
                let row = self.users.get(&self.user_key(&account)?)?;
                row.is_known.then(|| UserState {
                    user: user.clone(),
                    last_seen: Micros::saturating(row.last_seen_us),
                    shares_presence: row.shares_presence,
                    is_elsewhere: false,
                })
            })
            .collect()
    }
}
