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
                inconsistent, json, stored_conv_state, stored_join_rule, stored_mentions,
                stored_priority, stored_role,
            },
        },
    },
};

/// What every message changes. `active_us` is that of the commit, or stays.
static CONV_HEADS: Bulk = Bulk::new(
    "WITH changed (id, head, active_us, low_count, log_head) AS (VALUES ",
    "(?,?,?,?,?)",
    ") UPDATE conversation SET head = changed.head, active_us = changed.active_us,
         low_count = changed.low_count, log_head = changed.log_head
       FROM changed WHERE conv_id = id",
);

static CONVS: Bulk = Bulk::new(
    "WITH changed (id, state, head, created_us, active_us, members, low_id, low_count, log_head,
         owner_id, title, announcement, join_rule, is_muted, mentions_all) AS (VALUES ",
    "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
    ") UPDATE conversation SET state = changed.state, head = changed.head,
         created_us = changed.created_us, active_us = changed.active_us,
         members = changed.members, low_id = changed.low_id, low_count = changed.low_count,
         log_head = changed.log_head, owner_id = changed.owner_id, title = changed.title,
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
       visible_after, is_cleared, muted_until_us, mentioned, log_after) VALUES ",
    "(?,?,?,?,?,?,?,?,?,?,?,?,?)",
    " ON CONFLICT (conv_id, user_id) DO UPDATE SET role = excluded.role,
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
       digest, kind, body, priority, created_us) VALUES ",
    "(?,?,?,?,?,?,?,?,?,?,?)",
    "",
);

/// Those that have something which few messages have.
static RICH_MESSAGES: Bulk = Bulk::new(
    "INSERT INTO message (msg_id, conv_id, conv_seq, sender_id, sender_seq, client_msg_id,
       digest, kind, body, priority, created_us, expires_us, key, replaces, business, mentions,
       recalled, replaced, edited_us) VALUES ",
    "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
    "",
);

static UPDATES: Bulk = Bulk::new(
    "WITH changed (id, body, recalled, replaced, edited_us) AS (VALUES ",
    "(?,?,?,?,?)",
    ") UPDATE message SET body = changed.body, recalled = changed.recalled,
         replaced = changed.replaced, edited_us = changed.edited_us
       FROM changed WHERE msg_id = id",
);

static REWORDED: Bulk = Bulk::new("INSERT INTO reworded (msg_id) VALUES ", "(?)", "");

static MESSAGE_ENTRIES: Bulk = Bulk::new(
    "INSERT INTO timeline (owner_id, seq, kind, conv_id, conv_seq, about_id, at_us, msg_id)
       VALUES ",
    "(?,?,0,?,?,?,?,?)",
    "",
);

static ENTRIES: Bulk = Bulk::new(
    "INSERT INTO timeline (owner_id, seq, kind, conv_id, conv_seq, about_id, at_us, msg_id,
       read, data) VALUES ",
    "(?,?,?,?,?,?,?,?,?,?)",
    "",
);

static HIDDEN: Bulk = Bulk::new(
    "INSERT INTO hidden (user_id, conv_id, conv_seq) VALUES ",
    "(?,?,?)",
    " ON CONFLICT DO NOTHING",
);

static DEVICES_SEEN: Bulk = Bulk::new(
    "INSERT INTO device (user_id, name, platform, host, app_version, first_us, last_us) VALUES ",
    "(?,?,?,?,?,?,?)",
    " ON CONFLICT (user_id, name) DO UPDATE SET platform = excluded.platform,
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
    "INSERT INTO hook (conv_id, msg_id, recipients) VALUES ",
    "(?,?,?)",
    "",
);

impl SqliteTransaction<'_> {
    pub(super) async fn write_all(
        &mut self,
        changes: &Changes,
        now_us: u64,
    ) -> Result<(), sqlx::Error> {
        self.write_messages(&changes.messages).await?;
        self.write_entries(&changes.entries).await?;
        self.write_convs(&changes.convs).await?;
        self.write_users(&changes.users).await?;
        self.write_members(changes).await?;
        self.write_updates(changes).await?;
        self.write_hidden(changes).await?;
        self.write_devices(changes, now_us).await?;
        self.write_hooks(changes).await
    }

    async fn write_messages(&mut self, rows: &[MessageRow]) -> Result<(), sqlx::Error> {
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
                .count(message.created_us.get());
        };
        let mut written = MESSAGES.execute(self.connection, &plain, bind).await?;
        written += RICH_MESSAGES
            .execute(self.connection, &rich, |params, row| {
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
            })
            .await?;
        expect(written, rows.len())?;
        if let Some(last) = rows.iter().map(|row| row.message.msg_id.get()).max() {
            self.cache.last_msg_id = self.cache.last_msg_id.max(Some(last));
        }
        Ok(())
    }

    async fn write_entries(&mut self, rows: &[EntryRow]) -> Result<(), sqlx::Error> {
        let (messages, others): (Vec<_>, Vec<_>) =
            rows.iter().partition(|row| row.kind == EntryKind::Message);
        let mut written = MESSAGE_ENTRIES
            .execute(self.connection, &messages, |params, row| {
                params
                    .add(stored_owner(row.owner))
                    .count(row.seq)
                    .add(row.conv.0)
                    .count(row.conv_seq)
                    .add(row.about.0)
                    .count(row.at_us)
                    .add(row.msg_id.map(integer));
            })
            .await?;
        written += ENTRIES
            .execute(self.connection, &others, |params, row| {
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
            })
            .await?;
        expect(written, rows.len())
    }

    async fn write_convs(&mut self, rows: &[ConvRow]) -> Result<(), sqlx::Error> {
        let cache = &*self.cache;
        let is_head_only = |row: &&ConvRow| {
            cache.convs.get(&row.key).is_some_and(|old| {
                old.state == row.state
                    && old.created_us == row.created_us
                    && old.members == row.members
                    && old.direct.low == row.direct.low
                    && old.group == row.group
            })
        };
        let (heads, whole): (Vec<_>, Vec<_>) = rows.iter().partition(is_head_only);
        let mut written = CONV_HEADS
            .execute(self.connection, &heads, |params, row| {
                params
                    .add(row.key.0)
                    .count(row.head)
                    .count(row.active_us)
                    .count(row.direct.low_sent)
                    .count(row.log_head);
            })
            .await?;
        written += CONVS
            .execute(self.connection, &whole, |params, row| {
                params
                    .add(row.key.0)
                    .add(stored_conv_state(row.state))
                    .count(row.head)
                    .count(row.created_us)
                    .count(row.active_us)
                    .add(row.members)
                    .add(row.direct.low.map(|user| user.0))
                    .count(row.direct.low_sent)
                    .count(row.log_head)
                    .add(row.group.owner.map(|user| user.0))
                    .add(row.group.title.as_str())
                    .add(row.group.announcement.as_str())
                    .add(stored_join_rule(row.group.join))
                    .add(row.group.is_muted)
                    .count(row.group.mentions_all);
            })
            .await?;
        expect(written, rows.len())?;
        for row in rows {
            self.cache.convs.insert(row.key, row.clone());
        }
        Ok(())
    }

    /// The head is not stored: see the schema.
    async fn write_users(&mut self, rows: &[UserRow]) -> Result<(), sqlx::Error> {
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
        let written = USERS
            .execute(self.connection, &changed, |params, row| {
                params
                    .add(row.key.0)
                    .count(row.delivered)
                    .add(row.is_known)
                    .count(row.last_seen_us)
                    .add(row.shares_presence)
                    .add(row.crowds);
            })
            .await?;
        expect(written, changed.len())?;
        for row in rows {
            self.cache.users.insert(row.key, row.clone());
        }
        Ok(())
    }

    async fn write_members(&mut self, changes: &Changes) -> Result<(), sqlx::Error> {
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
        MEMBERS
            .execute(self.connection, &changes.members, bind)
            .await?;
        for row in &changes.members {
            self.cache.set_member(*row);
        }
        MEMBERS_GONE
            .execute(
                self.connection,
                &changes.members_gone,
                |params, (conv, user)| {
                    params.add(conv.0).add(user.0);
                },
            )
            .await?;
        for (conv, user) in &changes.members_gone {
            self.cache.drop_member(*conv, *user);
        }
        Ok(())
    }

    async fn write_updates(&mut self, changes: &Changes) -> Result<(), sqlx::Error> {
        let written = UPDATES
            .execute(self.connection, &changes.updates, |params, row| {
                params
                    .count(row.msg_id)
                    .add(row.body.as_str())
                    .add(row.is_recalled)
                    .add(row.is_replaced)
                    .add(row.edited_us.map(integer));
            })
            .await?;
        expect(written, changes.updates.len())?;
        REWORDED
            .execute(self.connection, &changes.updates, |params, row| {
                params.count(row.msg_id);
            })
            .await?;
        Ok(())
    }

    async fn write_hidden(&mut self, changes: &Changes) -> Result<(), sqlx::Error> {
        HIDDEN
            .execute(
                self.connection,
                &changes.hidden,
                |params, ((conv, user), conv_seq)| {
                    params.add(user.0).add(conv.0).count(*conv_seq);
                },
            )
            .await?;
        Ok(())
    }

    async fn write_devices(&mut self, changes: &Changes, now_us: u64) -> Result<(), sqlx::Error> {
        DEVICES_SEEN
            .execute(self.connection, &changes.devices_seen, |params, row| {
                params
                    .add(row.user.0)
                    .add(row.device.as_str())
                    .add(row.platform.as_str())
                    .add(row.host.as_str())
                    .add(row.app_version.as_deref())
                    .count(now_us)
                    .count(now_us);
            })
            .await?;
        DEVICES_LEFT
            .execute(
                self.connection,
                &changes.devices_left,
                |params, (user, device)| {
                    params.add(user.0).add(device.as_str()).count(now_us);
                },
            )
            .await?;
        DEVICES_GONE
            .execute(
                self.connection,
                &changes.devices_gone,
                |params, (user, device)| {
                    params.add(user.0).add(device.as_str());
                },
            )
            .await?;
        DEVICES_TRIM
            .execute(self.connection, &changes.devices_seen, |params, row| {
                params.add(row.user.0);
            })
            .await?;
        Ok(())
    }

    async fn write_hooks(&mut self, changes: &Changes) -> Result<(), sqlx::Error> {
        if changes.hooks.is_empty() {
            return Ok(());
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
        HOOKS
            .execute(self.connection, &rows, |params, (conv, msg_id, users)| {
                params.add(conv.0).count(*msg_id).add(users.as_str());
            })
            .await?;
        Ok(())
    }
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

fn expect(written: u64, rows: usize) -> Result<(), sqlx::Error> {
    if written == rows as u64 {
        Ok(())
    } else {
        Err(inconsistent())
    }
}
