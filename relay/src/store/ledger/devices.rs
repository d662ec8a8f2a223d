//! Users and their devices.

use super::{DeviceRecord, ledger::Ledger, names::OpKeys};
use crate::store::{Device, Disconnected, Done, EndDevice, Presence};

impl Ledger<'_> {
    pub(super) fn connected(&mut self, device: &Device, keys: OpKeys<'_>) -> Done {
        if let Some(user) = keys.user {
            let now_us = self.now.get();
            let row = self.user_mut(user);
            row.is_known = true;
            row.last_seen_us = now_us;
            // Ended and connected in one batch: the last one counts.
            let gone = &mut self.changes.devices_gone;
            gone.retain(|(of, gone)| *of != user || *gone != device.device);
            self.changes.devices_seen.push(DeviceRecord {
                user,
                device: device.device.as_str().to_owned(),
                platform: device.platform.as_str().to_owned(),
                host: device.host.clone(),
                app_version: device.app_version.clone(),
            });
        }
        Done::Applied
    }

    pub(super) fn disconnected(&mut self, device: &Disconnected, keys: OpKeys<'_>) -> Done {
        if let Some(user) = keys.user {
            self.user_mut(user).last_seen_us = self.now.get();
            self.changes
                .devices_left
                .push((user, device.device.clone()));
        }
        Done::Applied
    }

    pub(super) fn end_device(&mut self, device: &EndDevice, keys: OpKeys<'_>) -> Done {
        if let Some(user) = keys.user {
            self.changes
                .devices_seen
                .retain(|seen| seen.user != user || seen.device != device.device.as_str());
            self.changes
                .devices_gone
                .push((user, device.device.clone()));
        }
        Done::Applied
    }

    pub(super) fn register(&mut self, keys: OpKeys<'_>) -> Done {
        self.make_known(keys);
        Done::Applied
    }

    pub(super) fn presence(&mut self, presence: &Presence, keys: OpKeys<'_>) -> Done {
        self.make_known(keys);
        if let Some(user) = keys.user {
            self.user_mut(user).shares_presence = presence.is_shared;
        }
        Done::Applied
    }

    fn make_known(&mut self, keys: OpKeys<'_>) {
        if let Some(user) = keys.user
            && self.user(user).is_some_and(|row| !row.is_known)
        {
            self.user_mut(user).is_known = true;
        }
    }
}
