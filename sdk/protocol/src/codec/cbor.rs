//! CBOR (RFC 8949), read and written by code of our own: see [`reader`] and [`writer`].

mod reader;
#[cfg(any(test, not(feature = "whole")))]
#[cfg_attr(test, expect(unreachable_pub, reason = "it is public without `whole`"))]
mod unread;
mod writer;

use serde::{Deserialize, Serialize};

#[cfg(not(feature = "whole"))]
pub use self::unread::Unread;
use self::{reader::Reader, writer::Writer};
use super::fault::Fault;

/// Writes any value of ours. Also what a client keeps on its device is in this form.
#[must_use]
pub fn to_cbor<T: Serialize>(value: &T) -> Vec<u8> {
    let mut writer = Writer(Vec::with_capacity(128));
    match value.serialize(&mut writer) {
        Ok(()) => writer.0,
        // Not `expect`, which would bring the error's words into the wasm.
        Err(_) => unreachable!("our types have string keys and no field that fails"),
    }
}

/// Reads what [`to_cbor`] wrote; none if it is something else.
#[must_use]
pub fn from_cbor<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Option<T> {
    read(bytes).ok()
}

/// As [`from_cbor`], for what people may have written: says why an id, a kind or a number is
/// refused, if that is what is wrong.
///
/// # Errors
/// The reason, if there is one to give.
pub fn try_from_cbor<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, Option<String>> {
    reader::Error::forget_reason();
    let mut reader = Reader::new(bytes);
    T::deserialize(&mut reader).map_err(reader::Error::into_reason)
}

/// The frame that a payload is, and is all of.
pub(super) fn parse<'de, T: Deserialize<'de>>(payload: &'de [u8]) -> Result<T, Fault> {
    match payload.first() {
        Some(byte) if byte >> 5 == reader::MAP => read(payload),
        // An enum without content may be written as a bare name; a frame may not.
        _ => Err(Fault::Malformed("a frame is a map with one key".to_owned())),
    }
}

fn read<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, Fault> {
    let mut reader = Reader::new(bytes);
    match T::deserialize(&mut reader) {
        Ok(value) if reader.is_at_end() => Ok(value),
        Ok(_) => Err(Fault::Malformed("there are bytes after the end".to_owned())),
        Err(error) => Err(Fault::Other(error.at(bytes.len() - reader.left()))),
    }
}
