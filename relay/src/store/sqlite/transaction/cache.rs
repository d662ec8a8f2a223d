//! Rows that the writer remembers, so that a batch about what was just written loads little.
//!
//! It is safe because nothing else writes: the lock file keeps other processes out, and all
//! writing of this one goes through the one writing connection, whose lock is held around
//! every transaction. What a transaction loads or writes is remembered at once, and a
//! transaction that fails forgets everything ([`Cache::default`]), so that what is left
//! always was committed. Ageing, which writes outside of these transactions, changes
//! floors only, which are not remembered here.

use std::collections::BTreeMap;

use seqline_protocol::{AppId, ConvId, UserId};

use crate::{
    account::Account,
    index::Index,
    limits::ROWS_CACHED_MAX,
    store::ledger::{AppKey, ConvKey, ConvRow, MemberRow, UserKey, UserRow},
};

/// Members of conversations that have more are not remembered.
pub(super) const MEMBERS_CACHED_MAX: u32 = 1_000;

/// Names and rows by key.
#[derive(Default)]
pub(in crate::store::sqlite) struct Cache {
    apps: Index<AppId, AppNames>,
    pub(super) convs: Index<ConvKey, ConvRow>,
    pub(super) users: Index<UserKey, UserRow>,
    /// All members of a conversation, or nothing.
    members: Index<ConvKey, BTreeMap<UserKey, MemberRow>>,
    pub(super) last_msg_id: Option<u64>,
    /// Names and members; the other rows are fewer.
    count: usize,
}

struct AppNames {
    key: AppKey,
    users: Index<UserId, UserKey>,
    convs: Index<ConvId, ConvKey>,
}

impl Cache {
    /// Forgets everything if too much is remembered. Called between transactions.
    pub(in crate::store::sqlite) fn trim(&mut self) {
        if self.count > ROWS_CACHED_MAX {
            *self = Self::default();
        }
    }

    pub(super) fn app(&self, name: &AppId) -> Option<AppKey> {
        self.apps.get(name).map(|app| app.key)
    }

    pub(super) fn add_app(&mut self, name: &AppId, key: AppKey) {
        self.apps.entry(name.clone()).or_insert_with(|| AppNames {
            key,
            users: Index::new(),
            convs: Index::new(),
        });
    }

    pub(super) fn user(&self, account: &Account) -> Option<UserKey> {
        let app = self.apps.get(&account.app)?;
        app.users.get(&account.user).copied()
    }

    pub(super) fn add_user(&mut self, account: &Account, key: UserKey) {
        if let Some(app) = self.apps.get_mut(&account.app) {
            app.users.insert(account.user.clone(), key);
            self.count += 1;
        }
    }

    pub(super) fn conv(&self, app: &AppId, conv: &ConvId) -> Option<(AppKey, ConvKey)> {
        let app = self.apps.get(app)?;
        Some((app.key, *app.convs.get(conv)?))
    }

    pub(super) fn add_conv(&mut self, app: &AppId, conv: &ConvId, key: ConvKey) {
        if let Some(app) = self.apps.get_mut(app) {
            app.convs.insert(conv.clone(), key);
            self.count += 1;
        }
    }

    /// All members, if they are remembered.
    pub(super) fn members(&self, conv: ConvKey) -> Option<&BTreeMap<UserKey, MemberRow>> {
        self.members.get(&conv)
    }

    /// Remembers all members of a conversation.
    pub(super) fn add_members(&mut self, conv: ConvKey, rows: BTreeMap<UserKey, MemberRow>) {
        self.count += rows.len();
        self.members.insert(conv, rows);
    }

    pub(super) fn set_member(&mut self, row: MemberRow) {
        if let Some(rows) = self.members.get_mut(&row.conv)
            && rows.insert(row.user, row).is_none()
        {
            self.count += 1;
        }
    }

    pub(super) fn drop_member(&mut self, conv: ConvKey, user: UserKey) {
        if let Some(rows) = self.members.get_mut(&conv) {
            rows.remove(&user);
        }
    }
}
