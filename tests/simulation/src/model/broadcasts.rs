//! The public mailbox: what operators did, and what devices hold of it.

use std::collections::{BTreeMap, BTreeSet};

use seqline_protocol::{BroadcastId, PubSeq, PublicNews, UserId};
use seqline_relay::store::{BroadcastRow, BroadcastState};

use super::{Checked, Promise, ensure};

/// What operators did.
#[derive(Debug, Default)]
pub struct PublicTruth {
    rows: BTreeMap<BroadcastId, BroadcastRow>,
    /// All texts that each ever had.
    bodies: BTreeMap<BroadcastId, Vec<String>>,
    /// Those that were tried out on fewer users than before. A device that asks just then whether
    /// one is new, and whose user is not in any more, is answered that it is not
    /// (`broadcasts.seen`: ids of what a user cannot see are passed over).
    narrowed: BTreeSet<BroadcastId>,
    /// Who is on the allow-list.
    listed: BTreeSet<UserId>,
    /// Who ever came onto it, or left it.
    relisted: BTreeSet<UserId>,
    /// Which device of a user had it as new.
    new: BTreeMap<(UserId, BroadcastId), usize>,
}

/// What one device holds: by id, version and text.
pub type Held = BTreeMap<BroadcastId, (u32, String)>;

impl PublicTruth {
    /// An operator's command took effect.
    pub fn command(&mut self, row: &BroadcastRow) {
        let bodies = self.bodies.entry(row.id).or_default();
        bodies.push(row.content.body.clone());
        let before = self.rows.insert(row.id, row.clone());
        let is_narrower = before.is_some_and(|before| {
            before.state == BroadcastState::Staged
                && row.state == BroadcastState::Staged
                && row.staging.percent < before.staging.percent
        });
        if is_narrower {
            self.narrowed.insert(row.id);
        }
    }

    /// The allow-list was changed.
    pub fn listed(&mut self, users: BTreeSet<UserId>) {
        let moved = self.listed.symmetric_difference(&users);
        self.relisted.extend(moved.cloned());
        self.listed = users;
    }

    /// Those that there are, newest first.
    pub fn rows(&self) -> impl Iterator<Item = &BroadcastRow> {
        self.rows.values().rev()
    }

    /// A device takes news.
    ///
    /// # Errors
    /// They are not so.
    pub fn take(&self, held: &mut Held, news: &PublicNews, user: &UserId) -> Checked {
        let gone = news.changes.iter().filter(|one| one.broadcast.is_none());
        let gone: Vec<_> = gone.map(|one| one.id).collect();
        let listed = news.held.as_ref();
        let stays = |id: &BroadcastId| {
            listed.is_none_or(|listed| listed.contains(id)) && !gone.contains(id)
        };
        held.retain(|id, _| stays(id));
        for broadcast in news.changes.iter().filter_map(|one| one.broadcast.as_ref()) {
            let known = self.bodies.get(&broadcast.id);
            let is_known = known.is_some_and(|bodies| bodies.contains(&broadcast.body));
            ensure(is_known, Promise::PublicMailbox, || {
                format!("{user} is shown {broadcast:?}, which nobody wrote")
            })?;
            let is_draft = self
                .rows
                .get(&broadcast.id)
                .is_some_and(|row| row.state == BroadcastState::Draft);
            ensure(!is_draft, Promise::PublicMailbox, || {
                format!("{user} is shown {}, which is a draft", broadcast.id)
            })?;
            let now = (broadcast.version, broadcast.body.clone());
            let before = held.insert(broadcast.id, now);
            let is_forward = before.is_none_or(|(version, _)| version <= broadcast.version);
            ensure(is_forward, Promise::PublicMailbox, || {
                format!("broadcast {} goes back to an older version", broadcast.id)
            })?;
        }
        Ok(())
    }

    /// A device was told that it shows a broadcast as new.
    ///
    /// # Errors
    /// Another one of the user was told so as well.
    pub fn shown_as_new(&mut self, user: &UserId, id: BroadcastId, device: usize) -> Checked {
        let first = *self.new.entry((user.clone(), id)).or_insert(device);
        ensure(first == device, Promise::PublicMailbox, || {
            format!("broadcast {id} is new to {user} on device {first}, and on {device}")
        })
    }

    /// A device keeps a place in the public mailbox. Its app has what is before that.
    ///
    /// # Errors
    /// It lacks something.
    pub fn check_place(&self, place: PubSeq, held: &Held, user: &UserId) -> Checked {
        let passed = self
            .rows
            .values()
            .filter(|row| row.pub_seq.is_some_and(|at| at <= place));
        // Whom the list let in since then finds out by the view.
        let mut passed = passed.filter(|row| self.is_for_all(row));
        let lacking = passed.find(|row| {
            let body = held.get(&row.id).map(|(_, body)| body);
            body != Some(&row.content.body)
        });
        ensure(lacking.is_none(), Promise::CursorTrailsTheApp, || {
            let id = lacking.map(|row| row.id);
            format!(
                "the place of {user} is {place}, past broadcast {id:?}, and the app holds {held:?}"
            )
        })
    }

    /// What a device holds that it should not, or lacks.
    #[must_use]
    pub fn difference(&self, held: &Held, user: &UserId) -> Option<String> {
        for (id, row) in &self.rows {
            let holds = held.get(id);
            let is_gone = row.is_deleted
                || !self.admits(row, user)
                || matches!(row.state, BroadcastState::Draft | BroadcastState::Recalled);
            let is_due = is_shown(row) && self.admits(row, user);
            let text = row.content.body.as_str();
            let is_newest = |(_, body): &(u32, String)| body == text;
            let differs = match holds {
                Some(_) if is_gone => true,
                // A device that did not look between a change of the text and the stop keeps what
                // it has.
                Some(_) if row.state == BroadcastState::Stopped => false,
                Some(version) => !is_newest(version),
                None => is_due,
            };
            if differs {
                return Some(format!(
                    "{user} holds {holds:?} of broadcast {id}, which is {:?}: {text}",
                    row.state
                ));
            }
            if is_due
                && !row.every_device
                && !self.narrowed.contains(id)
                && (!row.audience.allow_list_only || !self.relisted.contains(user))
                && !self.new.contains_key(&(user.clone(), *id))
            {
                return Some(format!("broadcast {id} was new to {user} on no device"));
            }
        }
        None
    }

    fn is_for_all(&self, row: &BroadcastRow) -> bool {
        is_shown(row) && !row.audience.allow_list_only
    }

    fn admits(&self, row: &BroadcastRow, user: &UserId) -> bool {
        !row.audience.allow_list_only || self.listed.contains(user)
    }
}

fn is_shown(row: &BroadcastRow) -> bool {
    row.state == BroadcastState::Published && !row.is_deleted
}
