//! Writes rows, and keeps what is remembered of them in step.

use std::collections::BTreeMap;

use seqline_protocol::Label;

use super::SqliteTransaction;
use crate::{
    limits::DEVICES_PER_USER_MAX,
    store::{
        ledger::{
            Changes, ConvKey, ConvRow, EntryKind, EntryRow, MemberRow, MessageRow, Owner, UserRow,
        },
        rows::integer,
        sqlite::{
            bulk::{Bulk, Params},
            rows::{
                json, stored_conv_state, stored_join_rule, stored_mentions, stored_priority,
                stored_role,
            },
        },
    },
};

/// What a message to a crowd changes.
static LOG_HEADS: Bulk = Bulk::new(
    "WITH changed (id, log_head) AS (VALUES ",
    "(?,?)",
    ") UPDATE conversation SET log_head = changed.log_head FROM changed WHERE conv_id = id",
);

static CONVS: Bulk = Bulk::new(
    "WITH changed (id, state, created_us, members, low_id, log_head, owner_id, title,
         announcement, join_rule, is_muted, mentions_all) AS (VALUES ",
    "(?,?,?,?,?,?,?,?,?,?,?,?)",
    ") UPDATE conversation SET state = changed.state, created_us = changed.created_us,
         members = changed.members, low_id = changed.low_id, log_head = changed.log_head,
         owner_id = changed.owner_id, title = changed.title,
         announcement = changed.announcement, join_rule = changed.join_rule,
         is_muted = changed.is_muted, mentions_all = changed.mentions_all
       FROM changed WHERE conv_id = id",
);

static USERS: Bulk = Bulk::new(
    "WITH changed (id, delivered, is_known, last_seen_us, shares_presence, crowds) AS (VALUES ",
    "(?,?,?,?,?,?)",
    ") UPDATE user SET delivered = changed.delivered, is_known = changed.is_known,
         last_seen_us = changed.last_seen_us, shares_presence = changed.shares_presence,
         crowds = changed.crowds
       FROM changed WHERE user_id = id",
);

static MEMBERS: Bulk = Bulk::new(
    "INSERT INTO member (conv_id, user_id, role, joined_us, read, own_read, delivered, sent,
       visible_after, is_cleared, muted_until_us, mentioned, log_after) SELECT * FROM (VALUES ",
    "(?,?,?,?,?,?,?,?,?,?,?,?,?)",
    ") WHERE column1 IS NOT NULL ON CONFLICT (conv_id, user_id) DO UPDATE SET role = excluded.role,
        joined_us = excluded.joined_us, read = excluded.read, own_read = excluded.own_read,
        delivered = excluded.delivered, sent = excluded.sent,
        visible_after = excluded.visible_after, is_cleared = excluded.is_cleared,
        muted_until_us = excluded.muted_until_us, mentioned = excluded.mentioned,
        log_after = excluded.log_after",
);

static MEMBERS_GONE: Bulk = Bulk::new(
    "DELETE FROM member WHERE (conv_id, user_id) IN (VALUES ",
    "(?,?)",
    ")",
);

static MESSAGES: Bulk = Bulk::new(
    "INSERT INTO message (msg_id, conv_id, conv_seq, sender_id, sender_seq, client_msg_id,
       digest, kind, body, priority, created_us, low_count) SELECT * FROM (VALUES ",
    "(?,?,?,?,?,?,?,?,?,?,?,?)",
    ") WHERE column1 IS NOT NULL",
);

/// Those that have something which few messages have.
static RICH_MESSAGES: Bulk = Bulk::new(
    "INSERT INTO message (msg_id, conv_id, conv_seq, sender_id, sender_seq, client_msg_id,
       digest, kind, body, priority, created_us, low_count, expires_us, key, replaces,
       business, mentions, recalled, replaced, edited_us) SELECT * FROM (VALUES ",
    "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
    ") WHERE column1 IS NOT NULL",
);

static UPDATES: Bulk = Bulk::new(
    "WITH changed (id, body, recalled, replaced, edited_us) AS (VALUES ",
    "(?,?,?,?,?)",
    ") UPDATE message SET body = changed.body, recalled = changed.recalled,
         replaced = changed.replaced, edited_us = changed.edited_us
       FROM changed WHERE msg_id = id",
);

static REWORDED: Bulk = Bulk::new(
    "INSERT INTO reworded (msg_id) SELECT * FROM (VALUES ",
    "(?)",
    ") WHERE column1 IS NOT NULL",
);

static MESSAGE_ENTRIES: Bulk = Bulk::new(
    "INSERT INTO timeline (owner_id, seq, kind, conv_id, conv_seq, about_id, at_us, msg_id)
       SELECT * FROM (VALUES ",
    "(?,?,0,?,?,?,?,?)",
    ") WHERE column1 IS NOT NULL",
);

static ENTRIES: Bulk = Bulk::new(
    "INSERT INTO timeline (owner_id, seq, kind, conv_id, conv_seq, about_id, at_us, msg_id,
       read, data) SELECT * FROM (VALUES ",
    "(?,?,?,?,?,?,?,?,?,?)",
    ") WHERE column1 IS NOT NULL",
);

static HIDDEN: Bulk = Bulk::new(
    "INSERT INTO hidden (user_id, conv_id, conv_seq) SELECT * FROM (VALUES ",
    "(?,?,?)",
    ") WHERE column1 IS NOT NULL ON CONFLICT DO NOTHING",
);

static DEVICES_SEEN: Bulk = Bulk::new(
    "INSERT INTO device (user_id, name, platform, host, app_version, first_us, last_us) SELECT * FROM (VALUES ",
    "(?,?,?,?,?,?,?)",
    ") WHERE column1 IS NOT NULL ON CONFLICT (user_id, name) DO UPDATE SET platform = excluded.platform,
        host = excluded.host, app_version = excluded.app_version, last_us = excluded.last_us",
);

static DEVICES_LEFT: Bulk = Bulk::new(
    "WITH gone (user_id, name, last_us) AS (VALUES ",
    "(?,?,?)",
    ") UPDATE device SET last_us = gone.last_us FROM gone
       WHERE device.user_id = gone.user_id AND device.name = gone.name",
);

static DEVICES_GONE: Bulk = Bulk::new(
    "DELETE FROM device WHERE (user_id, name) IN (VALUES ",
    "(?,?)",
    ")",
);

static DEVICES_TRIM: Bulk = Bulk::new(
    "DELETE FROM device WHERE (user_id, name) IN (
       WITH seen (user_id) AS (VALUES ",
    "(?)",
    ") SELECT user_id, name FROM (
         SELECT user_id, name,
           row_number() OVER (PARTITION BY user_id ORDER BY last_us DESC, name) AS place
         FROM seen CROSS JOIN device USING (user_id))
       WHERE place > 100)",
);
const _: () = assert!(DEVICES_PER_USER_MAX == 100, "DEVICES_TRIM says so");

static HOOKS: Bulk = Bulk::new(
    "INSERT INTO hook (conv_id, msg_id, recipients) SELECT * FROM (VALUES ",
    "(?,?,?)",
    ") WHERE column1 IS NOT NULL",
);

impl SqliteTransaction<'_> {
    pub(super) fn write_all(&mut self, changes: &Changes, now_us: u64) {
        self.write_messages(&changes.messages);
        self.write_entries(&changes.entries);
        self.write_convs(&changes.convs);
        self.write_users(&changes.users);
        self.write_members(changes);
        self.write_updates(changes);
        self.write_hidden(changes);
        self.write_seen(&changes.seen);
        self.write_devices(changes, now_us);
        self.write_hooks(changes);
    }

    fn write_messages(&mut self, rows: &[MessageRow]) {
        let (plain, rich): (Vec<_>, Vec<_>) = rows.iter().partition(|row| is_plain(row));
        let bind = |params: &mut Params, row: &&MessageRow| {
            let message = &row.message;
            params
                .count(message.msg_id.get())
                .add(row.conv.0)
                .count(message.conv_seq.get())
                .add(row.sender.0)
                .count(row.sender_seq)
                .add(message.client_msg_id.as_str())
                .add(row.digest)
                .add(message.kind.as_str())
                .add(message.body.as_str())
                .add(stored_priority(message.priority))
                .count(message.created_us.get())
                .count(row.low_sent.unwrap_or_default());
        };

        self.script.push(&MESSAGES, &plain, bind);

        self.script.push(&RICH_MESSAGES, &rich, |params, row| {
            bind(params, row);
            let message = &row.message;
            params
                .add(message.expires_us.map(|at| integer(at.get())))
                .add(message.key.as_ref().map(Label::as_str))
                .add(message.replaces.map(|at| integer(at.get())))
                .add(message.business.as_ref().map(Label::as_str))
                .add(stored_mentions(&message.mentions))
                .add(message.recalled)
                .add(message.replaced)
                .add(message.edited_us.map(|at| integer(at.get())));
        });
        if let Some(last) = rows.iter().map(|row| row.message.msg_id.get()).max() {
            self.cache.last_msg_id = self.cache.last_msg_id.max(Some(last));
        }
    }

    fn write_entries(&mut self, rows: &[EntryRow]) {
        let (messages, others): (Vec<_>, Vec<_>) =
            rows.iter().partition(|row| row.kind == EntryKind::Message);

        self.script
            .push(&MESSAGE_ENTRIES, &messages, |params, row| {
                params
                    .add(stored_owner(row.owner))
                    .count(row.seq)
                    .add(row.conv.0)
                    .count(row.conv_seq)
                    .add(row.about.0)
                    .count(row.at_us)
                    .add(row.msg_id.map(integer));
            });

        self.script.push(&ENTRIES, &others, |params, row| {
            params
                .add(stored_owner(row.owner))
                .count(row.seq)
                .add(row.kind as i64)
                .add(row.conv.0)
                .count(row.conv_seq)
                .add(row.about.0)
                .count(row.at_us)
                .add(row.msg_id.map(integer))
                .add(row.read.map(integer))
                .add(row.data.as_deref());
        });
    }

    /// What messages change of it, they tell themselves: see the schema.
    fn write_convs(&mut self, rows: &[ConvRow]) {
        let (mut logs, mut whole) = (Vec::new(), Vec::new());
        for row in rows {
            let old = self.cache.convs.get(&row.key);
            if old.is_none_or(|old| is_other(old, row)) {
                whole.push(row);
            } else if old.is_some_and(|old| old.log_head != row.log_head) {
                logs.push(row);
            }
        }

        self.script.push(&LOG_HEADS, &logs, |params, row| {
            params.add(row.key.0).count(row.log_head);
        });

        self.script.push(&CONVS, &whole, |params, row| {
            params
                .add(row.key.0)
                .add(stored_conv_state(row.state))
                .count(row.created_us)
                .add(row.members)
                .add(row.direct.low.map(|user| user.0))
                .count(row.log_head)
                .add(row.group.owner.map(|user| user.0))
                .add(row.group.title.as_str())
                .add(row.group.announcement.as_str())
                .add(stored_join_rule(row.group.join))
                .add(row.group.is_muted)
                .count(row.group.mentions_all);
        });
        for row in rows {
            self.cache.convs.insert(row.key, row.clone());
        }
    }

    /// The head is not stored: see the schema.
    fn write_users(&mut self, rows: &[UserRow]) {
        let cache = &*self.cache;
        let changed: Vec<_> = rows
            .iter()
            .filter(|row| {
                cache.users.get(&row.key).is_none_or(|old| {
                    old.delivered != row.delivered
                        || old.is_known != row.is_known
                        || old.last_seen_us != row.last_seen_us
                        || old.shares_presence != row.shares_presence
                        || old.crowds != row.crowds
                })
            })
            .collect();

        self.script.push(&USERS, &changed, |params, row| {
            params
                .add(row.key.0)
                .count(row.delivered)
                .add(row.is_known)
                .count(row.last_seen_us)
                .add(row.shares_presence)
                .add(row.crowds);
        });
        for row in rows {
            self.cache.users.insert(row.key, row.clone());
        }
    }

    fn write_members(&mut self, changes: &Changes) {
        let bind = |params: &mut Params, row: &MemberRow| {
            params
                .add(row.conv.0)
                .add(row.user.0)
                .add(stored_role(row.role))
                .count(row.joined_us)
                .count(row.read)
                .count(row.own_read)
                .count(row.delivered)
                .count(row.sent)
                .count(row.visible_after)
                .add(row.is_cleared)
                .count(row.muted_until_us)
                .count(row.mentioned)
                .count(row.log_after);
        };
        self.script.push(&MEMBERS, &changes.members, bind);
        for row in &changes.members {
            self.cache.set_member(*row);
        }
        self.script.push_any(
            &MEMBERS_GONE,
            &changes.members_gone,
            |params, (conv, user)| {
                params.add(conv.0).add(user.0);
            },
        );
        for (conv, user) in &changes.members_gone {
            self.cache.drop_member(*conv, *user);
        }
    }

    fn write_updates(&mut self, changes: &Changes) {
        self.script.push(&UPDATES, &changes.updates, |params, row| {
            params
                .count(row.msg_id)
                .add(row.body.as_str())
                .add(row.is_recalled)
                .add(row.is_replaced)
                .add(row.edited_us.map(integer));
        });
        self.script
            .push(&REWORDED, &changes.updates, |params, row| {
                params.count(row.msg_id);
            });
    }

    fn write_hidden(&mut self, changes: &Changes) {
        self.script.push_any(
            &HIDDEN,
            &changes.hidden,
            |params, ((conv, user), conv_seq)| {
                params.add(user.0).add(conv.0).count(*conv_seq);
            },
        );
    }

    fn write_devices(&mut self, changes: &Changes, now_us: u64) {
        self.script.push_any(
            &DEVICES_GONE,
            &changes.devices_gone,
            |params, (user, device)| {
                params.add(user.0).add(device.as_str());
            },
        );
        self.script
            .push(&DEVICES_SEEN, &changes.devices_seen, |params, row| {
                params
                    .add(row.user.0)
                    .add(row.device.as_str())
                    .add(row.platform.as_str())
                    .add(row.host.as_str())
                    .add(row.app_version.as_deref())
                    .count(now_us)
                    .count(now_us);
            });
        self.script.push_any(
            &DEVICES_LEFT,
            &changes.devices_left,
            |params, (user, device, _)| {
                params.add(user.0).add(device.as_str()).count(now_us);
            },
        );
        self.script
            .push_any(&DEVICES_TRIM, &changes.devices_seen, |params, row| {
                params.add(row.user.0);
            });
    }

    fn write_hooks(&mut self, changes: &Changes) {
        if changes.hooks.is_empty() {
            return;
        }
        let mut recipients: BTreeMap<u64, Vec<i64>> = BTreeMap::new();
        for entry in &changes.entries {
            if let (EntryKind::Message, Some(msg_id), Owner::User(user)) =
                (entry.kind, entry.msg_id, entry.owner)
                && user != entry.about
            {
                recipients.entry(msg_id).or_default().push(user.0);
            }
        }
        let rows: Vec<(ConvKey, u64, String)> = changes
            .hooks
            .iter()
            .map(|(msg_id, conv)| {
                let users = recipients.remove(msg_id).unwrap_or_default();
                (*conv, *msg_id, json(&users))
            })
            .collect();
        self.script
            .push(&HOOKS, &rows, |params, (conv, msg_id, users)| {
                params.add(conv.0).count(*msg_id).add(users.as_str());
            });
    }
}

/// Whether more of it changed than messages change.
fn is_other(old: &ConvRow, new: &ConvRow) -> bool {
    old.state != new.state
        || old.created_us != new.created_us
        || old.members != new.members
        || old.direct.low != new.direct.low
        || old.group != new.group
}

/// Whether it has nothing that few messages have.
fn is_plain(row: &MessageRow) -> bool {
    let message = &row.message;
    message.expires_us.is_none()
        && message.key.is_none()
        && message.replaces.is_none()
        && message.business.is_none()
        && message.mentions.is_empty()
        && !message.recalled
        && !message.replaced
        && message.edited_us.is_none()
}

/// How the owner of a timeline is stored.
fn stored_owner(owner: Owner) -> i64 {
    match owner {
        Owner::User(user) => user.0,
        Owner::Crowd(conv) => -conv.0,
    }
}
