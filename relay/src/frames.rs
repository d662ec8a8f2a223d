//! Frames on their way to devices, encoded at most once in each encoding however many
//! devices get them.

mod once;
mod page;
mod push;
mod splice;

use std::sync::OnceLock;

use bytes::Bytes;
use seqline_protocol::{Encoded, Encoding, Entry, Item, Label, RelayFrame, Seq, UserId, encode};

use serde::Serialize;

pub use self::{
    once::Once,
    page::page,
    push::{Items, Push},
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

    /// The frame itself.
    #[must_use]
    pub fn frame(&self) -> &RelayFrame {
        &self.frame
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

/// Something that a session asked to be told of: its name, a label of ours, and its value.
///
/// # Panics
/// If the name is no label.
#[must_use]
pub fn event(name: &str, value: &impl Serialize) -> RelayFrame {
    let value = serde_json::to_string(value);
    RelayFrame::Event {
        name: Label::new(name).expect("our names are labels"),
        value: value.expect("our values have string keys and no field that fails"),
    }
}

/// The seq of the last entry that is a message of someone else.
#[must_use]
pub fn last_received(entries: &[Entry], user: &UserId) -> Option<Seq> {
    entries
        .iter()
        .rev()
        .find(|entry| is_received(&entry.item, user))
        .map(|entry| entry.seq)
}

fn is_received(item: &Item, user: &UserId) -> bool {
    matches!(item, Item::Message(message) if message.sender != *user)
}
