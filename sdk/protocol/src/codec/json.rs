//! JSON, with the checks that serde_json leaves out.

use serde::{Deserialize, Serialize};

use super::fault::Fault;
use crate::limits::NESTING_MAX;

pub(super) fn write<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("a frame always serializes")
}

/// The value that a payload is, and is all of.
pub(super) fn parse<'de, T: Deserialize<'de>>(payload: &'de [u8]) -> Result<T, Fault> {
    // serde_json checks neither inside what it skips.
    let text = std::str::from_utf8(payload).map_err(|error| Fault::Malformed(error.to_string()))?;
    if nests_too_deep(text) {
        return Err(Fault::Malformed(format!(
            "nested deeper than {NESTING_MAX} levels"
        )));
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
