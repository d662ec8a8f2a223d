//! Decoding takes any bytes whatever: it answers, and never panics.

use std::fmt::Debug;

use proptest::{collection::vec, prelude::*, test_runner::TestCaseResult};
use seqline_protocol::{ClientFrame, Encoding, Frame, RelayFrame, decode, encode};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::{property, samples};

const ENCODINGS: [Encoding; 2] = [Encoding::Text, Encoding::Binary];

/// Every sample of both directions in both encodings.
fn good_payloads() -> Vec<(Encoding, Vec<u8>)> {
    fn encoded<F: Frame>(frame: &F) -> [(Encoding, Vec<u8>); 2] {
        ENCODINGS.map(|encoding| (encoding, encode(encoding, frame).as_bytes().to_vec()))
    }
    let client = samples::client().into_iter();
    let relay = samples::relay().into_iter();
    client
        .flat_map(|(_, frame)| encoded(&frame))
        .chain(relay.flat_map(|(_, frame)| encoded(&frame)))
        .collect()
}

/// As a frame of either direction; what is taken for one is one.
fn feed(encoding: Encoding, payload: &[u8]) -> TestCaseResult {
    fn as_frame<F: Frame + PartialEq + Debug>(
        encoding: Encoding,
        payload: &[u8],
    ) -> TestCaseResult {
        if let Ok(frame) = decode::<F>(encoding, payload) {
            for encoding in ENCODINGS {
                let again = encode(encoding, &frame);
                let same = decode(encoding, again.as_bytes()).as_ref() == Ok(&frame);
                prop_assert!(same, "{:?} {:?}", encoding, frame);
            }
        }
        Ok(())
    }
    as_frame::<ClientFrame>(encoding, payload)?;
    as_frame::<RelayFrame>(encoding, payload)
}

#[test]
fn no_part_of_a_frame_is_a_frame() {
    for (encoding, payload) in good_payloads() {
        for end in 0..payload.len() {
            let part = payload.get(..end).expect("a shorter part");
            let client = decode::<ClientFrame>(encoding, part).is_ok();
            let relay = decode::<RelayFrame>(encoding, part).is_ok();
            assert!(!client && !relay, "{encoding:?}, cut at {end}: {part:?}");
        }
    }
}

#[test]
fn any_bytes() {
    property::check(2_000, &vec(any::<u8>(), 0..200), |bytes| {
        ENCODINGS
            .into_iter()
            .try_for_each(|encoding| feed(encoding, &bytes))
    });
}

#[test]
fn any_bytes_inside_a_frame() {
    let heads = [
        "a16473656e64",
        "a16470757368",
        "a1647061676581",
        "a16468656c6c6fa1",
    ];
    let heads: Vec<_> = heads.map(crate::golden::from_hex).into();
    let payloads = (proptest::sample::select(heads), vec(any::<u8>(), 0..60));
    property::check(2_000, &payloads, |(mut payload, tail)| {
        payload.extend(tail);
        feed(Encoding::Binary, &payload)
    });
}

#[test]
fn any_characters_between_braces() {
    let words = [
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "\\",
        "\\ud800",
        "send",
        "push",
        "entries",
        "null",
        "-1",
        "1e999",
        "9007199254740992",
        "true",
        " ",
    ];
    let payloads = vec(proptest::sample::select(words.to_vec()), 0..40);
    property::check(2_000, &payloads, |words| {
        feed(Encoding::Text, words.concat().as_bytes())
    });
}

#[test]
fn mutated_frames() {
    let good = good_payloads();
    let edits = vec((any::<prop::sample::Index>(), any::<u8>(), 0..3u8), 1..4);
    let mutants = (proptest::sample::select(good), edits);
    property::check(4_000, &mutants, |((encoding, mut payload), edits)| {
        for (at, byte, edit) in edits {
            let at = at.index(payload.len());
            match edit {
                0 => payload.insert(at, byte),
                1 if payload.len() > 1 => drop(payload.remove(at)),
                _ => payload.splice(at..=at, [byte]).for_each(drop),
            }
        }
        feed(encoding, &payload)
    });
}
