//! Messages that an app's server is to be told of.

use std::collections::BTreeSet;

use seqline_protocol::{AppId, Micros, UserId};

use super::tables::Tables;
use crate::store::Hook;

pub(super) struct HookState {
    pub(super) msg_id: u64,
    pub(super) recipients: Vec<UserId>,
    pub(super) attempts: u32,
    pub(super) due_us: u64,
}

impl Tables {
    /// Of each conversation only the oldest, and that only if it is due.
    pub(super) fn due_hooks(&self, app: &AppId, limit: usize, now: Micros) -> Vec<Hook> {
        let mut convs = BTreeSet::new();
        let mut due = Vec::new();
        for (id, hook) in &self.hooks {
            let place = self.places.get(&hook.msg_id);
            let Some((conv, _)) = place else { continue };
            let app_key = self.convs.get(conv).map(|row| row.app);
            let is_of_app = app_key == self.apps.get(app).copied();
            if !is_of_app || !convs.insert(*conv) || hook.due_us > now.get() {
                continue;
            }
            due.extend(self.message(hook.msg_id).map(|message| Hook {
                id: *id,
                app: app.clone(),
                message: (**message).clone(),
                recipients: hook.recipients.clone(),
                attempts: hook.attempts,
            }));
        }
        due.truncate(limit);
        due
    }
}
