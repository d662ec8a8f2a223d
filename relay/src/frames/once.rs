//! Something that is part of many frames: encoded when it is first needed, and not again.

use std::sync::OnceLock;

use seqline_protocol::{Encoding, to_cbor};
use serde::Serialize;

/// A value, and it in each encoding.
#[derive(Debug)]
pub struct Once<T> {
    value: T,
    encoded: Slots,
}

/// A place for each encoding.
#[derive(Debug, Default)]
pub(super) struct Slots {
    text: OnceLock<Vec<u8>>,
    binary: OnceLock<Vec<u8>>,
}

impl<T: Serialize> Once<T> {
    /// Wraps it.
    #[must_use]
    pub fn new(value: T) -> Self {
        let encoded = Slots::default();
        Self { value, encoded }
    }

    /// The value.
    #[must_use]
    pub fn get(&self) -> &T {
        &self.value
    }

    pub(super) fn encoded(&self, encoding: Encoding) -> &[u8] {
        self.encoded.get(encoding, &self.value)
    }
}

impl Slots {
    /// The value's encoding; it is the same one at every call.
    pub(super) fn get(&self, encoding: Encoding, value: &impl Serialize) -> &[u8] {
        match encoding {
            Encoding::Text => self.text.get_or_init(|| {
                // As with frames: string keys, and no field that fails.
                serde_json::to_vec(value).unwrap_or_default()
            }),
            Encoding::Binary => self.binary.get_or_init(|| to_cbor(value)),
        }
    }
}
