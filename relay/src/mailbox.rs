//! The one way into a session from elsewhere: from the writer, from other sessions,
//! from whoever stops the relay. Bounded, and empty most of the time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use seqline_protocol::{KickReason, Seq};
use tokio::sync::Notify;

use crate::{
    frames::{Push, Shared},
    limits::MAILBOX_PUSHES_MAX,
    session::Event,
    store::{OpResult, StoreError},
};

/// What waits for one session.
#[derive(Debug, Default)]
pub struct Mailbox {
    content: Mutex<Content>,
    filled: Notify,
}

#[derive(Debug, Default)]
struct Content {
    mail: Vec<Event>,
    pushes: usize,
    missed: Option<Seq>,
}

impl Mailbox {
    /// What became of an operation. As many wait as the session has submitted.
    pub fn post_result(&self, result: Result<OpResult, StoreError>) {
        self.post(Event::Committed(result));
    }

    /// New entries; dropped, with a mark, if too many wait.
    pub fn post_push(&self, push: &Arc<Push>) {
        {
            let mut content = self.content();
            if content.missed.is_some() || content.pushes >= MAILBOX_PUSHES_MAX {
                content.missed = content.missed.max(Some(push.last()));
            } else {
                content.pushes += 1;
                content.mail.push(Event::Push(Arc::clone(push)));
            }
        }
        self.filled.notify_one();
    }

    /// Something best-effort; dropped if anything waits.
    pub fn post_ephemeral(&self, frame: &Arc<Shared>) {
        {
            let mut content = self.content();
            if !content.mail.is_empty() {
                return;
            }
            content.mail.push(Event::Ephemeral(Arc::clone(frame)));
        }
        self.filled.notify_one();
    }

    /// Ends the session.
    pub fn post_kick(&self, reason: KickReason) {
        self.post(Event::Kick(reason));
    }

    /// Announces the end of the relay.
    pub fn post_goaway(&self, after_ms: u32, window_ms: u32) {
        self.post(Event::Goaway {
            after_ms,
            window_ms,
        });
    }

    /// Ends the session as soon as nothing is under way.
    pub fn post_drain(&self) {
        self.post(Event::Drain);
    }

    /// Waits until there is mail. May return although there is none.
    pub async fn filled(&self) {
        self.filled.notified().await;
    }

    /// All mail, in the order in which it came.
    #[must_use]
    pub fn take(&self) -> Vec<Event> {
        let mut content = self.content();
        let Content {
            mut mail, missed, ..
        } = std::mem::take(&mut *content);
        mail.extend(missed.map(Event::Missed));
        mail
    }

    fn post(&self, mail: Event) {
        self.content().mail.push(mail);
        self.filled.notify_one();
    }

    /// The content is whole after every statement, so a panic elsewhere changes nothing.
    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use seqline_protocol::{AppId, ConvId, ConvSeq, Entry, Item, Kind, RelayFrame, UserId};

    use super::*;
    use crate::{account::Account, store::Timeline};

    fn push(seq: u64) -> Arc<Push> {
        let entry = Entry {
            seq: Seq::new(seq).unwrap(),
            item: Item::Read {
                conv: ConvId::new("dm:alice:bob").unwrap(),
                conv_seq: ConvSeq::ZERO,
            },
        };
        let timeline = Timeline::User(Arc::new(Account {
            app: AppId::new("app").unwrap(),
            user: UserId::new("alice").unwrap(),
        }));
        Arc::new(Push::new(vec![entry], &timeline).unwrap())
    }

    fn ephemeral() -> Arc<Shared> {
        Arc::new(Shared::new(RelayFrame::Ephemeral {
            conv: ConvId::new("dm:alice:bob").unwrap(),
            sender: UserId::new("bob").unwrap(),
            kind: Kind::text(),
            body: String::new(),
        }))
    }

    #[test]
    fn pushes_beyond_the_bound_are_dropped_with_the_newest_as_a_mark() {
        let mailbox = Mailbox::default();
        let count = MAILBOX_PUSHES_MAX as u64 + 5;
        for seq in 1..=count {
            mailbox.post_push(&push(seq));
        }
        let mail = mailbox.take();
        assert_eq!(mail.len(), MAILBOX_PUSHES_MAX + 1);
        assert!(matches!(mail.last(), Some(Event::Missed(seq)) if seq.get() == count));
        assert!(mailbox.take().is_empty());
        mailbox.post_push(&push(count + 1));
        assert!(
            matches!(mailbox.take()[..], [Event::Push(_)]),
            "there is room again"
        );
    }

    #[test]
    fn an_ephemeral_does_not_wait_behind_anything() {
        let mailbox = Mailbox::default();
        mailbox.post_ephemeral(&ephemeral());
        mailbox.post_ephemeral(&ephemeral());
        assert!(matches!(mailbox.take()[..], [Event::Ephemeral(_)]));
        mailbox.post_push(&push(1));
        mailbox.post_ephemeral(&ephemeral());
        assert!(matches!(mailbox.take()[..], [Event::Push(_)]));
    }

    #[tokio::test]
    async fn mail_that_came_before_anyone_waited_is_noticed() {
        let mailbox = Mailbox::default();
        mailbox.post_kick(KickReason::Replaced);
        mailbox.filled().await;
        assert!(matches!(mailbox.take()[..], [Event::Kick(_)]));
    }
}
