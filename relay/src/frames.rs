//! Frames on their way to devices, encoded at most once in each encoding however many
//! devices get them.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use seqline_protocol::{
    Encoded, Encoding, Entry, Item, RelayFrame, Seq, UserId, encode,
    limits::{FRAME_BYTES_MAX, PAGE_ENTRIES_MAX},
};

use crate::{
    limits::FRAME_HEADROOM_BYTES,
    store::{Timeline, TimelineAppend},
    weight,
};

/// The payload of one frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Tells a text frame from a binary one.
    pub encoding: Encoding,
    /// What it carries.
    pub payload: Bytes,
}

impl Outgoing {
    /// Encodes a frame for one device.
    #[must_use]
    pub fn new(encoding: Encoding, frame: &RelayFrame) -> Self {
        let payload = match encode(encoding, frame) {
            Encoded::Text(text) => text.into(),
            Encoded::Binary(bytes) => bytes.into(),
        };
        Self { encoding, payload }
    }
}

/// A frame for several devices.
#[derive(Debug)]
pub struct Shared {
    frame: RelayFrame,
    text: OnceLock<Bytes>,
    binary: OnceLock<Bytes>,
}

impl Shared {
    /// Wraps a frame; it is encoded when a device first needs it.
    #[must_use]
    pub fn new(frame: RelayFrame) -> Self {
        Self {
            frame,
            text: OnceLock::new(),
            binary: OnceLock::new(),
        }
    }

    /// The frame in one encoding.
    #[must_use]
    pub fn encoded(&self, encoding: Encoding) -> Outgoing {
        let slot = match encoding {
            Encoding::Text => &self.text,
            Encoding::Binary => &self.binary,
        };
        let payload = slot
            .get_or_init(|| Outgoing::new(encoding, &self.frame).payload)
            .clone();
        Outgoing { encoding, payload }
    }
}

/// New entries of one timeline: one frame's worth.
#[derive(Debug)]
pub struct Push {
    first: Seq,
    last: Seq,
    /// The last entry that is a message of someone else: taking it is what receipts tell of.
    received: Option<Seq>,
    frame: Shared,
}

impl Push {
    /// The frames that an append takes, in order.
    #[must_use]
    pub fn of(append: &TimelineAppend) -> Vec<Arc<Self>> {
        let mut pushes = Vec::new();
        let mut rest = append.items.as_slice();
        let mut first = append.first.get();
        while !rest.is_empty() {
            let (window, _) = rest.split_at(rest.len().min(PAGE_ENTRIES_MAX));
            let bytes_max = FRAME_BYTES_MAX - FRAME_HEADROOM_BYTES;
            let count = weight::fitting(window, bytes_max, |item| weight::item_bytes(item));
            let (these, others) = rest.split_at(count);
            let entries = these
                .iter()
                .zip(first..)
                .map(|(item, seq)| Entry {
                    seq: Seq::saturating(seq),
                    item: Item::clone(item),
                })
                .collect();
            pushes.extend(Self::new(entries, &append.timeline).map(Arc::new));
            first += count as u64;
            rest = others;
        }
        pushes
    }

    /// One frame of entries of this timeline; none without entries.
    #[must_use]
    pub fn new(entries: Vec<Entry>, timeline: &Timeline) -> Option<Self> {
        let (received, conv) = match timeline {
            Timeline::User(account) => (last_received(&entries, &account.user), None),
            Timeline::Crowd(_, conv) => (None, Some(conv.clone())),
        };
        Some(Self {
            first: entries.first()?.seq,
            last: entries.last()?.seq,
            received,
            frame: Shared::new(RelayFrame::Push { entries, conv }),
        })
    }

    /// The first entry's seq.
    #[must_use]
    pub fn first(&self) -> Seq {
        self.first
    }

    /// The last entry's seq.
    #[must_use]
    pub fn last(&self) -> Seq {
        self.last
    }

    /// The seq of the last message of someone else.
    #[must_use]
    pub fn received(&self) -> Option<Seq> {
        self.received
    }

    /// All of it.
    #[must_use]
    pub fn encoded(&self, encoding: Encoding) -> Outgoing {
        self.frame.encoded(encoding)
    }

    /// What of it comes after a seq.
    #[must_use]
    pub fn encoded_after(&self, after: Seq, encoding: Encoding) -> Outgoing {
        let RelayFrame::Push { entries, conv } = &self.frame.frame else {
            return self.encoded(encoding);
        };
        let entries = entries
            .iter()
            .filter(|entry| entry.seq > after)
            .cloned()
            .collect();
        Outgoing::new(
            encoding,
            &RelayFrame::Push {
                entries,
                conv: conv.clone(),
            },
        )
    }
}

/// The seq of the last entry that is a message of someone else.
#[must_use]
pub fn last_received(entries: &[Entry], user: &UserId) -> Option<Seq> {
    entries
        .iter()
        .rev()
        .find(|entry| matches!(&entry.item, Item::Message(message) if message.sender != *user))
        .map(|entry| entry.seq)
}
