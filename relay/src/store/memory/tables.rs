//! What is kept, by key.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use seqline_protocol::{AppId, ClientMsgId, ConvId, Message, UserId};

use super::{broadcasts::PublicTables, devices::DeviceState, hooks::HookState};
use crate::{
    account::Account,
    store::{
        Actor, HookId,
        ledger::{
            AppKey, ConvKey, ConvRow, ConvState, EntryRow, MemberKey, MemberRow, MessageRow, Owner,
            UserKey, UserRow,
        },
    },
};

#[derive(Default)]
pub(super) struct Tables {
    pub(super) apps: BTreeMap<AppId, AppKey>,
    pub(super) user_keys: BTreeMap<Account, UserKey>,
    pub(super) users: BTreeMap<UserKey, UserRow>,
    pub(super) conv_keys: BTreeMap<(AppKey, ConvId), ConvKey>,
    pub(super) convs: BTreeMap<ConvKey, ConvRow>,
    pub(super) members: BTreeMap<MemberKey, MemberRow>,
    pub(super) messages: BTreeMap<(ConvKey, u64), MessageRow>,
    pub(super) places: BTreeMap<u64, (ConvKey, u64)>,
    pub(super) client_ids: BTreeMap<(UserKey, ClientMsgId), (ConvKey, u64)>,
    pub(super) timelines: BTreeMap<Owner, BTreeMap<u64, EntryRow>>,
    /// The oldest entries that are kept, where it is not the first.
    pub(super) floors: BTreeMap<Owner, u64>,
    pub(super) hidden: BTreeSet<(MemberKey, u64)>,
    pub(super) devices: BTreeMap<(UserKey, String), DeviceState>,
    /// Numbers that were given to sessions.
    pub(super) sessions: u64,
    pub(super) hooks: BTreeMap<HookId, HookState>,
    pub(super) public: PublicTables,
}

impl Tables {
    pub(super) fn user_key(&self, account: &Account) -> Option<UserKey> {
        self.user_keys.get(account).copied()
    }

    pub(super) fn user_name(&self, key: UserKey) -> Option<&UserId> {
        self.users.get(&key).map(|row| &row.account.user)
    }

    /// A conversation in which there is something.
    pub(super) fn conv(&self, app: &AppId, conv: &ConvId) -> Option<&ConvRow> {
        let app = *self.apps.get(app)?;
        let key = self.conv_keys.get(&(app, conv.clone()))?;
        let row = self.convs.get(key)?;
        (row.state != ConvState::Named).then_some(row)
    }

    /// A conversation, and the asker's place in it; none for the server. None at all if a
    /// user asks who takes no part in it.
    pub(super) fn asked(
        &self,
        actor: &Actor,
        conv: &ConvId,
    ) -> Option<(&ConvRow, Option<&MemberRow>)> {
        let row = self.conv(actor.app(), conv)?;
        match actor {
            Actor::Server(_) => Some((row, None)),
            Actor::User(account) => {
                let user = self.user_key(account)?;
                Some((row, Some(self.members.get(&(row.key, user))?)))
            }
        }
    }

    pub(super) fn members_of(&self, conv: ConvKey) -> impl Iterator<Item = &MemberRow> {
        self.members
            .range((conv, UserKey(i64::MIN))..=(conv, UserKey(i64::MAX)))
            .map(|(_, row)| row)
    }

    pub(super) fn messages_of(
        &self,
        conv: ConvKey,
    ) -> impl DoubleEndedIterator<Item = &MessageRow> {
        self.messages
            .range((conv, 0)..=(conv, u64::MAX))
            .map(|(_, row)| row)
    }

    pub(super) fn message(&self, msg_id: u64) -> Option<&Arc<Message>> {
        let place = self.places.get(&msg_id)?;
        self.messages.get(place).map(|row| &row.message)
    }

    pub(super) fn floor(&self, owner: Owner) -> u64 {
        self.floors.get(&owner).copied().unwrap_or(1)
    }
}
