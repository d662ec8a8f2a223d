//! Which large conversations are read, and from where.
//!
//! Each has a timeline of its own, and this device a cursor in it. A `crowd` item of the
//! user's own timeline starts the reading, or ends it; a new device, and one whose own
//! timeline cannot be continued, takes the list of `welcome` instead.
//!
//! Where one was left, the cursor is kept: items that come late, as on a device that was
//! away while its user left and joined again, never take it back.

use seqline_protocol::{
    ClientFrame, ConvId, Crowd as Listed, RequestId, Seq, Start,
    limits::{CROWD_PULLS_MAX, CROWDS_PER_USER_MAX},
};

use crate::{
    inbox::Inbox,
    store::{CrowdRecord, StoreWriter},
};

/// The large conversations of a device's user.
#[derive(Debug, Default)]
pub(crate) struct Crowds {
    /// By conversation.
    list: Vec<Crowd>,
    /// Whose turn it is to pull.
    turn: usize,
}

#[derive(Debug)]
struct Crowd {
    conv: ConvId,
    record: CrowdRecord,
    inbox: Inbox,
}

impl Crowd {
    fn new(conv: ConvId, record: CrowdRecord) -> Self {
        Self {
            inbox: Inbox::of_crowd(conv.clone(), record.cursor),
            conv,
            record,
        }
    }

    fn is_read(&self) -> bool {
        !self.record.left && self.record.from == Seq::ZERO
    }

    fn keep(&self, store: &mut StoreWriter) {
        store.put_crowd(&self.conv, &self.record);
    }

    /// Goes on after `after`, from whatever is there by now.
    fn start(&mut self, after: Seq) {
        self.record.from = Seq::ZERO;
        if self.record.left || after > self.inbox.received() {
            self.record.left = false;
            self.record.cursor = self.record.cursor.max(after);
            self.inbox.reset(self.record.cursor);
        }
        self.inbox.look();
    }
}

impl Crowds {
    /// What the store kept, with the own timeline taken up to `own_cursor`.
    pub(crate) fn restored(records: Vec<(ConvId, CrowdRecord)>, own_cursor: Seq) -> Self {
        let mut crowds = Self::default();
        for (conv, record) in records {
            crowds.put(Crowd::new(conv, record));
        }
        crowds.release(own_cursor);
        crowds
    }

    /// How many are read.
    pub(crate) fn len(&self) -> usize {
        self.reading().count()
    }

    /// Whether the conversation is one of them.
    pub(crate) fn contains(&self, conv: &ConvId) -> bool {
        self.find(conv)
            .is_ok_and(|at| self.list.get(at).is_some_and(|crowd| !crowd.record.left))
    }

    /// A new device starts with those that the user belongs to. What the own timeline still
    /// has of a conversation comes first, so those who want the oldest wait for their
    /// `crowd` item, or for all that the own timeline has now.
    pub(crate) fn adopt(
        &mut self,
        listed: &[Listed],
        start: Start,
        own_head: Seq,
        store: &mut StoreWriter,
    ) {
        for Listed {
            conv,
            after,
            floor,
            head,
        } in listed
        {
            let (cursor, from) = match start {
                Start::Oldest => ((*after).max(floor.previous()), own_head),
                Start::Newest => (*head, Seq::ZERO),
            };
            let record = CrowdRecord {
                cursor,
                from,
                left: false,
            };
            store.put_crowd(conv, &record);
            self.put(Crowd::new(conv.clone(), record));
        }
    }

    /// The own timeline cannot be continued, so changes may have been missed: those listed
    /// go on at their heads. Kept once the app knows: see [`Self::keep_all`].
    pub(crate) fn replace(&mut self, listed: &[Listed]) {
        for crowd in &mut self.list {
            crowd.record.left = true;
        }
        for Listed { conv, head, .. } in listed {
            let record = CrowdRecord {
                cursor: *head,
                ..CrowdRecord::default()
            };
            self.put(Crowd::new(conv.clone(), record));
        }
    }

    /// The app took the reset for which the list was replaced.
    pub(crate) fn keep_all(&mut self, store: &mut StoreWriter) {
        self.list.retain(|crowd| {
            if crowd.record.left {
                store.delete_crowd(&crowd.conv);
            } else {
                crowd.keep(store);
            }
            !crowd.record.left
        });
    }

    /// A connection is welcomed. What it does not list was left, as the own timeline is about
    /// to tell. What it lists from beyond where we are was left and joined again.
    pub(crate) fn welcomed(&mut self, listed: &[Listed]) {
        for crowd in &mut self.list {
            let listed = listed.iter().find(|listed| listed.conv == crowd.conv);
            let head = listed.map_or(crowd.inbox.received(), |listed| listed.head);
            crowd.inbox.welcomed(head, true);
            if let Some(Listed { after, .. }) = listed
                && crowd.is_read()
                && *after > crowd.inbox.received()
            {
                crowd.start(*after);
            }
        }
    }

    pub(crate) fn connection_lost(&mut self) {
        for crowd in &mut self.list {
            crowd.inbox.connection_lost();
        }
    }

    /// An item of the own timeline says: read this one after that entry.
    pub(crate) fn joined(&mut self, conv: &ConvId, after: Seq, store: &mut StoreWriter) {
        if self.find(conv).is_err() {
            self.make_room(store);
            let record = CrowdRecord {
                cursor: after,
                ..CrowdRecord::default()
            };
            self.put(Crowd::new(conv.clone(), record));
        }
        if let Some(crowd) = self.get_mut(conv) {
            crowd.start(after);
            crowd.keep(store);
        }
    }

    /// An item of the own timeline says: read this one no longer.
    pub(crate) fn left(&mut self, conv: &ConvId, store: &mut StoreWriter) {
        if let Some(crowd) = self.get_mut(conv) {
            crowd.record.left = true;
            crowd.inbox.reset(crowd.record.cursor);
            crowd.keep(store);
        }
    }

    /// The app took an entry.
    pub(crate) fn taken(&mut self, conv: &ConvId, seq: Seq, store: &mut StoreWriter) {
        if let Some(crowd) = self.get_mut(conv).filter(|crowd| !crowd.record.left) {
            crowd.record.cursor = seq;
            crowd.keep(store);
        }
    }

    /// The own timeline was taken up to here: what waited for that need wait no longer.
    pub(crate) fn release(&mut self, own_cursor: Seq) {
        for crowd in &mut self.list {
            if crowd.record.from > Seq::ZERO && crowd.record.from <= own_cursor {
                crowd.record.from = Seq::ZERO;
                crowd.inbox.look();
            }
        }
    }

    /// The inbox of a conversation that is read.
    pub(crate) fn inbox(&mut self, conv: &ConvId) -> Option<&mut Inbox> {
        self.get_mut(conv)
            .filter(|crowd| crowd.is_read())
            .map(|crowd| &mut crowd.inbox)
    }

    /// The inbox that waits for the answer to a request, and whose it is.
    pub(crate) fn awaiting(&mut self, req: RequestId) -> Option<(ConvId, &mut Inbox)> {
        self.list
            .iter_mut()
            .find(|crowd| crowd.inbox.awaits(req))
            .map(|crowd| (crowd.conv.clone(), &mut crowd.inbox))
    }

    /// How many entries wait for a gap to be filled.
    pub(crate) fn early(&self) -> usize {
        self.list.iter().map(|crowd| crowd.inbox.early()).sum()
    }

    /// Whether all that can be had is here.
    pub(crate) fn is_caught_up(&self) -> bool {
        self.reading()
            .all(|crowd| crowd.inbox.is_caught_up() || crowd.inbox.is_paused())
    }

    /// The pull to write: in turn, so that none is kept waiting by a busy one.
    pub(crate) fn next_pull(
        &mut self,
        room: usize,
        page_max: usize,
        now_ms: u64,
        new_request: &mut dyn FnMut() -> RequestId,
    ) -> Option<ClientFrame> {
        let (mut pulls, mut asked) = (0, 0);
        for crowd in &mut self.list {
            crowd.inbox.expire(now_ms);
            pulls += usize::from(crowd.inbox.asked().is_some());
            asked += crowd.inbox.asked().unwrap_or_default();
        }
        if pulls >= CROWD_PULLS_MAX {
            return None;
        }
        let room = room.saturating_sub(asked).min(page_max);
        let turn = self.turn.min(self.list.len());
        let (before, from_turn) = self.list.split_at_mut(turn);
        let in_turn = from_turn.iter_mut().chain(before).enumerate();
        let (steps, pull) =
            in_turn
                .filter(|(_, crowd)| crowd.is_read())
                .find_map(|(steps, crowd)| {
                    Some((
                        steps,
                        crowd.inbox.next_pull(room, false, now_ms, new_request)?,
                    ))
                })?;
        self.turn = (turn + steps + 1) % self.list.len();
        Some(pull)
    }

    pub(crate) fn deadline_ms(&self) -> Option<u64> {
        self.list
            .iter()
            .filter_map(|crowd| crowd.inbox.deadline_ms())
            .min()
    }

    fn reading(&self) -> impl Iterator<Item = &Crowd> {
        self.list.iter().filter(|crowd| crowd.is_read())
    }

    fn put(&mut self, crowd: Crowd) {
        if let Some(known) = self.get_mut(&crowd.conv) {
            *known = crowd;
        } else if let Err(at) = self.find(&crowd.conv) {
            self.list.insert(at, crowd);
        }
    }

    /// Those that were left are remembered for as long as there is room.
    fn make_room(&mut self, store: &mut StoreWriter) {
        if self.list.len() >= 2 * CROWDS_PER_USER_MAX
            && let Some(at) = self.list.iter().position(|crowd| crowd.record.left)
        {
            store.delete_crowd(&self.list.remove(at).conv);
        }
    }

    fn find(&self, conv: &ConvId) -> Result<usize, usize> {
        self.list.binary_search_by(|crowd| crowd.conv.cmp(conv))
    }

    fn get_mut(&mut self, conv: &ConvId) -> Option<&mut Crowd> {
        let at = self.find(conv).ok()?;
        self.list.get_mut(at)
    }
}
