//! What a device's app has taken, against what the relay has.

use std::collections::BTreeMap;

use seqline_core::Delivered;
use seqline_protocol::{BroadcastId, ConvId, Item, PublicNews, Seq, UserId, from_cbor};
use serde::Deserialize;

use super::relay::Relay;

/// The app's own storage: as far as the cursors that the client keeps.
#[derive(Debug, Default)]
pub struct App {
    /// In order.
    taken: Vec<Taken>,
    /// Where it stands in the user's own timeline.
    pub own_seq: Seq,
    /// Broadcasts, with their versions. Kept as soon as they are taken.
    held: BTreeMap<BroadcastId, u32>,
}

#[derive(Debug)]
struct Taken {
    crowd: Option<ConvId>,
    seq: Seq,
    message: Option<(ConvId, u64)>,
}

/// Of the client's record of a crowd.
#[derive(Deserialize)]
struct Record {
    cursor: Seq,
}

impl App {
    /// Takes an event, which has to be the next one of its timeline.
    pub fn take(&mut self, event: &Delivered, user: &UserId, relay: &Relay) {
        let (seq, crowd, message) = match event {
            Delivered::Message {
                seq,
                message,
                crowd,
                ..
            } => {
                let place = (message.conv.clone(), message.conv_seq.get());
                (*seq, crowd.then(|| message.conv.clone()), Some(place))
            }
            Delivered::Group { seq, .. } => (*seq, None, None),
            Delivered::Public { news } => return self.take_public(news, relay),
            _ => panic!("{event:?}"),
        };
        match &crowd {
            None => {
                let next = next_for_apps(self.own_seq, user, relay);
                assert_eq!(Some(seq), next, "a hole or a repetition at the app");
                self.own_seq = seq;
            }
            Some(conv) => {
                let last = self.last_of_crowd(conv);
                assert!(last < seq, "{conv}: {seq} after {last}");
            }
        }
        let taken = Taken {
            crowd,
            seq,
            message,
        };
        self.taken.push(taken);
    }

    fn take_public(&mut self, news: &PublicNews, relay: &Relay) {
        let gone = news.changes.iter().filter(|one| one.broadcast.is_none());
        let gone: Vec<_> = gone.map(|one| one.id).collect();
        self.held.retain(|id, _| {
            let is_named = news.held.as_ref().is_none_or(|held| held.contains(id));
            let stays = is_named && !gone.contains(id);
            assert!(stays || !relay.mailbox.is_kept_by_all(*id), "{id} is lost");
            stays
        });
        for broadcast in news.changes.iter().filter_map(|one| one.broadcast.as_ref()) {
            let before = self.held.insert(broadcast.id, broadcast.version);
            assert!(before <= Some(broadcast.version), "back to an old version");
        }
    }

    /// The process ended: what is beyond the cursors was not kept.
    pub fn restart(&mut self, own_cursor: Seq, store: &BTreeMap<String, Vec<u8>>) {
        if store.is_empty() {
            self.held.clear();
        }
        let cursors: BTreeMap<_, _> = store
            .iter()
            .filter_map(|(key, value)| {
                let record: Record = from_cbor(value)?;
                Some((
                    ConvId::new(key.strip_prefix("crowd/")?).ok()?,
                    record.cursor,
                ))
            })
            .collect();
        self.taken.retain(|taken| match &taken.crowd {
            None => taken.seq <= own_cursor,
            Some(conv) => cursors.get(conv).is_some_and(|cursor| taken.seq <= *cursor),
        });
        assert!(own_cursor >= self.own_seq.min(own_cursor));
        self.own_seq = own_cursor;
    }

    /// Whether it has all that its user is to have.
    pub fn is_caught_up(&self, user: &UserId, relay: &Relay) -> bool {
        self.public_difference(user, relay).is_none()
            && next_for_apps(self.own_seq, user, relay).is_none()
            && relay.groups.iter().all(|(conv, group)| {
                group
                    .listed(user)
                    .is_none_or(|crowd| self.last_of_crowd(conv).max(crowd.after) == crowd.head)
            })
    }

    /// Whether each conversation is whole and in order, for as long as the user was in it.
    pub fn check(&self, seed: u64, user: &UserId, relay: &Relay) {
        let what = |conv: &ConvId| format!("seed {seed}, {user}, {conv}");
        for conv in relay.groups.keys() {
            let taken: Vec<_> = self
                .taken
                .iter()
                .filter_map(|taken| taken.message.as_ref())
                .filter(|(of, _)| of == conv)
                .map(|(_, conv_seq)| *conv_seq)
                .collect();
            assert!(
                taken.is_sorted_by(|one, next| one < next),
                "{}: repeated or out of order: {taken:?}",
                what(conv)
            );
        }
        for (conv, group) in &relay.groups {
            let seqs: Vec<_> = self.of_crowd(conv).collect();
            let now = group
                .listed(user)
                .map(|crowd| (crowd.after, crowd.head, true));
            let past = group
                .past
                .iter()
                .filter(|(who, ..)| who == user)
                .map(|(_, after, until)| (*after, *until, false));
            let mut allowed = 0;
            for (after, until, is_member) in past.chain(now) {
                let within: Vec<_> = seqs
                    .iter()
                    .copied()
                    .filter(|seq| (after..=until).contains(seq) && *seq > after)
                    .collect();
                allowed += within.len();
                assert!(
                    within
                        .iter()
                        .zip(after.get() + 1..)
                        .all(|(seq, expected)| seq.get() == expected),
                    "{}: a hole after {after}: {within:?}",
                    what(conv)
                );
                let last = within.last().copied().unwrap_or(after);
                assert!(
                    !is_member || last == until,
                    "{}: {last} of {until}",
                    what(conv)
                );
            }
            assert_eq!(
                allowed,
                seqs.len(),
                "{}: read while not a member",
                what(conv)
            );
        }
    }

    fn public_difference(&self, user: &UserId, relay: &Relay) -> Option<BroadcastId> {
        let version = |id| self.held.get(&id).copied();
        let held = self.held.keys().copied();
        relay.mailbox.difference(user, version, held)
    }

    fn of_crowd(&self, conv: &ConvId) -> impl Iterator<Item = Seq> {
        self.taken
            .iter()
            .filter(move |taken| taken.crowd.as_ref() == Some(conv))
            .map(|taken| taken.seq)
    }

    fn last_of_crowd(&self, conv: &ConvId) -> Seq {
        self.of_crowd(conv).last().unwrap_or_default()
    }
}

/// The next entry of a user's own timeline that is for apps.
fn next_for_apps(after: Seq, user: &UserId, relay: &Relay) -> Option<Seq> {
    relay
        .timelines
        .get(user)?
        .iter()
        .filter(|entry| !matches!(entry.item, Item::Crowd { .. }))
        .map(|entry| entry.seq)
        .find(|seq| *seq > after)
}
