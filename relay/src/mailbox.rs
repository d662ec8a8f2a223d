//! The one way into a session from elsewhere: from the writer, from other sessions,
//! from whoever stops the relay. Bounded, and empty most of the time.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use seqline_protocol::{ConvId, KickReason, Seq};
use tokio::sync::Notify;

use crate::{
    broadcasts::wave::WaveNotice,
    frames::{Push, Shared},
    limits::{MAILBOX_NOTICES_MAX, MAILBOX_PUSHES_MAX},
    session::Event,
    store::{OpResult, StoreError},
    traces::TraceParent,
};

/// What waits for one session.
#[derive(Debug, Default)]
pub struct Mailbox {
    key: u64,
    content: Mutex<Content>,
    filled: Notify,
    is_ended: AtomicBool,
}

#[derive(Debug, Default)]
struct Content {
    mail: Vec<Event>,
    pushes: usize,
    notices: usize,
    /// Timelines of which pushes were dropped.
    missed: Vec<Missed>,
    /// The newest one: whoever pulls gets what earlier ones were about too.
    wave: Option<Arc<WaveNotice>>,
}

/// Entries of one timeline that are not at hand.
#[derive(Debug)]
struct Missed {
    conv: Option<ConvId>,
    /// The newest one.
    head: Seq,
    /// Of one of them.
    trace: Option<TraceParent>,
}

impl Mailbox {
    /// The mailbox of the session of this number.
    #[must_use]
    pub fn of_session(key: u64) -> Self {
        Self {
            key,
            ..Self::default()
        }
    }

    /// Tells sessions apart.
    #[must_use]
    pub fn key(&self) -> u64 {
        self.key
    }

    /// What became of an operation. As many wait as the session has submitted.
    pub fn post_result(&self, result: Result<OpResult, StoreError>) {
        self.post(Event::Committed(result));
    }

    /// New entries; dropped, with a mark for their timeline, if too many wait.
    pub fn post_push(&self, push: &Arc<Push>) {
        {
            let mut content = self.content();
            let mut missed = content.missed.iter_mut();
            let mark = missed.find(|missed| missed.conv.as_ref() == push.conv());
            if let Some(missed) = mark {
                missed.grow(push.last(), push.trace());
            } else if content.pushes >= MAILBOX_PUSHES_MAX {
                content.missed.push(Missed {
                    conv: push.conv().cloned(),
                    head: push.last(),
                    trace: push.trace(),
                });
            } else {
                content.pushes += 1;
                content.mail.push(Event::Push(Arc::clone(push)));
            }
        }
        self.filled.notify_one();
    }

    /// New entries that are not at hand: another relay has committed them, or they were dropped.
    pub fn post_missed(&self, conv: Option<&ConvId>, head: Seq, trace: Option<TraceParent>) {
        {
            let missed = &mut self.content().missed;
            match missed.iter_mut().find(|one| one.conv.as_ref() == conv) {
                Some(one) => one.grow(head, trace),
                None => missed.push(Missed {
                    conv: conv.cloned(),
                    head,
                    trace,
                }),
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

    /// Something that the session asked to be told of, best effort; dropped if too many wait.
    pub fn post_notice(&self, frame: &Arc<Shared>) {
        {
            let mut content = self.content();
            if content.notices >= MAILBOX_NOTICES_MAX {
                return;
            }
            content.notices += 1;
            content.mail.push(Event::Notice(Arc::clone(frame)));
        }
        self.filled.notify_one();
    }

    /// A wave has reached this session. One that still waits gives way to it.
    pub fn post_wave(&self, notice: &Arc<WaveNotice>) {
        self.content().wave = Some(Arc::clone(notice));
        self.filled.notify_one();
    }

    /// Ends the session. What it has not committed by now never will be.
    pub fn post_kick(&self, reason: KickReason) {
        self.is_ended.store(true, Ordering::Release);
        self.post(Event::Kick(reason));
    }

    /// Whether the session was ended from elsewhere, even if it has not noticed yet.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.is_ended.load(Ordering::Acquire)
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
            mut mail,
            missed,
            wave,
            ..
        } = std::mem::take(&mut *content);
        let marks = missed.into_iter();
        mail.extend(marks.map(|one| Event::Missed {
            conv: one.conv,
            head: one.head,
            trace: one.trace,
        }));
        mail.extend(wave.map(Event::Wave));
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

impl Missed {
    fn grow(&mut self, head: Seq, trace: Option<TraceParent>) {
        self.head = head.max(self.head);
        self.trace = trace.or(self.trace);
    }
}

#[cfg(test)]
mod tests {
    use seqline_protocol::{AppId, ConvId, ConvSeq, Entry, Item, Kind, RelayFrame, UserId};

    use super::*;
    use crate::{account::Account, store::Timeline};

    fn push(seq: u64) -> Arc<Push> {
        let user = UserId::new("alice").unwrap();
        let app = AppId::new("app").unwrap();
        push_of(seq, &Timeline::User(Arc::new(Account { app, user })))
    }

    fn push_of(seq: u64, timeline: &Timeline) -> Arc<Push> {
        let entry = Entry {
            seq: Seq::new(seq).unwrap(),
            item: Item::Read {
                conv: ConvId::new("dm:alice:bob").unwrap(),
                conv_seq: ConvSeq::ZERO,
            },
        };
        Arc::new(Push::new(vec![entry], timeline).unwrap())
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
        assert!(
            matches!(mail.last(), Some(Event::Missed { conv: None, head, .. }) if head.get() == count)
        );
        assert!(mailbox.take().is_empty());
        mailbox.post_push(&push(count + 1));
        assert!(
            matches!(mailbox.take()[..], [Event::Push(_)]),
            "there is room again"
        );
    }

    #[test]
    fn each_timeline_has_its_own_mark() {
        let mailbox = Mailbox::default();
        let crowd = |name: &str| {
            let conv = ConvId::new(name).unwrap();
            Timeline::Crowd(AppId::new("app").unwrap(), conv)
        };
        for seq in 1..=MAILBOX_PUSHES_MAX as u64 {
            mailbox.post_push(&push(seq));
        }
        mailbox.post_push(&push_of(5, &crowd("group:a")));
        mailbox.post_push(&push_of(8, &crowd("group:b")));
        mailbox.post_push(&push_of(6, &crowd("group:a")));
        let mail = mailbox.take();
        let marks: Vec<_> = mail
            .iter()
            .filter_map(|event| match event {
                Event::Missed { conv, head, .. } => Some((conv.as_ref()?.as_str(), head.get())),
                _ => None,
            })
            .collect();
        assert_eq!(marks, [("group:a", 6), ("group:b", 8)]);
        assert_eq!(mail.len(), MAILBOX_PUSHES_MAX + 2);
    }

    #[test]
    fn notices_beyond_the_bound_are_dropped() {
        let mailbox = Mailbox::default();
        for _ in 0..MAILBOX_NOTICES_MAX + 3 {
            mailbox.post_notice(&ephemeral());
        }
        assert_eq!(mailbox.take().len(), MAILBOX_NOTICES_MAX);
        mailbox.post_notice(&ephemeral());
        assert_eq!(mailbox.take().len(), 1, "there is room again");
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
