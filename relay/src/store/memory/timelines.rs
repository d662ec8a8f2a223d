//! Where timelines stand, pages of them, and their ageing.

use seqline_protocol::{Crowd, Entry, Epoch, Item, Micros, Seq};

use super::tables::Tables;
use crate::{
    account::Account,
    limits::AGE_STEP_ROWS,
    store::{
        Page, PageQuery, PageRange, Position, Timeline,
        ledger::{EntryRow, Owner, UserKey},
    },
    weight,
};

/// A timeline, as far as the asker may see it.
struct Shown {
    user: UserKey,
    owner: Owner,
    head: u64,
    floor: u64,
}

impl Tables {
    pub(super) fn position(&self, account: &Account, epoch: Epoch) -> Position {
        let key = self.user_key(account);
        let row = key.and_then(|key| self.users.get(&key));
        let mut crowds: Vec<Crowd> = self
            .members
            .values()
            .filter(|member| Some(member.user) == key)
            .filter_map(|member| {
                let row = self.convs.get(&member.conv)?;
                row.has_log().then(|| Crowd {
                    conv: row.conv.clone(),
                    after: Seq::saturating(member.log_after),
                    floor: Seq::saturating(self.floor(Owner::Crowd(row.key))),
                    head: Seq::saturating(row.log_head),
                })
            })
            .collect();
        crowds.sort_by(|one, other| one.conv.cmp(&other.conv));
        Position {
            epoch,
            head: Seq::saturating(row.map_or(0, |row| row.head)),
            floor: Seq::saturating(key.map_or(1, |key| self.floor(Owner::User(key)))),
            delivered: Seq::saturating(row.map_or(0, |row| row.delivered)),
            crowds,
        }
    }

    pub(super) fn page(&self, query: &PageQuery) -> Page {
        let Some(shown) = self.shown(&query.account, &query.timeline) else {
            return Page {
                entries: Vec::new(),
                head: Seq::ZERO,
                floor: Seq::ZERO.next(),
            };
        };
        Page {
            entries: self.entries(&shown, query),
            head: Seq::saturating(shown.head),
            floor: Seq::saturating(shown.floor),
        }
    }

    /// A user sees her own timeline, and those of her crowds from where she joined.
    fn shown(&self, account: &Account, timeline: &Timeline) -> Option<Shown> {
        let user = self.user_key(account)?;
        match timeline {
            Timeline::User(of) => (**of == *account).then(|| Shown {
                user,
                owner: Owner::User(user),
                head: self.users.get(&user).map_or(0, |row| row.head),
                floor: self.floor(Owner::User(user)),
            }),
            Timeline::Crowd(app, conv) => {
                let row = self.conv(app, conv).filter(|row| row.has_log())?;
                let member = self.members.get(&(row.key, user))?;
                let owner = Owner::Crowd(row.key);
                (*app == account.app).then(|| Shown {
                    user,
                    owner,
                    head: row.log_head,
                    floor: self.floor(owner).max(member.log_after + 1),
                })
            }
        }
    }

    fn entries(&self, shown: &Shown, query: &PageQuery) -> Vec<Entry> {
        let Some(timeline) = self.timelines.get(&shown.owner) else {
            return Vec::new();
        };
        let rows: Vec<&EntryRow> = timeline.range(shown.floor..).map(|(_, row)| row).collect();
        let since = |at: Micros| rows.partition_point(|row| row.at_us < at.get());
        let (mut asked, is_forward): (Vec<&EntryRow>, bool) = match query.range {
            PageRange::After(after) => {
                let after = |row: &&&EntryRow| row.seq > after.get();
                (rows.iter().filter(after).copied().collect(), true)
            }
            PageRange::Before(before) => {
                let before = |row: &&&EntryRow| row.seq < before.get();
                (rows.iter().filter(before).copied().collect(), false)
            }
            PageRange::Since(at) => (rows.iter().skip(since(at)).copied().collect(), true),
            PageRange::Until(at) => (rows.iter().take(since(at)).copied().collect(), false),
        };
        if !is_forward {
            asked.reverse();
        }
        let mut entries: Vec<Entry> = asked
            .into_iter()
            .take(query.limit)
            .map(|row| self.entry(row, shown.user, query.now))
            .collect();
        let fit = weight::fitting(&entries, query.bytes_max, weight::entry_bytes);
        entries.truncate(fit);
        if !is_forward {
            entries.reverse();
        }
        entries
    }

    /// Messages as they read now. An expired one keeps its place, and loses its body; so
    /// does one that the asker deleted, and says so.
    fn entry(&self, row: &EntryRow, user: UserKey, now: Micros) -> Entry {
        let is_hidden = self.hidden.contains(&((row.conv, user), row.conv_seq));
        let message = || {
            let mut message = (**self.message(row.msg_id?)?).clone();
            if message.expires_us.is_some_and(|expires| expires <= now) {
                message.body.clear();
            }
            Some(message)
        };
        let item = match &*row.item {
            Item::Message(stored) | Item::Edit(stored) if is_hidden => Item::Delete {
                conv: stored.conv.clone(),
                conv_seq: stored.conv_seq,
            },
            Item::Message(stored) => Item::Message(message().unwrap_or_else(|| stored.clone())),
            Item::Edit(stored) => Item::Edit(message().unwrap_or_else(|| stored.clone())),
            other => other.clone(),
        };
        Entry {
            seq: Seq::saturating(row.seq),
            item,
        }
    }

    pub(super) fn age(&mut self, before: Micros) -> bool {
        let mut left = AGE_STEP_ROWS;
        for (owner, timeline) in &mut self.timelines {
            while let Some(oldest) = timeline.first_entry()
                && oldest.get().at_us < before.get()
            {
                if left == 0 {
                    return true;
                }
                left -= 1;
                self.floors.insert(*owner, oldest.key() + 1);
                oldest.remove();
            }
        }
        false
    }
}
