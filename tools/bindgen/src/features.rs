//! Takes features out of a module's `target_features` section that browsers we
//! support do not have.
//!
//! rustc lists `reference-types` by default, and bindings generated for such a
//! module keep JavaScript values in an externref table: Safari before 16.4
//! refuses to compile that. Left out of the list, values live in an array on
//! the JavaScript side, which runs everywhere. The section itself has to stay:
//! without one, wasm-bindgen guesses and may turn reference types on again.

use anyhow::{Context, Result, ensure};

const UNSUPPORTED: [&str; 2] = ["reference-types", "multivalue"];

const HEADER_LEN: usize = 8;
const CUSTOM_SECTION: u8 = 0;
const SECTION_NAME: &str = "target_features";

/// The same module without `UNSUPPORTED` in its list of features.
///
/// # Errors
/// If the bytes are not a wasm module, or end in the middle of a section.
pub(crate) fn without_unsupported(wasm: &[u8]) -> Result<Vec<u8>> {
    ensure!(
        wasm.starts_with(b"\0asm"),
        "the first bytes are not `\\0asm`"
    );
    let (header, mut rest) = wasm
        .split_at_checked(HEADER_LEN)
        .context("the header is cut off")?;

    let mut out = header.to_vec();
    while let Some((&id, after_id)) = rest.split_first() {
        let mut reader = Reader(after_id);
        let body = reader.sized_bytes()?;
        let section_len = rest.len() - reader.0.len();
        let (section, after) = rest.split_at(section_len);
        match features_in(id, body)? {
            Some(features) => write_features(&mut out, &features),
            None => out.extend_from_slice(section),
        }
        rest = after;
    }
    Ok(out)
}

/// A prefix byte (`+` used, `-` forbidden) and a name.
type Feature<'a> = (u8, &'a [u8]);

/// The supported features listed in a section, or `None` for other sections.
fn features_in(id: u8, body: &[u8]) -> Result<Option<Vec<Feature<'_>>>> {
    if id != CUSTOM_SECTION {
        return Ok(None);
    }
    let mut reader = Reader(body);
    if reader.sized_bytes()? != SECTION_NAME.as_bytes() {
        return Ok(None);
    }
    let mut features = Vec::new();
    for _ in 0..reader.leb()? {
        let (prefix, name) = (reader.byte()?, reader.sized_bytes()?);
        if !UNSUPPORTED.iter().any(|feature| feature.as_bytes() == name) {
            features.push((prefix, name));
        }
    }
    Ok(Some(features))
}

fn write_features(out: &mut Vec<u8>, features: &[Feature<'_>]) {
    let mut body = Vec::new();
    write_sized(&mut body, SECTION_NAME.as_bytes());
    write_leb(&mut body, features.len());
    for (prefix, name) in features {
        body.push(*prefix);
        write_sized(&mut body, name);
    }
    out.push(CUSTOM_SECTION);
    write_sized(out, &body);
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Result<u8> {
        let (&byte, rest) = self.0.split_first().context("cut off")?;
        self.0 = rest;
        Ok(byte)
    }

    /// An unsigned 32-bit number in LEB128.
    fn leb(&mut self) -> Result<usize> {
        let mut value = 0;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.byte()?;
            value |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        anyhow::bail!("a length is longer than five bytes")
    }

    fn sized_bytes(&mut self) -> Result<&'a [u8]> {
        let len = self.leb()?;
        let (bytes, rest) = self.0.split_at_checked(len).context("cut off")?;
        self.0 = rest;
        Ok(bytes)
    }
}

fn write_sized(out: &mut Vec<u8>, bytes: &[u8]) {
    write_leb(out, bytes.len());
    out.extend_from_slice(bytes);
}

fn write_leb(out: &mut Vec<u8>, mut value: usize) {
    while value > 0x7f {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &[u8] = b"\0asm\x01\0\0\0";
    const TYPE_SECTION: &[u8] = &[1, 4, 1, 0x60, 0, 0];

    fn module(features: &[Feature<'_>]) -> Vec<u8> {
        let mut wasm = [HEADER, TYPE_SECTION].concat();
        write_features(&mut wasm, features);
        wasm
    }

    #[test]
    fn drops_only_what_old_browsers_lack() {
        let before = module(&[
            (b'+', b"bulk-memory"),
            (b'+', b"reference-types"),
            (b'+', b"sign-ext"),
        ]);
        let after = module(&[(b'+', b"bulk-memory"), (b'+', b"sign-ext")]);
        assert_eq!(without_unsupported(&before).unwrap(), after);
    }

    #[test]
    fn keeps_an_empty_section_and_other_custom_sections() {
        let mut before = module(&[(b'+', b"multivalue")]);
        before.extend_from_slice(b"\0\x03\x01x!");
        let mut after = module(&[]);
        after.extend_from_slice(b"\0\x03\x01x!");
        assert_eq!(without_unsupported(&before).unwrap(), after);
    }

    #[test]
    fn reads_lengths_of_several_bytes() {
        let mut wasm = HEADER.to_vec();
        wasm.push(1);
        write_sized(&mut wasm, &[0; 300]);
        assert_eq!(without_unsupported(&wasm).unwrap(), wasm);
    }

    #[test]
    fn refuses_what_is_not_whole() {
        let whole = module(&[(b'+', b"bulk-memory")]);
        // Cut between sections, the rest is a module of its own.
        let section_ends = [HEADER.len(), HEADER.len() + TYPE_SECTION.len()];
        for len in (0..whole.len()).filter(|len| !section_ends.contains(len)) {
            assert!(without_unsupported(&whole[..len]).is_err(), "cut at {len}");
        }
    }
}
