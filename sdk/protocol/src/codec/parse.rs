//! One value from a payload, with the checks that the two parsers leave out.

use std::convert::Infallible;

use cbor4ii::{core::dec, serde::DecodeError};
use serde::Deserialize;

use super::Encoding;
use crate::limits::NESTING_MAX;

/// Why a payload is not the value that was asked for.
pub(super) enum Fault {
    /// It is no value at all.
    Malformed(String),
    /// It may be another value, or none: the parser stopped before it could tell.
    Other(String),
}

impl Fault {
    pub(super) fn into_reason(self) -> String {
        match self {
            Self::Malformed(reason) | Self::Other(reason) => reason,
        }
    }
}

/// The value that a payload is, and is all of.
pub(super) fn parse<'de, T: Deserialize<'de>>(
    encoding: Encoding,
    payload: &'de [u8],
) -> Result<T, Fault> {
    match encoding {
        Encoding::Text => parse_json(payload),
        Encoding::Binary => parse_cbor(payload),
    }
}

fn parse_json<'de, T: Deserialize<'de>>(payload: &'de [u8]) -> Result<T, Fault> {
    // serde_json checks neither inside what it skips.
    let text = std::str::from_utf8(payload).map_err(|error| Fault::Malformed(error.to_string()))?;
    if nests_too_deep(text) {
        return Err(Fault::Malformed(too_deep()));
    }
    serde_json::from_str(text).map_err(|error| Fault::Other(error.to_string()))
}

fn nests_too_deep(json: &str) -> bool {
    let opening = |byte: &u8| matches!(byte, b'{' | b'[');
    // Nearly all frames end here.
    if json.as_bytes().iter().filter(|byte| opening(byte)).count() <= NESTING_MAX {
        return false;
    }
    let (mut depth, mut deepest) = (0usize, 0usize);
    let (mut in_string, mut escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest > NESTING_MAX
}

fn parse_cbor<'de, T: Deserialize<'de>>(payload: &'de [u8]) -> Result<T, Fault> {
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

fn too_deep() -> String {
    format!("nested deeper than {NESTING_MAX} levels")
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
