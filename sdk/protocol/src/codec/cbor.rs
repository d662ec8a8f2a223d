//! CBOR (RFC 8949). Writing is cbor4ii's, reading our own (see [`reader`]).

mod reader;

use serde::{Deserialize, Serialize};

use self::reader::Reader;
use super::fault::Fault;

const MAP: u8 = 5;

/// Writes any value of ours. Also what a client keeps on its device is in this form.
#[must_use]
pub fn to_cbor<T: Serialize>(value: &T) -> Vec<u8> {
    match cbor4ii::serde::to_vec(Vec::with_capacity(128), value) {
        Ok(bytes) => bytes,
        // Not `expect`, which would bring the error's words into the wasm.
        Err(_) => unreachable!("our types have string keys and no field that fails"),
    }
}

/// Reads what [`to_cbor`] wrote; none if it is something else.
#[must_use]
pub fn from_cbor<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Option<T> {
    read(bytes).ok()
}

/// The frame that a payload is, and is all of.
pub(super) fn parse<'de, T: Deserialize<'de>>(payload: &'de [u8]) -> Result<T, Fault> {
    match payload.first() {
        Some(byte) if byte >> 5 == MAP => read(payload),
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
