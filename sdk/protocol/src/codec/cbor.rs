//! CBOR, with the checks that cbor4ii leaves out.

use std::convert::Infallible;

use cbor4ii::{core::dec, serde::DecodeError};
use serde::{Deserialize, Serialize};

use super::fault::{Fault, too_deep};
use crate::limits::NESTING_MAX;

pub(super) fn write<T: Serialize>(value: &T) -> Vec<u8> {
    cbor4ii::serde::to_vec(Vec::with_capacity(128), value).expect("a frame always serializes")
}

/// The value that a payload is, and is all of.
pub(super) fn parse<'de, T: Deserialize<'de>>(payload: &'de [u8]) -> Result<T, Fault> {
    // cbor4ii takes a bare name for an enum's variant, whatever is to follow it.
    if payload.first().is_some_and(|byte| byte >> 5 != MAP) {
        return Err(Fault::Malformed("a frame is a map with one key".to_owned()));
    }
    let mut cbor = cbor4ii::serde::Deserializer::new(CborInput::new(payload));
    let result = T::deserialize(&mut cbor);
    let left = cbor.into_inner().rest.len();
    match result {
        Ok(value) if left == 0 => Ok(value),
        Ok(_) => Err(Fault::Malformed(format!("{left} bytes after the end"))),
        Err(error) => Err(cbor_fault(error, payload.len() - left)),
    }
}

const MAP: u8 = 5;

/// A reason that people can read.
fn cbor_fault(error: DecodeError<Infallible>, at: usize) -> Fault {
    use dec::Error::{DepthOverflow, Eof, Mismatch, RequireUtf8, Unsupported};

    let error = match error {
        DecodeError::Custom(reason) => return Fault::Other(reason.into()),
        DecodeError::Core(error) => error,
    };
    match error {
        RequireUtf8 { .. } => Fault::Malformed(format!("a text near byte {at} is not UTF-8")),
        DepthOverflow { .. } => Fault::Malformed(too_deep()),
        Eof { .. } => Fault::Other(format!("cut short at byte {at}")),
        Mismatch { name, found } | Unsupported { name, found } => {
            let found = describe(found);
            Fault::Other(format!("expected {name}, found {found} near byte {at}"))
        }
        error => Fault::Other(format!("{error} near byte {at}")),
    }
}

/// What the first byte of an item announces.
fn describe(byte: u8) -> &'static str {
    match byte >> 5 {
        0 => "an integer of another size",
        1 => "a negative integer",
        2 => "bytes",
        3 => "a text",
        4 => "an array",
        MAP => "a map (or one of another length)",
        6 => "a tag",
        _ => "a float or simple value",
    }
}

/// A CBOR source that counts nesting.
struct CborInput<'a> {
    rest: &'a [u8],
    nesting_left: usize,
}

impl<'a> CborInput<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            nesting_left: NESTING_MAX,
        }
    }
}

impl<'de> dec::Read<'de> for CborInput<'de> {
    type Error = Infallible;

    fn fill<'short>(
        &'short mut self,
        want: usize,
    ) -> Result<dec::Reference<'de, 'short>, Infallible> {
        let (available, _) = self.rest.split_at(want.min(self.rest.len()));
        Ok(dec::Reference::Long(available))
    }

    fn advance(&mut self, bytes: usize) {
        (_, self.rest) = self.rest.split_at(bytes.min(self.rest.len()));
    }

    fn step_in(&mut self) -> bool {
        match self.nesting_left.checked_sub(1) {
            Some(left) => {
                self.nesting_left = left;
                true
            }
            None => false,
        }
    }

    fn step_out(&mut self) {
        self.nesting_left += 1;
    }
}
