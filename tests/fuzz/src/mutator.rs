//! Changes inputs at random, the same way for the same seed. It sees no coverage, unlike
//! libFuzzer; it mixes what the corpus has.

use fastrand::Rng;

/// Bytes of an input at most.
const BYTES_MAX: usize = 4 * 1024;

/// Bytes at which programs go wrong.
const ODD_BYTES: &[u8] = &[
    0, 1, 0x1f, 0x20, 0x22, 0x5c, 0x7f, 0x80, 0xc0, 0xf8, 0xfb, 0xff,
];
/// Numbers at which programs go wrong.
const ODD_NUMBERS: &[&str] = &[
    "0",
    "-1",
    "1.5",
    "255",
    "65536",
    "4294967296",
    "9007199254740991",
    "9007199254740992",
    "18446744073709551615",
    "1e400",
];

/// An input made from those of a corpus.
pub fn mutate(rng: &mut Rng, corpus: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut input = pick(rng, corpus).to_vec();
    for _ in 0..rng.u32(1..6) {
        change(rng, &mut input, corpus);
        input.truncate(BYTES_MAX);
    }
    input
}

fn pick<'a>(rng: &mut Rng, corpus: &'a [(String, Vec<u8>)]) -> &'a [u8] {
    corpus
        .get(rng.usize(..corpus.len().max(1)))
        .map_or(&[], |(_, bytes)| bytes)
}

fn change(rng: &mut Rng, input: &mut Vec<u8>, corpus: &[(String, Vec<u8>)]) {
    let at = rng.usize(..=input.len());
    match rng.u8(..8) {
        0 => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << rng.u8(..8);
            }
        }
        1 => {
            if let Some(byte) = input.get_mut(at) {
                *byte = odd_byte(rng);
            }
        }
        2 => input.insert(at, odd_byte(rng)),
        3 => {
            let end = rng.usize(at..=input.len());
            input.drain(at..end);
        }
        4 => {
            let end = rng.usize(at..=input.len()).min(at + 64);
            let piece = input.get(at..end).unwrap_or_default().to_vec();
            insert(input, rng.usize(..=input.len()), &piece);
        }
        5 => {
            let other = pick(rng, corpus);
            let start = rng.usize(..=other.len());
            let end = rng.usize(start..=other.len());
            insert(input, at, other.get(start..end).unwrap_or_default());
        }
        6 => {
            let other = pick(rng, corpus);
            input.truncate(at);
            input.extend_from_slice(other.get(rng.usize(..=other.len())..).unwrap_or_default());
        }
        _ => replace_number(rng, input, at),
    }
}

/// The next number in the text becomes another one.
fn replace_number(rng: &mut Rng, input: &mut Vec<u8>, at: usize) {
    let rest = input.get(at..).unwrap_or_default();
    let Some(start) = rest.iter().position(u8::is_ascii_digit) else {
        return;
    };
    let digits = rest
        .iter()
        .skip(start)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let number = rng.choice(ODD_NUMBERS).copied().unwrap_or_default();
    input.splice(at + start..at + start + digits, number.bytes());
}

fn odd_byte(rng: &mut Rng) -> u8 {
    match rng.bool() {
        true => rng.choice(ODD_BYTES).copied().unwrap_or_default(),
        false => rng.u8(..),
    }
}

fn insert(input: &mut Vec<u8>, at: usize, piece: &[u8]) {
    input.splice(at..at, piece.iter().copied());
}
