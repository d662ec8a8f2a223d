//! What a session reads: pages, history, conversations. One read at a time; others wait.

use std::{collections::VecDeque, sync::Arc};

use seqline_protocol::{
    ConvId, ConvSeq, Entry, ErrorCode, PublicPlace, RelayFrame, RequestId, ResetReason, Seq,
    limits::{FRAME_BYTES_MAX, PAGE_ENTRIES_DEFAULT, PAGE_ENTRIES_MAX},
};

use super::{Answer, Effect, Query, Session};
use crate::{
    account::Account,
    clock::Now,
    frames::{last_received, page},
    limits::{FRAME_HEADROOM_BYTES, READS_WAITING_MAX},
    store::{
        Actor, ConvPage, Conversations, ConversationsQuery, HistoryPage, HistoryQuery,
        HistoryRange, Page, PageQuery, PageRange, Refusal, StoreError, Timeline,
    },
    weight,
};

pub(super) const BYTES_MAX: usize = FRAME_BYTES_MAX - FRAME_HEADROOM_BYTES;

#[derive(Default)]
pub(super) struct Reads {
    under_way: Option<Asked>,
    waiting: VecDeque<(Asked, Query)>,
}

/// What an answer needs of its question.
pub(super) enum Asked {
    /// What is known of the user, before her pull is answered.
    Attributes(Pull),
    Pull(Pull),
    CrowdPull {
        req: RequestId,
        conv: ConvId,
        after: Seq,
    },
    History {
        req: RequestId,
        account: Arc<Account>,
        conv: ConvId,
    },
    Conversations {
        req: RequestId,
    },
}

/// What a device asks for of its user's own timeline, and of the public mailbox.
pub(super) struct Pull {
    req: RequestId,
    account: Arc<Account>,
    after: Seq,
    limit: usize,
    public: Option<PublicPlace>,
}

impl Asked {
    fn req(&self) -> RequestId {
        match self {
            Self::Attributes(pull) | Self::Pull(pull) => pull.req,
            Self::CrowdPull { req, .. }
            | Self::History { req, .. }
            | Self::Conversations { req } => *req,
        }
    }
}

impl Reads {
    pub(super) fn has_room(&self) -> bool {
        self.waiting.len() < READS_WAITING_MAX
    }

    pub(super) fn is_empty(&self) -> bool {
        self.under_way.is_none()
    }

    pub(super) fn shrink(&mut self) {
        self.waiting.shrink_to_fit();
    }
}

impl Session {
    pub(super) fn handle_pull(
        &mut self,
        now: Now,
        account: Arc<Account>,
        req: RequestId,
        (after, public): (Seq, Option<PublicPlace>),
        limit: Option<u16>,
    ) {
        let Some(limit) = self.page_limit(req, limit) else {
            return;
        };
        self.has(after);
        let pull = Pull {
            req,
            account,
            after,
            limit,
            public,
        };
        let is_personal = |viewer| self.rules.public.wants_lookup(viewer, now.wall);
        if pull.public.is_some() && self.viewer.as_deref().is_some_and(is_personal) {
            let account = Arc::clone(&pull.account);
            self.ask(Asked::Attributes(pull), Query::Attributes(account));
        } else {
            self.pull(now, pull);
        }
    }

    /// What the device asks to go on after it has: of an earlier connection, if not of this one.
    /// Whose messages those were is not known here, so they count as others'.
    fn has(&mut self, after: Seq) {
        if self.feed.has(after) {
            self.delivery.handed(Some(after));
        }
    }

    /// From memory, if there is nothing to read.
    fn pull(&mut self, now: Now, pull: Pull) {
        if !self.rules.is_shared && self.feed.is_current(pull.after) {
            self.emit(Effect::CountPull);
            let head = self.feed.head();
            return self.write_page(now, &pull, Vec::new(), head);
        }
        let query = PageQuery {
            timeline: Timeline::User(Arc::clone(&pull.account)),
            account: Arc::clone(&pull.account),
            range: PageRange::After(pull.after),
            limit: pull.limit,
            bytes_max: BYTES_MAX,
            now: now.wall,
        };
        self.ask(Asked::Pull(pull), Query::Page(query));
    }

    pub(super) fn handle_history(
        &mut self,
        now: Now,
        account: Arc<Account>,
        req: RequestId,
        conv: ConvId,
        (before, after): (Option<ConvSeq>, Option<ConvSeq>),
        limit: Option<u16>,
    ) {
        let Some(limit) = self.page_limit(req, limit) else {
            return;
        };
        let asked = Asked::History {
            req,
            account: Arc::clone(&account),
            conv: conv.clone(),
        };
        let range = match (before, after) {
            (None, None) => HistoryRange::Newest,
            (Some(before), after) => HistoryRange::Before(before, after),
            (None, Some(after)) => HistoryRange::After(after),
        };
        let query = HistoryQuery {
            actor: Actor::User(account),
            conv,
            range,
            limit,
            bytes_max: BYTES_MAX,
            now: now.wall,
        };
        self.ask(asked, Query::History(query));
    }

    pub(super) fn handle_conversations(
        &mut self,
        now: Now,
        account: Arc<Account>,
        req: RequestId,
        page: Option<&str>,
        limit: Option<u16>,
    ) {
        let Some(limit) = self.page_limit(req, limit) else {
            return;
        };
        let after = page.map(ConvPage::parse);
        if after == Some(None) {
            let text = "conversations: `page` is not the `next` of a page";
            return self.refuse(ErrorCode::FieldInvalid, text, req);
        }
        let query = ConversationsQuery {
            account,
            after: after.flatten(),
            limit,
            bytes_max: BYTES_MAX,
            now: now.wall,
        };
        self.ask(Asked::Conversations { req }, Query::Conversations(query));
    }

    pub(super) fn handle_answer(&mut self, now: Now, answer: Result<Answer, StoreError>) {
        let Some(asked) = self.reads.under_way.take() else {
            return;
        };
        match (asked, answer) {
            (asked, Err(error)) => self.refuse_storage(&error, asked.req()),
            (Asked::Attributes(pull), Ok(Answer::Attributes)) => self.pull(now, pull),
            (Asked::Pull(pull), Ok(Answer::Page(page))) => self.answer_pull(now, &pull, page),
            (Asked::CrowdPull { req, conv, after }, Ok(Answer::Page(page))) => {
                self.answer_crowd_pull(req, &conv, after, page);
            }
            (Asked::History { req, account, conv }, Ok(Answer::History(page))) => {
                self.answer_history(req, &account, conv, page);
            }
            (
                Asked::Conversations { req },
                Ok(Answer::Conversations(Conversations { rows, next })),
            ) => {
                self.write(&RelayFrame::Conversations {
                    req,
                    conversations: rows,
                    next: next.map(|next| next.to_string()),
                });
            }
            _ => {}
        }
        if let Some((asked, query)) = self.reads.waiting.pop_front() {
            self.ask(asked, query);
        }
    }

    fn answer_pull(&mut self, now: Now, pull: &Pull, page: Page) {
        let after = pull.after;
        self.feed.raise_head(page.head);
        if after < page.floor.previous() {
            return self.reset(ResetReason::BelowFloor);
        }
        if after > self.feed.head() {
            return self.refuse_pull_ahead(pull.req, after, self.feed.head());
        }
        self.has(after);
        let last = page.entries.last().map_or(after, |entry| entry.seq);
        self.delivery
            .handed(last_received(&page.entries, &pull.account.user));
        self.learn_crowds_of(&page.entries);
        let head = self.feed.paged(last, page.head);
        self.write_page(now, pull, page.entries, head);
    }

    /// The public mailbox gets the room that the entries leave.
    fn write_page(&mut self, now: Now, pull: &Pull, entries: Vec<Entry>, head: Seq) {
        let asked = pull.public.as_ref().zip(self.viewer.as_deref());
        let public = asked.map(|(place, viewer)| {
            let entries_bytes: usize = entries.iter().map(weight::entry_bytes).sum();
            let left = BYTES_MAX.saturating_sub(entries_bytes);
            self.rules.public.page(viewer, place, left, now.wall)
        });
        if let Some(public) = &public {
            self.handed_public(public.cursor);
        }
        let frame = page(self.encoding, pull.req, entries, head, public.as_ref());
        self.emit(Effect::Write(frame));
    }

    pub(super) fn refuse_pull_ahead(&mut self, req: RequestId, after: Seq, head: Seq) {
        let text = format!("pull: `after` is {after}, beyond the newest entry, {head}");
        self.refuse(ErrorCode::FieldInvalid, &text, req);
    }

    /// Someone who takes part in a conversation in which nothing was said sees an empty one.
    fn answer_history(
        &mut self,
        req: RequestId,
        account: &Account,
        conv: ConvId,
        page: Option<HistoryPage>,
    ) {
        let Some(page) = page.or_else(|| account.takes_part_in(&conv).then(HistoryPage::default))
        else {
            let refusal = Refusal::ConversationUnknown;
            return self.refuse(refusal.code(), &refusal.to_string(), req);
        };
        self.write(&RelayFrame::History {
            req,
            conv,
            messages: page.messages,
            more: page.more,
        });
    }

    /// The number of entries to answer with; refuses none at all.
    pub(super) fn page_limit(&mut self, req: RequestId, limit: Option<u16>) -> Option<usize> {
        let limit = limit.map_or(PAGE_ENTRIES_DEFAULT, usize::from);
        if limit == 0 {
            self.refuse(ErrorCode::FieldInvalid, "`limit` is at least 1", req);
            return None;
        }
        Some(limit.min(PAGE_ENTRIES_MAX))
    }

    pub(super) fn ask(&mut self, asked: Asked, query: Query) {
        if self.reads.under_way.is_some() {
            self.reads.waiting.push_back((asked, query));
        } else {
            self.reads.under_way = Some(asked);
            self.emit(Effect::Read(query));
        }
    }
}
