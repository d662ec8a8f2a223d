//! Users and their devices.

use std::cmp::Reverse;

use seqline_protocol::{AppId, DeviceId, Label, Micros, UserId};

use super::tables::Tables;
use crate::{
    account::Account,
    limits::DEVICES_PER_USER_MAX,
    store::{
        DeviceRow, UserState,
        ledger::{Changes, DeviceRecord, UserKey},
    },
};

pub(super) struct DeviceState {
    record: DeviceRecord,
    first_us: u64,
    last_us: u64,
}

impl Tables {
    pub(super) fn change_devices(&mut self, changes: &Changes, now_us: u64) {
        for (user, device) in &changes.devices_gone {
            self.devices.remove(&(*user, device.as_str().to_owned()));
        }
        for record in &changes.devices_seen {
            let key = (record.user, record.device.clone());
            let first_us = self.devices.get(&key).map_or(now_us, |old| old.first_us);
            let state = DeviceState {
                record: record.clone(),
                first_us,
                last_us: now_us,
            };
            self.devices.insert(key, state);
            self.forget_beyond_limit(record.user);
        }
        for (user, device) in &changes.devices_left {
            let key = (*user, device.as_str().to_owned());
            if let Some(state) = self.devices.get_mut(&key) {
                state.last_us = now_us;
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
        all.filter_map(|state| {
            Some(DeviceRow {
                device: DeviceId::new(state.record.device.as_str()).ok()?,
                platform: Label::new(state.record.platform.as_str()).ok()?,
                host: state.record.host.clone(),
                app_version: state.record.app_version.clone(),
                first: Micros::saturating(state.first_us),
                last: Micros::saturating(state.last_us),
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
                })
            })
            .collect()
    }
}
