//! The rows that a batch is about, in memory, and what becomes of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use seqline_protocol::{AppId, ClientMsgId, Micros};

use super::{
    Changes, ConvKey, ConvRow, EntryRow, MemberKey, MemberRow, MessageRow, MessageUpdate, Owner,
    SeenKey, SentRow, UserKey, UserRow, devices::Sessions, marks::Marks, names::OpKeys,
    seen::Marker,
};
use crate::{
    index::Index,
    store::{CommitRules, Done, Op, OpResult, Timeline, TimelineAppend},
};

/// What decisions read and change. Everything that an operation of the batch may need was
/// loaded before.
pub(super) struct Ledger<'a> {
    pub(super) now: Micros,
    pub(super) rules: &'a CommitRules,
    pub(super) convs: BTreeMap<ConvKey, Conv<'a>>,
    pub(super) members: BTreeMap<MemberKey, Place>,
    pub(super) users: BTreeMap<UserKey, User>,
    /// What is stored under senders' own ids, this batch included.
    pub(super) sent: Index<(UserKey, &'a ClientMsgId), SentRow>,
    pub(super) messages: Vec<Stored>,
    pub(super) message_at: Index<(ConvKey, u64), usize>,
    /// By conversation, sender and key: where the newest message is in `messages`.
    pub(super) keyed_at: Index<(ConvKey, UserKey, String), usize>,
    pub(super) hidden: BTreeMap<(MemberKey, u64), Hidden>,
    pub(super) marks: Marks,
    /// Of broadcasts that there are.
    pub(super) seen: BTreeMap<SeenKey, Marker>,
    /// Where several relays share the database.
    pub(super) sessions: Sessions,
    pub(super) next_msg_id: u64,
    pub(super) entries: Vec<EntryRow>,
    /// What is written without having been looked at.
    pub(super) changes: Changes,
}

pub(super) struct Conv<'a> {
    pub(super) row: ConvRow,
    /// Whose it is; none where the batch only moves marks in it.
    pub(super) app: Option<&'a AppId>,
    /// The newest message that was stored before this batch.
    pub(super) stored_head: u64,
    is_changed: bool,
}

pub(super) struct Place {
    pub(super) row: MemberRow,
    is_stored: bool,
    is_changed: bool,
    is_gone: bool,
}

pub(super) struct User {
    pub(super) row: UserRow,
    is_changed: bool,
}

/// A message of the batch, or one that it is about.
pub(super) struct Stored {
    pub(super) row: MessageRow,
    pub(super) is_fresh: bool,
    is_changed: bool,
}

/// Whether a user deleted a message for herself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Hidden {
    Not,
    Before,
    Now,
}

impl<'a> Ledger<'a> {
    pub(super) fn new(now: Micros, rules: &'a CommitRules) -> Self {
        Self {
            now,
            rules,
            convs: BTreeMap::new(),
            members: BTreeMap::new(),
            users: BTreeMap::new(),
            sent: Index::new(),
            messages: Vec::new(),
            message_at: Index::new(),
            keyed_at: Index::new(),
            hidden: BTreeMap::new(),
            marks: Marks::default(),
            seen: BTreeMap::new(),
            sessions: Sessions::default(),
            next_msg_id: 0,
            entries: Vec::new(),
            changes: Changes::default(),
        }
    }

    /// Does one operation, or refuses it as a whole.
    pub(super) fn decide(&mut self, op: &'a Op, keys: OpKeys<'_>) -> OpResult {
        match op {
            Op::Send(send) => self.send(send, keys),
            Op::Delivered(delivered) => Ok(self.deliver(delivered, keys)),
            Op::Read(read) => self.read(read, keys),
            Op::Recall(recall) => self.recall(recall, keys),
            Op::Edit(edit) => self.edit(edit, keys),
            Op::Delete(delete) => self.delete(delete, keys),
            Op::Clear(clear) => self.clear(clear, keys),
            Op::Group(command) => self.group(command, keys).map(Done::Group),
            Op::Connected(device) => Ok(self.connected(device, keys)),
            Op::Disconnected(device) => Ok(self.disconnected(device, keys)),
            Op::EndDevice(device) => Ok(self.end_device(device, keys)),
            Op::EndSessions(ended) => Ok(self.end_sessions(ended, keys)),
            Op::Register(_) => Ok(self.register(keys)),
            Op::Presence(presence) => Ok(self.presence(presence, keys)),
            Op::Seen(seen) => self.seen(seen, keys),
        }
    }

    pub(super) fn load_conv(&mut self, row: ConvRow) {
        let conv = Conv {
            app: None,
            stored_head: row.head,
            is_changed: false,
            row,
        };
        self.convs.insert(conv.row.key, conv);
    }

    pub(super) fn load_member(&mut self, row: MemberRow) {
        let place = Place {
            row,
            is_stored: true,
            is_changed: false,
            is_gone: false,
        };
        self.members.insert((row.conv, row.user), place);
    }

    pub(super) fn load_user(&mut self, row: UserRow) {
        let user = User {
            row,
            is_changed: false,
        };
        self.users.insert(user.row.key, user);
    }

    /// The place of a message in `messages`; the one that is there already, if any.
    pub(super) fn load_message(&mut self, row: MessageRow) -> usize {
        let place = (row.conv, row.message.conv_seq.get());
        let messages = &mut self.messages;
        *self.message_at.entry(place).or_insert_with(|| {
            messages.push(Stored {
                row,
                is_fresh: false,
                is_changed: false,
            });
            messages.len() - 1
        })
    }

    pub(super) fn add_message(&mut self, row: MessageRow) -> usize {
        let place = (row.conv, row.message.conv_seq.get());
        self.messages.push(Stored {
            row,
            is_fresh: true,
            is_changed: false,
        });
        self.message_at.insert(place, self.messages.len() - 1);
        self.messages.len() - 1
    }

    /// Makes a message read differently.
    pub(super) fn change_message(
        &mut self,
        at: usize,
        change: impl FnOnce(&mut seqline_protocol::Message),
    ) {
        if let Some(stored) = self.messages.get_mut(at) {
            stored.is_changed = true;
            change(Arc::make_mut(&mut stored.row.message));
        }
    }

    /// # Panics
    /// If it was not loaded.
    pub(super) fn conv(&self, key: ConvKey) -> &ConvRow {
        &self
            .convs
            .get(&key)
            .expect("named conversations are loaded")
            .row
    }

    /// # Panics
    /// If it was not loaded.
    pub(super) fn conv_mut(&mut self, key: ConvKey) -> &mut ConvRow {
        let conv = self.convs.get_mut(&key);
        let conv = conv.expect("named conversations are loaded");
        conv.is_changed = true;
        &mut conv.row
    }

    pub(super) fn member(&self, conv: ConvKey, user: UserKey) -> Option<&MemberRow> {
        let place = self.members.get(&(conv, user))?;
        (!place.is_gone).then_some(&place.row)
    }

    pub(super) fn member_mut(&mut self, conv: ConvKey, user: UserKey) -> Option<&mut MemberRow> {
        let place = self.members.get_mut(&(conv, user))?;
        if place.is_gone {
            return None;
        }
        place.is_changed = true;
        Some(&mut place.row)
    }

    pub(super) fn add_member(&mut self, row: MemberRow) {
        let key = (row.conv, row.user);
        let is_stored = self.members.get(&key).is_some_and(|old| old.is_stored);
        let place = Place {
            row,
            is_stored,
            is_changed: true,
            is_gone: false,
        };
        self.members.insert(key, place);
    }

    pub(super) fn drop_member(&mut self, conv: ConvKey, user: UserKey) {
        if let Some(place) = self.members.get_mut(&(conv, user)) {
            place.is_gone = true;
        }
    }

    /// The members that are loaded: all, if the conversation is open.
    pub(super) fn members_of(&self, conv: ConvKey) -> impl Iterator<Item = &MemberRow> {
        self.members
            .range((conv, UserKey(i64::MIN))..=(conv, UserKey(i64::MAX)))
            .map(|(_, place)| place)
            .filter(|place| !place.is_gone)
            .map(|place| &place.row)
    }

    pub(super) fn user(&self, key: UserKey) -> Option<&UserRow> {
        self.users.get(&key).map(|user| &user.row)
    }

    /// # Panics
    /// If she was not loaded.
    pub(super) fn user_mut(&mut self, key: UserKey) -> &mut UserRow {
        let user = self.users.get_mut(&key);
        let user = user.expect("users are loaded who may be told something");
        user.is_changed = true;
        &mut user.row
    }

    /// Everything that is to be written, and what devices are to be told.
    pub(super) fn finish(mut self) -> (Changes, Vec<TimelineAppend>) {
        self.entries
            .sort_unstable_by_key(|entry| (entry.owner, entry.seq));
        let appends = self.appends();
        let mut changes = self.changes;
        changes.entries = self.entries;
        changes.convs = self
            .convs
            .into_values()
            .filter(|conv| conv.is_changed)
            .map(|conv| conv.row)
            .collect();
        changes.users = self
            .users
            .into_values()
            .filter(|user| user.is_changed)
            .map(|user| user.row)
            .collect();
        for (key, place) in self.members {
            if place.is_gone && place.is_stored {
                changes.members_gone.push(key);
            } else if place.is_changed && !place.is_gone {
                changes.members.push(place.row);
            }
        }
        for stored in self.messages {
            if stored.is_fresh {
                changes.messages.push(stored.row);
            } else if stored.is_changed {
                changes.updates.push(update(stored.row));
            }
        }
        changes.hidden = self
            .hidden
            .into_iter()
            .filter(|(_, hidden)| *hidden == Hidden::Now)
            .map(|(key, _)| key)
            .collect();
        changes.seen = self
            .seen
            .into_iter()
            .filter(|(_, marker)| marker.is_changed)
            .map(|(key, marker)| (key, marker.row))
            .collect();
        (changes, appends)
    }

    fn appends(&self) -> Vec<TimelineAppend> {
        let mut appends = Vec::new();
        for run in self.entries.chunk_by(|one, next| one.owner == next.owner) {
            let Some(first) = run.first() else { continue };
            let timeline = match first.owner {
                Owner::User(user) => self
                    .users
                    .get(&user)
                    .map(|user| Timeline::User(Arc::clone(&user.row.account))),
                Owner::Crowd(conv) => self.convs.get(&conv).and_then(|conv| {
                    Some(Timeline::Crowd(conv.app?.clone(), conv.row.conv.clone()))
                }),
            };
            appends.push(TimelineAppend {
                timeline: timeline.expect("who was told something is loaded"),
                first: seqline_protocol::Seq::saturating(first.seq),
                items: run.iter().map(|entry| Arc::clone(&entry.item)).collect(),
            });
        }
        appends
    }
}

fn update(row: MessageRow) -> MessageUpdate {
    let message = Arc::unwrap_or_clone(row.message);
    MessageUpdate {
        msg_id: message.msg_id.get(),
        conv: row.conv,
        conv_id: message.conv,
        conv_seq: message.conv_seq.get(),
        body: message.body,
        is_recalled: message.recalled,
        is_replaced: message.replaced,
        edited_us: message.edited_us.map(Micros::get),
    }
}

/// Keys in ascending order, each once.
pub(super) fn ascending<K: Ord>(keys: impl IntoIterator<Item = K>) -> Vec<K> {
    keys.into_iter()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect()
}
