//! Users and their devices.

use std::collections::BTreeMap;

use seqline_protocol::DeviceId;

use super::{DeviceRecord, EndedSessions, UserKey, ledger::Ledger, names::OpKeys};
use crate::store::{Device, Disconnected, Done, EndDevice, EndSessions, FromSession, Presence};

/// The newest session of each device that messages of this batch come from.
#[derive(Default)]
pub(super) struct Sessions(BTreeMap<(UserKey, DeviceId), u64>);

impl Sessions {
    pub(super) fn raise(&mut self, user: UserKey, device: &DeviceId, number: u64) {
        let newest = self.0.entry((user, device.clone())).or_default();
        *newest = number.max(*newest);
    }

    fn newest(&self, user: UserKey, device: &DeviceId) -> u64 {
        let newest = self.0.get(&(user, device.clone()));
        newest.copied().unwrap_or_default()
    }
}

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
                session: device.number.map_or(0, |number| number.0),
            });
            if let Some(number) = device.number {
                self.sessions.raise(user, &device.device, number.0);
            }
        }
        Done::Applied
    }

    pub(super) fn disconnected(&mut self, device: &Disconnected, keys: OpKeys<'_>) -> Done {
        if let Some(user) = keys.user {
            self.user_mut(user).last_seen_us = self.now.get();
            let number = device.number.map_or(0, |number| number.0);
            self.changes
                .devices_left
                .push((user, device.device.clone(), number));
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

    pub(super) fn end_sessions(&mut self, ended: &EndSessions, keys: OpKeys<'_>) -> Done {
        if let Some(user) = keys.user {
            self.changes.sessions_ended.push(EndedSessions {
                user,
                device: ended
                    .device
                    .as_ref()
                    .map(|device| device.as_str().to_owned()),
                before: ended.before.0,
            });
        }
        Done::Applied
    }

    /// Notes that a device has this session. False if it has a newer one, or was ended since.
    pub(super) fn is_newest_session(&mut self, user: UserKey, session: &FromSession) -> bool {
        let newest = self.sessions.newest(user, &session.device);
        if newest < session.number.0 {
            self.sessions.raise(user, &session.device, session.number.0);
            let newest = (user, session.device.clone(), session.number.0);
            self.changes.sessions_newest.push(newest);
        }
        newest <= session.number.0
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
