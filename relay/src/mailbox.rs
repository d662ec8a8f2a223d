//! The one way into a session from elsewhere: from the writer, from other sessions,
//! from whoever stops the relay. Bounded, and empty most of the time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use seqline_protocol::{KickReason, Seq};
use tokio::sync::Notify;

use crate::{
    frames::{Push, Shared},
    limits::MAILBOX_PUSHES_MAX,
    store::{OpResult, StoreError},
};

/// Something for a session.
#[derive(Debug)]
pub enum Mail {
    /// What became of its oldest unanswered operation.
    Committed(Result<OpResult, StoreError>),
    /// New entries of its user's timeline.
    Push(Arc<Push>),
    /// Entries up to this one were dropped here, because too many waited.
    Missed(Seq),
    /// Something best-effort.
    Ephemeral(Arc<Shared>),
    /// It is to end.
    Kick(KickReason),
    /// The relay will stop soon.
    Goaway {
        /// Reconnect not before, in milliseconds.
        after_ms: u32,
        /// Spread over, in milliseconds.
        window_ms: u32,
    },
    /// The relay stops.
    Drain,
}

/// What waits for one session.
#[derive(Debug, Default)]
pub struct Mailbox {
    content: Mutex<Content>,
    filled: Notify,
}

#[derive(Debug, Default)]
struct Content {
    mail: Vec<Mail>,
    pushes: usize,
    missed: Option<Seq>,
}

impl Mailbox {
    /// What became of an operation. As many wait as the session has submitted.
    pub fn post_result(&self, result: Result<OpResult, StoreError>) {
        self.post(Mail::Committed(result));
    }

    /// New entries; dropped, with a mark, if too many wait.
    pub fn post_push(&self, push: &Arc<Push>) {
        {
            let mut content = self.content();
            if content.missed.is_some() || content.pushes >= MAILBOX_PUSHES_MAX {
                content.missed = content.missed.max(Some(push.last()));
            } else {
                content.pushes += 1;
                content.mail.push(Mail::Push(Arc::clone(push)));
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
            content.mail.push(Mail::Ephemeral(Arc::clone(frame)));
        }
        self.filled.notify_one();
    }

    /// Ends the session.
    pub fn post_kick(&self, reason: KickReason) {
        self.post(Mail::Kick(reason));
    }

    /// Announces the end of the relay.
    pub fn post_goaway(&self, after_ms: u32, window_ms: u32) {
        self.post(Mail::Goaway {
            after_ms,
            window_ms,
        });
    }

    /// Ends the session as soon as nothing is under way.
    pub fn post_drain(&self) {
        self.post(Mail::Drain);
    }

    /// Waits until there is mail. May return although there is none.
    pub async fn filled(&self) {
        self.filled.notified().await;
    }

    /// All mail, in the order in which it came.
    #[must_use]
    pub fn take(&self) -> Vec<Mail> {
        let mut content = self.content();
        let Content {
            mut mail, missed, ..
        } = std::mem::take(&mut *content);
        mail.extend(missed.map(Mail::Missed));
        mail
    }

    fn post(&self, mail: Mail) {
        self.content().mail.push(mail);
        self.filled.notify_one();
    }

    /// The content is whole after every statement, so a panic elsewhere changes nothing.
    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
