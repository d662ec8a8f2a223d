//! The public mailbox of the relay: rows that operators change, seen by some or by all.

use std::collections::BTreeSet;

use seqline_protocol::{
    Broadcast, BroadcastChange, BroadcastId, Kind, Micros, PubSeq, PublicNews, PublicPage,
    PublicPlace, UserId,
};

/// So few that lists take several pages.
const PAGE_CHANGES_MAX: usize = 3;

#[derive(Debug, Default)]
pub struct Mailbox {
    rows: Vec<Row>,
    /// Who sees what is for insiders.
    insiders: BTreeSet<UserId>,
    pub head: PubSeq,
    /// Rows that were recalled up to here are forgotten.
    forgotten: PubSeq,
}

#[derive(Debug)]
struct Row {
    id: BroadcastId,
    version: u32,
    first_pub_seq: PubSeq,
    pub_seq: PubSeq,
    state: State,
    is_for_all: bool,
    was_always_for_all: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Shown,
    Stopped,
    Recalled,
}

/// What a broadcast is to a user.
#[derive(Debug, PartialEq, Eq)]
enum Standing {
    Shown,
    /// Who has it keeps it.
    Kept,
    Gone,
}

impl Mailbox {
    /// An operator, or time, does something. True if that is a change of the mailbox.
    pub fn change(&mut self, rng: &mut fastrand::Rng, users: &[UserId]) -> bool {
        let what = rng.u8(0..10);
        let at = rng.usize(0..self.rows.len().max(1));
        let next = self.head.next();
        match self.rows.get_mut(at) {
            _ if what == 0 => {
                let user = users[rng.usize(0..users.len())].clone();
                if !self.insiders.remove(&user) {
                    self.insiders.insert(user);
                }
                return false;
            }
            _ if what == 1 => {
                self.forget();
                return false;
            }
            Some(row) if what < 6 && row.state == State::Shown => {
                match what {
                    2 => row.state = State::Stopped,
                    3 => row.state = State::Recalled,
                    4 => row.is_for_all = rng.bool(),
                    _ => {}
                }
                row.was_always_for_all &= row.is_for_all;
                row.version += u32::from(row.state == State::Shown);
                row.pub_seq = next;
            }
            Some(row) if what == 6 && row.state == State::Stopped => {
                row.state = State::Recalled;
                row.pub_seq = next;
            }
            _ => {
                let is_for_all = rng.u8(0..3) > 0;
                self.rows.push(Row {
                    id: BroadcastId::saturating(self.head.get() + 1),
                    version: 1,
                    first_pub_seq: next,
                    pub_seq: next,
                    state: State::Shown,
                    is_for_all,
                    was_always_for_all: is_for_all,
                });
            }
        }
        self.head = next;
        true
    }

    fn forget(&mut self) {
        let recalled = self.rows.iter().filter(|row| row.state == State::Recalled);
        self.forgotten = recalled
            .map(|row| row.pub_seq)
            .max()
            .unwrap_or(self.forgotten);
        self.rows.retain(|row| row.state != State::Recalled);
    }

    pub fn view(&self, user: &UserId) -> &'static str {
        if self.insiders.contains(user) {
            "in"
        } else {
            "out"
        }
    }

    pub fn page(&self, user: &UserId, place: &PublicPlace) -> PublicPage {
        let view = self.view(user);
        let given = place.view.as_deref().unwrap_or_default();
        if given == view && place.after >= self.forgotten {
            let (cursor, changes) =
                self.gather(user, place.after, |row| row.first_pub_seq <= place.after);
            let news = (!changes.is_empty()).then_some(PublicNews {
                held: None,
                changes,
            });
            return self.told(cursor, view.to_owned(), news);
        }
        let began_at = given
            .strip_suffix('+')
            .and_then(|given| given.strip_prefix(view)?.parse().ok())
            .map(PubSeq::saturating)
            .filter(|began_at| *began_at >= self.forgotten);
        let (held, after, began_at) = match began_at {
            Some(began_at) => (None, place.after, began_at),
            None => (Some(self.held(user)), PubSeq::ZERO, self.head),
        };
        let (cursor, changes) = self.gather(user, after, |row| row.pub_seq > began_at);
        let view = if cursor == self.head {
            view.to_owned()
        } else {
            format!("{view}{began_at}+")
        };
        self.told(cursor, view, Some(PublicNews { held, changes }))
    }

    fn told(&self, cursor: PubSeq, view: String, news: Option<PublicNews>) -> PublicPage {
        PublicPage {
            cursor,
            head: self.head,
            view,
            news,
        }
    }

    fn held(&self, user: &UserId) -> Vec<BroadcastId> {
        let rows = self.rows.iter();
        rows.filter(|row| self.standing(row, user) != Standing::Gone)
            .map(|row| row.id)
            .collect()
    }

    fn gather(
        &self,
        user: &UserId,
        after: PubSeq,
        is_told_when_gone: impl Fn(&Row) -> bool,
    ) -> (PubSeq, Vec<BroadcastChange>) {
        let mut rows: Vec<_> = self.rows.iter().filter(|row| row.pub_seq > after).collect();
        rows.sort_by_key(|row| row.pub_seq);
        let mut changes = Vec::new();
        let mut cursor = after;
        for row in rows {
            let broadcast = match self.standing(row, user) {
                Standing::Shown => Some(broadcast(row)),
                Standing::Gone if is_told_when_gone(row) => None,
                Standing::Gone | Standing::Kept => continue,
            };
            if changes.len() == PAGE_CHANGES_MAX {
                return (cursor, changes);
            }
            cursor = row.pub_seq;
            changes.push(BroadcastChange {
                pub_seq: row.pub_seq,
                id: row.id,
                broadcast,
            });
        }
        (self.head, changes)
    }

    fn standing(&self, row: &Row, user: &UserId) -> Standing {
        let is_for_user = row.is_for_all || self.insiders.contains(user);
        match row.state {
            State::Shown if is_for_user => Standing::Shown,
            State::Stopped if is_for_user => Standing::Kept,
            _ => Standing::Gone,
        }
    }

    /// Whether nobody who has it may have lost it.
    pub fn is_kept_by_all(&self, id: BroadcastId) -> bool {
        let row = self.rows.iter().find(|row| row.id == id);
        row.is_some_and(|row| row.was_always_for_all && row.state != State::Recalled)
    }

    /// What keeps a device from holding what its user is to see: the id, and the version.
    pub fn difference(
        &self,
        user: &UserId,
        mut version: impl FnMut(BroadcastId) -> Option<u32>,
        held: impl Iterator<Item = BroadcastId>,
    ) -> Option<BroadcastId> {
        let lacks = self.rows.iter().find(|row| {
            self.standing(row, user) == Standing::Shown && version(row.id) != Some(row.version)
        });
        let may_hold = self.held(user);
        lacks
            .map(|row| row.id)
            .or_else(|| held.into_iter().find(|id| !may_hold.contains(id)))
    }
}

fn broadcast(row: &Row) -> Broadcast {
    Broadcast {
        id: row.id,
        version: row.version,
        kind: Kind::text(),
        title: "news".to_owned(),
        body: "for everyone".to_owned(),
        published_us: Micros::saturating(1),
        expires_us: None,
        every_device: false,
    }
}
