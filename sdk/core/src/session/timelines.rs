//! The user's own timeline, those of large conversations, and the public mailbox: from the
//! relay's word to the app and the cursors.

use seqline_protocol::{
    ClientFrame, ConvId, Entry, Epoch, Item, MessageHead, PubSeq, PublicPage, RequestId,
    ResetReason, Seq, Welcome,
};

use super::{Session, next_request};
use crate::{
    delivery::{CrowdItem, Progress},
    event::{Event, Sent},
    inbox::{Page, Room},
    output::Output,
    public::Answer,
    store::Position,
};

/// The app's progress is told to the relay after this pause, so that a burst is told once.
const ACK_DELAY_MS: u64 = 50;

impl Session {
    pub(super) fn adopt_position(&mut self, welcome: &Welcome) {
        self.identity.get_or_insert_with(|| Position {
            app: welcome.app.clone(),
            user: welcome.user.clone(),
            epoch: welcome.epoch,
            cursor: welcome.cursor,
            public: self.public.place().clone(),
        });
        if let Some(reason) = welcome.reset {
            self.reset(reason, welcome.cursor, welcome.epoch);
            self.crowds.replace(&welcome.crowds);
        } else if self.delivery.epoch().is_none() {
            self.delivery.start(welcome.epoch, welcome.cursor);
            self.inbox.reset(welcome.cursor);
            let start = self.config.start;
            self.crowds
                .adopt(&welcome.crowds, start, welcome.head, &mut self.store);
            self.crowds.release(welcome.cursor);
            self.keep_position();
            self.store.hurry();
        }
        let live = welcome.cursor == welcome.head;
        self.inbox.welcomed(welcome.head, live);
        self.crowds.welcomed(&welcome.crowds);
    }

    fn reset(&mut self, reason: ResetReason, head: Seq, epoch: Epoch) {
        self.stats.resets += 1;
        // The old numbering's cursor means nothing in the new one.
        self.ack_at_ms = None;
        self.inbox.reset(head);
        self.delivery.reset(reason, head, epoch);
    }

    pub(super) fn reset_crowd(&mut self, conv: ConvId, reason: ResetReason, head: Seq) {
        if let Some(inbox) = self.crowds.inbox(&conv) {
            self.stats.resets += 1;
            inbox.reset(head);
            self.delivery.reset_crowd(conv, reason, head);
        }
    }

    pub(super) fn pushed(&mut self, conv: Option<&ConvId>, entries: Vec<Entry>, now_ms: u64) {
        let room = self.room(conv.is_some());
        let inbox = match conv {
            None => Some(&mut self.inbox),
            Some(conv) => self.crowds.inbox(conv),
        };
        if let Some(inbox) = inbox {
            let accepted = inbox.pushed(entries, room, &mut self.stats);
            self.accept(conv, accepted, now_ms);
        }
    }

    pub(super) fn notified(&mut self, conv: Option<&ConvId>, head: Seq, pub_head: PubSeq) {
        self.public.notified(pub_head);
        match conv {
            None => self.inbox.notified(head),
            Some(conv) => {
                if let Some(inbox) = self.crowds.inbox(conv) {
                    inbox.notified(head);
                }
            }
        }
    }

    pub(super) fn paged(&mut self, page: Page, public: Option<PublicPage>, now_ms: u64) {
        let of_crowd = !self.inbox.awaits(page.req);
        let room = self.room(of_crowd);
        let (conv, inbox) = if of_crowd {
            match self.crowds.awaiting(page.req) {
                Some((conv, inbox)) => (Some(conv), inbox),
                None => return,
            }
        } else {
            (None, &mut self.inbox)
        };
        let accepted = inbox.paged(page, room, now_ms, &mut self.stats);
        self.accept(conv.as_ref(), accepted, now_ms);
        if !of_crowd {
            match self.public.answered(public, now_ms) {
                Answer::Nothing => {}
                Answer::Moved => self.keep_position(),
                Answer::News(news, place) => self.delivery.add_public(news, place),
            }
        }
    }

    /// True if the request was a pull.
    pub(super) fn pull_refused(&mut self, req: RequestId, now_ms: u64) -> bool {
        let inbox = if self.inbox.awaits(req) {
            Some(&mut self.inbox)
        } else {
            self.crowds.awaiting(req).map(|(_, inbox)| inbox)
        };
        inbox.map(|inbox| inbox.pause(now_ms)).is_some()
    }

    fn room(&self, of_crowd: bool) -> Room {
        if of_crowd {
            Room::left(self.delivery.room_of_crowds(), self.crowds.early())
        } else {
            Room::left(self.delivery.room(), self.inbox.early())
        }
    }

    fn accept(&mut self, conv: Option<&ConvId>, entries: Vec<Entry>, now_ms: u64) {
        for entry in &entries {
            match &entry.item {
                // Our own message in a timeline of ours is as good as its `sent`, which may
                // have been lost with the connection.
                Item::Message(message) => {
                    if let Some(head) = MessageHead::of(message)
                        && self.is_own(&head.sender)
                    {
                        let sent = Sent {
                            msg_id: head.msg_id,
                            conv: head.conv,
                            conv_seq: head.conv_seq,
                            created_us: head.created_us,
                        };
                        self.sent(&head.client_msg_id, sent, now_ms);
                    }
                }
                Item::Receipt(receipt) => {
                    for (id, sent, status) in self.receipts.apply(receipt) {
                        self.tell_status(id, status, None, Some(sent), None);
                    }
                }
                _ => {}
            }
        }
        self.delivery.add_entries(conv, entries);
    }

    pub(super) fn write_pulls(&mut self, now_ms: u64) {
        let page_max = usize::from(self.limits.page_entries_max);
        let room = self.delivery.room().min(page_max);
        let last_req = &mut self.last_req;
        let new_request: &mut dyn FnMut() -> RequestId = &mut || next_request(last_req);
        self.public.poll(now_ms);
        let look = self.public.is_due();
        let mut pulls: Vec<_> = self
            .inbox
            .next_pull(room, look, now_ms, new_request)
            .into_iter()
            .collect();
        if let Some(ClientFrame::Pull { public, .. }) = pulls.first_mut() {
            *public = self.public.ask(&mut self.rng, now_ms);
        }
        let room = self.delivery.room_of_crowds();
        while let Some(pull) = self.crowds.next_pull(room, page_max, now_ms, new_request) {
            pulls.push(pull);
        }
        for pull in &pulls {
            self.write(pull);
        }
    }

    /// Acts on the entries that are not for the app, once it has taken all before them.
    pub(super) fn follow_crowd_items(&mut self, now_ms: u64) {
        while let Some(CrowdItem { conv, after }) = self.delivery.next_crowd_item() {
            match after {
                Some(after) => self.crowds.joined(&conv, after, &mut self.store),
                None => self.crowds.left(&conv, &mut self.store),
            }
            self.own_cursor_moved(now_ms);
        }
    }

    pub(super) fn progressed(&mut self, progress: Progress, now_ms: u64) {
        if let Some(place) = progress.public {
            self.public.taken(place);
            self.keep_position();
        }
        if progress.own {
            self.own_cursor_moved(now_ms);
        }
        if progress.reset {
            self.crowds.keep_all(&mut self.store);
        }
        for (conv, seq) in progress.crowds {
            self.crowds.taken(&conv, seq, &mut self.store);
        }
    }

    fn own_cursor_moved(&mut self, now_ms: u64) {
        self.keep_position();
        self.crowds.release(self.delivery.cursor());
        self.ack_at_ms.get_or_insert(now_ms + ACK_DELAY_MS);
    }

    fn keep_position(&mut self) {
        if let (Some(identity), Some(epoch)) = (&mut self.identity, self.delivery.epoch()) {
            identity.epoch = epoch;
            identity.cursor = self.delivery.cursor();
            identity.public.clone_from(self.public.place());
            self.store.put_position(identity);
        }
    }

    pub(super) fn deliver(&mut self, now_ms: u64) {
        let user = self.identity.as_ref().map(|identity| &identity.user);
        self.outputs.extend(self.delivery.next_batch(user, now_ms));
        if self.syncing
            && self.inbox.is_caught_up()
            && self.crowds.is_caught_up()
            && !self.public.is_due()
            && self.delivery.waiting() == 0
        {
            self.syncing = false;
            let cursor = self.delivery.cursor();
            self.outputs
                .push_back(Output::Emit(Event::Synced { cursor }));
        }
    }
}
