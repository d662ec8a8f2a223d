//! What one device's app was given, against what was committed.

use std::collections::BTreeMap;

use seqline_core::Delivered;
use seqline_protocol::{ConvId, Item, Message, ResetReason, UserId};

use super::{Checked, Log, LogKey, Promise, Truth, Violation, ensure};

/// How far an app is: what it keeps is as far as the cursors that the client keeps.
#[derive(Debug, Clone, Default)]
pub struct AppView {
    /// Up to here of the user's own timeline.
    own: u64,
    /// Up to here of crowds' timelines.
    crowds: BTreeMap<ConvId, At>,
}

/// How far an app is in a crowd's timeline.
#[derive(Debug, Clone, Copy)]
struct At {
    seq: u64,
    /// Or less far: it goes on from where the conversation was when the relay said that the
    /// user's own timeline starts over.
    is_at_most: bool,
}

impl At {
    fn exactly(seq: u64) -> Self {
        Self {
            seq,
            is_at_most: false,
        }
    }
}

/// What may be a reason to start over.
#[derive(Debug, Clone, Copy, Default)]
pub struct Excuses {
    /// The numbering changed since the device was last connected.
    pub epoch_changed: bool,
    /// The cursor that the device last told the relay when it connected. What the app has taken
    /// since, the relay did not know.
    pub cursor_told: u64,
}

impl AppView {
    /// Takes an event, which has to be the next one.
    ///
    /// # Errors
    /// It is another one, or it says something else than what was committed.
    pub fn take(
        &mut self,
        event: &Delivered,
        user: &UserId,
        truth: &Truth,
        excuses: Excuses,
    ) -> Checked {
        if let Delivered::Reset { reason, head, conv } = event {
            return self.reset(*reason, head.get(), conv.as_ref(), (user, truth), excuses);
        }
        let Some(mut place) = place_of(event) else {
            return Ok(());
        };
        if let Delivered::Delete { conv, .. } = event
            && !self.is_own_delete(event, place.seq, user, truth)
        {
            // A message of a crowd that its reader has deleted: it comes in its place there.
            place.crowd = Some(conv);
        }
        match place.crowd {
            None => self.take_own(place.seq, user, truth)?,
            Some(conv) => self.take_of_crowd(conv, place.seq, user, truth)?,
        }
        let key = match place.crowd {
            None => LogKey::User(user.clone()),
            Some(conv) => LogKey::Crowd(conv.clone()),
        };
        let item = truth.log(&key).get(place.seq);
        let says = item.is_some_and(|item| agrees(event, item, user, truth));
        ensure(says, Promise::NoHoles, || {
            format!(
                "{key} has {item:?} at {}, and {event:?} was shown",
                place.seq
            )
        })
    }

    fn is_own_delete(&self, event: &Delivered, seq: u64, user: &UserId, truth: &Truth) -> bool {
        let log = truth.log(&LogKey::User(user.clone()));
        let item = log.get(seq);
        let is_due = log.next_for_apps(self.own) == Some(seq) || self.own == 0;
        is_due && item.is_some_and(|item| agrees(event, item, user, truth))
    }

    fn take_own(&mut self, seq: u64, user: &UserId, truth: &Truth) -> Checked {
        let log = truth.log(&LogKey::User(user.clone()));
        // A new device starts with the oldest entry that is kept.
        let is_start = self.own == 0 && seq <= log.floor();
        if !is_start {
            let next = log.next_for_apps(self.own);
            check_next(next, seq, self.own, || format!("{user}'s own timeline"))?;
        }
        self.own = seq;
        Ok(())
    }

    fn take_of_crowd(&mut self, conv: &ConvId, seq: u64, user: &UserId, truth: &Truth) -> Checked {
        let log = truth.log(&LogKey::Crowd(conv.clone()));
        let Some(reading) = truth.reading(user, conv) else {
            let text = format!("{user} was shown {seq} of {conv}, and never belonged to it");
            return Err(Violation::of(Promise::RightPeople, text));
        };
        let last = self.crowds.get(conv).copied();
        if !fits(seq, last, &reading.after, log) {
            let last = last.map_or(0, |last| last.seq);
            let next = log.next_for_apps(last);
            check_next(next, seq, last, || format!("{conv} for {user}"))?;
        }
        self.crowds.insert(conv.clone(), At::exactly(seq));
        Ok(())
    }

    fn reset(
        &mut self,
        reason: ResetReason,
        head: u64,
        conv: Option<&ConvId>,
        (user, truth): (&UserId, &Truth),
        excuses: Excuses,
    ) -> Checked {
        let key = match conv {
            None => LogKey::User(user.clone()),
            Some(conv) => LogKey::Crowd(conv.clone()),
        };
        let at = match conv {
            None => self.own.min(excuses.cursor_told),
            Some(conv) => self.crowds.get(conv).map_or(0, |at| at.seq),
        };
        let starts = conv.and_then(|conv| truth.reading(user, conv));
        // Joined again. What answers a pull from before she left may come when the device has gone
        // on after that by itself (docs/protocol.md, "Large conversations", 6): `reset` names no
        // request.
        let is_anew = starts.is_some_and(|reading| reading.after.len() > 1) && head >= at;
        let log = truth.log(&key);
        let is_right = match reason {
            ResetReason::BelowFloor if conv.is_some() => {
                // What was on its way while the relay looked may have been taken since.
                is_anew || log.floor() > 1 && head >= at
            }
            ResetReason::BelowFloor => at + 1 < log.floor(),
            ResetReason::EpochChanged => excuses.epoch_changed,
            ResetReason::AheadOfHead => false,
        };
        ensure(is_right, Promise::NeverASilentGap, || {
            format!(
                "{key} was reset at {at} for {reason:?}, and its oldest entry is {}",
                log.floor()
            )
        })?;
        ensure(head <= log.head(), Promise::NeverASilentGap, || {
            format!("{key} goes on at {head}, and ends at {}", log.head())
        })?;
        match conv {
            None => {
                self.own = head;
                // Large conversations go on where they are as well.
                for (conv, head) in truth.crowds_ever_of(user) {
                    let at = At {
                        seq: head,
                        is_at_most: true,
                    };
                    self.crowds.insert(conv.clone(), at);
                }
            }
            Some(conv) => {
                self.crowds.insert(conv.clone(), At::exactly(head));
            }
        }
        Ok(())
    }

    /// Whether a cursor is right: everything before it that is for apps was taken.
    ///
    /// # Errors
    /// It is ahead.
    pub fn check_cursor(
        &self,
        cursor: u64,
        conv: Option<&ConvId>,
        user: &UserId,
        truth: &Truth,
    ) -> Checked {
        let key = match conv {
            None => LogKey::User(user.clone()),
            Some(conv) => LogKey::Crowd(conv.clone()),
        };
        let log = truth.log(&key);
        let last = conv.and_then(|conv| self.crowds.get(conv));
        let at = match conv {
            None => self.own,
            Some(_) => last.map_or(0, |last| last.seq),
        };
        let starts = conv.and_then(|conv| truth.reading(user, conv));
        let is_start = starts.is_some_and(|reading| reading.after.contains(&cursor))
            || at == 0 && cursor < log.floor();
        let skipped = log.next_for_apps(at);
        let is_right = is_start || cursor <= at || skipped.is_none_or(|next| next > cursor);
        ensure(is_right, Promise::CursorTrailsTheApp, || {
            format!("the cursor of {key} is {cursor}, and the app took it up to {at}")
        })
    }

    /// The process ended: the app starts again with what it has up to the cursors.
    pub fn restart(&mut self, own: u64, crowds: BTreeMap<ConvId, u64>) {
        self.own = own;
        let crowds = crowds.into_iter();
        self.crowds = crowds.map(|(conv, seq)| (conv, At::exactly(seq))).collect();
    }

    /// What it still lacks of what its user is to see.
    #[must_use]
    pub fn lacks(&self, user: &UserId, truth: &Truth) -> Option<String> {
        let log = truth.log(&LogKey::User(user.clone()));
        let at = if self.own == 0 {
            log.floor().saturating_sub(1)
        } else {
            self.own
        };
        if let Some(next) = log.next_for_apps(at) {
            return Some(format!("{next} of {} of {user}'s own timeline", log.head()));
        }
        let mut crowds = truth.crowds_of(user);
        crowds.find_map(|(conv, reading)| {
            let log = truth.log(&LogKey::Crowd(conv.clone()));
            let start = reading.after.last().copied().unwrap_or(0);
            let at = self
                .crowds
                .get(conv)
                .map_or(log.floor().saturating_sub(1), |at| at.seq);
            let at = at.max(start);
            let next = log.next_for_apps(at)?;
            Some(format!("{next} of {} of {conv} for {user}", log.head()))
        })
    }
}

/// Whether an entry of a crowd is one that an app may be given next: the one after the last,
/// or the first one after the user joined (anew), or the oldest one that is kept.
fn fits(seq: u64, last: Option<At>, starts: &[u64], log: &Log) -> bool {
    let is_next = |base: u64| log.next_for_apps(base) == Some(seq);
    let after_last =
        last.is_some_and(|last| is_next(last.seq) || last.is_at_most && seq <= last.seq);
    let mut later = starts
        .iter()
        .filter(|start| last.is_none_or(|last| **start > last.seq));
    let is_oldest = last.is_none() && seq <= log.floor() && starts.iter().any(|start| *start < seq);
    after_last || is_oldest || later.any(|start| is_next(*start))
}

fn check_next(next: Option<u64>, seq: u64, at: u64, what: impl Fn() -> String) -> Checked {
    let promise = if seq <= at {
        Promise::Once
    } else {
        Promise::NoHoles
    };
    ensure(next == Some(seq), promise, || {
        format!(
            "{}: {seq} was shown after {at}, and {next:?} was due",
            what()
        )
    })
}

struct Place<'e> {
    seq: u64,
    crowd: Option<&'e ConvId>,
}

fn place_of(event: &Delivered) -> Option<Place<'_>> {
    let (seq, conv, crowd) = match event {
        Delivered::Message {
            seq,
            message,
            crowd,
            ..
        }
        | Delivered::Edit {
            seq,
            message,
            crowd,
            ..
        } => (seq, Some(&message.conv), *crowd),
        Delivered::Recall {
            seq, conv, crowd, ..
        } => (seq, Some(conv), *crowd),
        Delivered::Group { seq, change, crowd } => (seq, Some(&change.conv), *crowd),
        Delivered::Receipt { seq, .. }
        | Delivered::Read { seq, .. }
        | Delivered::Delete { seq, .. }
        | Delivered::Seen { seq, .. } => (seq, None, false),
        Delivered::Public { .. } | Delivered::Reset { .. } => return None,
    };
    Some(Place {
        seq: seq.get(),
        crowd: conv.filter(|_| crowd),
    })
}

/// Whether an event tells what the timeline has there. A message reads as it did at some time
/// since; one that its user deleted has its place.
fn agrees(event: &Delivered, item: &Item, user: &UserId, truth: &Truth) -> bool {
    match (event, item) {
        (Delivered::Message { message, own, .. }, Item::Message(stored))
        | (Delivered::Edit { message, own, .. }, Item::Edit(stored)) => {
            *own == (stored.sender == *user) && is_version(message, stored, truth)
        }
        (Delivered::Delete { conv, conv_seq, .. }, Item::Message(stored) | Item::Edit(stored)) => {
            *conv == stored.conv && *conv_seq == stored.conv_seq
        }
        (Delivered::Receipt { receipt, .. }, Item::Receipt(stored)) => receipt == stored,
        (
            Delivered::Read { conv, conv_seq, .. },
            Item::Read {
                conv: of,
                conv_seq: at,
            },
        )
        | (
            Delivered::Delete { conv, conv_seq, .. },
            Item::Delete {
                conv: of,
                conv_seq: at,
            },
        ) => conv == of && conv_seq == at,
        (
            Delivered::Recall { conv, conv_seq, .. },
            Item::Recall {
                conv: of,
                conv_seq: at,
                ..
            },
        ) => conv == of && conv_seq == at,
        (Delivered::Group { change, .. }, Item::Group(stored)) => change == stored,
        (
            Delivered::Seen {
                broadcast, opened, ..
            },
            Item::Seen {
                broadcast: of,
                opened: was,
            },
        ) => broadcast == of && opened == was,
        _ => false,
    }
}

fn is_version(message: &Message, stored: &Message, truth: &Truth) -> bool {
    let said = truth
        .conversation(&stored.conv)
        .and_then(|one| one.said(stored.conv_seq.get()));
    message.msg_id == stored.msg_id
        && message.conv == stored.conv
        && message.conv_seq == stored.conv_seq
        && message.sender == stored.sender
        && message.client_msg_id == stored.client_msg_id
        && said.is_some_and(|said| said.bodies.contains(&message.body))
}
