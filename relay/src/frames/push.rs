//! News of a timeline. A message to a group is in hundreds of timelines, in each at
//! another seq: its item is encoded once, and every frame is put together around it.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use seqline_protocol::{
    ConvId, Encoding, Entry, Item, Seq, limits::FRAME_BYTES_MAX, limits::PAGE_ENTRIES_MAX,
};

use super::{Outgoing, is_received, once::Slots, splice};
use crate::{
    index::Index,
    limits::FRAME_HEADROOM_BYTES,
    store::{Timeline, TimelineAppend},
    traces::{Told, TraceParent},
    weight,
};

/// The items of one commit that are being told, so that each is encoded once.
#[derive(Debug, Default)]
pub struct Items(Index<usize, Arc<EncodedItem>>);

impl Items {
    /// The same item is the same place in memory: the commit that is being told holds it.
    fn get(&mut self, item: &Arc<Item>) -> Arc<EncodedItem> {
        let place = Arc::as_ptr(item).addr();
        let known = self.0.entry(place);
        Arc::clone(known.or_insert_with(|| Arc::new(EncodedItem::new(Arc::clone(item)))))
    }
}

#[derive(Debug)]
struct EncodedItem {
    item: Arc<Item>,
    encoded: Slots,
}

impl EncodedItem {
    fn new(item: Arc<Item>) -> Self {
        let encoded = Slots::default();
        Self { item, encoded }
    }

    fn encoded(&self, encoding: Encoding) -> &[u8] {
        self.encoded.get(encoding, &*self.item)
    }
}

/// New entries of one timeline: one frame's worth.
#[derive(Debug)]
pub struct Push {
    first: Seq,
    items: Vec<Arc<EncodedItem>>,
    /// The large conversation whose timeline it is; none of a user's own.
    conv: Option<ConvId>,
    /// The last entry that is a message of someone else: taking it is what receipts tell of.
    received: Option<Seq>,
    /// Of one of its messages, if that is traced.
    trace: Option<TraceParent>,
    text: OnceLock<Bytes>,
    binary: OnceLock<Bytes>,
}

impl Push {
    /// The frames that an append takes, in order.
    #[must_use]
    pub fn of(append: &TimelineAppend, items: &mut Items, told: &Told) -> Vec<Arc<Self>> {
        let mut pushes = Vec::new();
        let mut rest = append.items.as_slice();
        let mut first = append.first.get();
        while !rest.is_empty() {
            let (window, _) = rest.split_at(rest.len().min(PAGE_ENTRIES_MAX));
            let bytes_max = FRAME_BYTES_MAX - FRAME_HEADROOM_BYTES;
            let count = weight::fitting(window, bytes_max, |item| weight::item_bytes(item));
            let (these, others) = rest.split_at(count);
            let trace = told.of(these.iter().map(|item| &**item));
            let these = these.iter().map(|item| items.get(item)).collect();
            let push = Self::around(Seq::saturating(first), these, &append.timeline);
            pushes.push(Arc::new(Self { trace, ..push }));
            first += count as u64;
            rest = others;
        }
        pushes
    }

    /// One frame of entries of this timeline; none without entries.
    #[must_use]
    pub fn new(entries: Vec<Entry>, timeline: &Timeline) -> Option<Self> {
        let first = entries.first()?.seq;
        let items = entries
            .into_iter()
            .map(|entry| Arc::new(EncodedItem::new(Arc::new(entry.item))))
            .collect();
        Some(Self::around(first, items, timeline))
    }

    fn around(first: Seq, items: Vec<Arc<EncodedItem>>, timeline: &Timeline) -> Self {
        let (received, conv) = match timeline {
            Timeline::Crowd(_, conv) => (None, Some(conv.clone())),
            Timeline::User(account) => {
                let at = items
                    .iter()
                    .rposition(|one| is_received(&one.item, &account.user));
                (at.map(|at| nth(first, at)), None)
            }
        };
        Self {
            first,
            items,
            conv,
            received,
            trace: None,
            text: OnceLock::new(),
            binary: OnceLock::new(),
        }
    }

    /// The first entry's seq.
    #[must_use]
    pub fn first(&self) -> Seq {
        self.first
    }

    /// The last entry's seq.
    #[must_use]
    pub fn last(&self) -> Seq {
        nth(self.first, self.items.len().saturating_sub(1))
    }

    /// The large conversation whose timeline it is; none of a user's own.
    #[must_use]
    pub fn conv(&self) -> Option<&ConvId> {
        self.conv.as_ref()
    }

    /// What the entries tell, in order.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().map(|one| &*one.item)
    }

    /// The trace of one of its messages.
    #[must_use]
    pub fn trace(&self) -> Option<TraceParent> {
        self.trace
    }

    /// The seq of the last message of someone else.
    #[must_use]
    pub fn received(&self) -> Option<Seq> {
        self.received
    }

    /// All of it: the same bytes for every device.
    #[must_use]
    pub fn encoded(&self, encoding: Encoding) -> Outgoing {
        let slot = match encoding {
            Encoding::Text => &self.text,
            Encoding::Binary => &self.binary,
        };
        let payload = slot
            .get_or_init(|| self.put_together(0, encoding).into())
            .clone();
        Outgoing { encoding, payload }
    }

    /// What of it comes after a seq.
    #[must_use]
    pub fn encoded_after(&self, after: Seq, encoding: Encoding) -> Outgoing {
        let skipped = (after.get() + 1).saturating_sub(self.first.get());
        let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
        if skipped == 0 {
            return self.encoded(encoding);
        }
        Outgoing {
            encoding,
            payload: self.put_together(skipped, encoding).into(),
        }
    }

    fn put_together(&self, skipped: usize, encoding: Encoding) -> Vec<u8> {
        let items: Vec<&[u8]> = self
            .items
            .iter()
            .skip(skipped)
            .map(|one| one.encoded(encoding))
            .collect();
        let first = nth(self.first, skipped);
        match encoding {
            Encoding::Text => splice::json(first, &items, self.conv.as_ref()),
            Encoding::Binary => splice::cbor(first, &items, self.conv.as_ref()),
        }
    }
}

fn nth(first: Seq, n: usize) -> Seq {
    Seq::saturating(first.get() + n as u64)
}
