//! The large conversations of a session's user: each has a timeline of its own, and the
//! device a place in each.
//!
//! The relay learns of a device's place in a crowd only by what it pulls: at `welcome`
//! it is taken to be at the head, which it is told there, and pulls what it lacks.
//! Nothing is acknowledged, so the socket alone holds pushes back.

use std::{collections::BTreeMap, sync::Arc};

use seqline_protocol::{
    ConvId, Crowd, Entry, Item, RelayFrame, RequestId, ResetReason, Seq,
    limits::CROWDS_PER_USER_MAX,
};

use super::{
    Effect, Phase, Query, Session,
    feed::{Feed, Reaction},
    reads::{Asked, BYTES_MAX},
};
use crate::{
    account::Account,
    clock::Now,
    frames::Push,
    store::{Page, PageQuery, PageRange, Refusal, Timeline},
};

/// The places in the crowds' timelines. Takes no memory for a user without crowds.
#[derive(Debug, Default)]
pub(super) struct Crowds(BTreeMap<ConvId, Feed>);

impl Crowds {
    pub(super) fn get(&mut self, conv: &ConvId) -> Option<&mut Feed> {
        self.0.get_mut(conv)
    }

    pub(super) fn forget(&mut self, conv: &ConvId) {
        self.0.remove(conv);
    }

    /// The place in a crowd that this session has not heard of yet, because what would
    /// have told it was dropped. None if there are too many: then it is told, not handed.
    pub(super) fn get_or_open(&mut self, conv: &ConvId) -> Option<&mut Feed> {
        if !self.0.contains_key(conv) {
            if self.0.len() >= CROWDS_PER_USER_MAX {
                return None;
            }
            self.0.insert(conv.clone(), Feed::closed());
        }
        self.0.get_mut(conv)
    }

    /// The session opens with these, as they were read. Commits that happened meanwhile
    /// count too. Gives them as the device is to know them.
    pub(super) fn open(&mut self, mut crowds: Vec<Crowd>) -> Vec<Crowd> {
        for crowd in &mut crowds {
            let feed = self
                .0
                .entry(crowd.conv.clone())
                .or_insert_with(Feed::closed);
            feed.raise_head(crowd.head);
            crowd.head = feed.head();
        }
        for feed in self.0.values_mut() {
            feed.open(feed.head());
        }
        crowds
    }
}

impl Session {
    /// Learns from a page of the user's own timeline, which may have what no push has told
    /// yet: without that, a crowd that is still empty would look like a stranger's.
    pub(super) fn learn_crowds_of(&mut self, entries: &[Entry]) {
        for entry in entries {
            if let Item::Crowd {
                conv,
                after: Some(after),
            } = &entry.item
                && self.crowds.get(conv).is_none()
                && let Some(feed) = self.crowds.get_or_open(conv)
            {
                feed.raise_head(*after);
            }
        }
    }

    /// Learns from what was committed to the user's own timeline which crowds she reads.
    pub(super) fn learn_crowds(&mut self, push: &Push) {
        for item in push.items() {
            let Item::Crowd { conv, after } = item else {
                continue;
            };
            self.crowds.forget(conv);
            if let Some(after) = after
                && let Some(feed) = self.crowds.get_or_open(conv)
            {
                feed.raise_head(*after);
                if matches!(self.phase, Phase::Open(_)) {
                    feed.open(*after);
                }
            }
        }
    }

    pub(super) fn handle_crowd_push(&mut self, conv: &ConvId, push: &Push) {
        let is_slow = self.outgoing.is_slow();
        let reaction = self.react(conv, push.last(), |feed| {
            let reaction = feed.committed(push.first(), push.last(), is_slow);
            feed.acked(push.last());
            reaction
        });
        if let Reaction::PushAfter(after) = reaction {
            let frame = push.encoded_after(after, self.encoding);
            self.emit(Effect::Write(frame));
        }
        self.notify(&reaction, Some(conv));
    }

    pub(super) fn handle_crowd_missed(&mut self, conv: &ConvId, head: Seq) {
        let reaction = self.react(conv, head, |feed| feed.missed(head));
        self.notify(&reaction, Some(conv));
    }

    fn react(
        &mut self,
        conv: &ConvId,
        head: Seq,
        react: impl FnOnce(&mut Feed) -> Reaction,
    ) -> Reaction {
        let is_open = matches!(self.phase, Phase::Open(_) | Phase::Draining(_));
        let is_news = is_open && self.crowds.get(conv).is_none();
        let reaction = self.crowds.get_or_open(conv).map(react);
        match reaction {
            Some(reaction) if !is_news => reaction,
            // The device may not know the crowd yet; its own timeline will tell it.
            _ if is_open => Reaction::Notify(head),
            _ => Reaction::Nothing,
        }
    }

    pub(super) fn handle_crowd_pull(
        &mut self,
        now: Now,
        account: Arc<Account>,
        req: RequestId,
        conv: ConvId,
        after: Seq,
        limit: Option<u16>,
    ) {
        let Some(limit) = self.page_limit(req, limit) else {
            return;
        };
        if let Some(feed) = self.crowds.get(&conv) {
            feed.asked(after);
        }
        let query = PageQuery {
            timeline: Timeline::Crowd(account.app.clone(), conv.clone()),
            account,
            range: PageRange::After(after),
            limit,
            bytes_max: BYTES_MAX,
            now: now.wall,
        };
        let asked = Asked::CrowdPull { req, conv, after };
        self.ask(asked, Query::Page(query));
    }

    /// To those who do not belong to it, a crowd's timeline looks empty. A member who
    /// has not heard of the crowd yet is as good as one who has.
    pub(super) fn answer_crowd_pull(
        &mut self,
        req: RequestId,
        conv: &ConvId,
        after: Seq,
        page: Page,
    ) {
        let known = self.crowds.get(conv).map(|feed| feed.head());
        if page.head == Seq::ZERO && known != Some(Seq::ZERO) {
            self.crowds.forget(conv);
            let refusal = Refusal::ConversationUnknown;
            return self.refuse(refusal.code(), &refusal.to_string(), req);
        }
        let known = known.unwrap_or_default().max(page.head);
        if after > known {
            return self.refuse_pull_ahead(req, after, known);
        }
        let is_aged = after < page.floor.previous();
        let last = page.entries.last().map_or(after, |entry| entry.seq);
        let head = match self.crowds.get_or_open(conv) {
            Some(feed) if is_aged => {
                feed.raise_head(page.head);
                let head = feed.head();
                feed.open(head);
                head
            }
            Some(feed) => feed.paged(last, page.head),
            None => page.head,
        };
        if is_aged {
            return self.write_reset(ResetReason::BelowFloor, head, Some(conv.clone()));
        }
        self.write(&RelayFrame::Page {
            req,
            entries: page.entries,
            head,
            public: None,
        });
    }
}
