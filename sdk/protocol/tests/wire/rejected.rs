//! Bad input gets the code that `vectors/rejected.json` has for it.

use std::collections::BTreeSet;

use seqline_protocol::{
    ClientFrame, DecodeError, Encoding, ErrorCode, Frame, RelayFrame, decode, limits,
};
use serde::Deserialize;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::golden::from_hex;

/// `text` is the payload of a text frame, `hex` that of a binary one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rejected {
    name: String,
    from: Side,
    text: Option<Payload>,
    hex: Option<Payload>,
    code: ErrorCode,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Side {
    Client,
    Relay,
}

/// As it is, or pieces with the number of times that each is repeated.
#[derive(Deserialize)]
#[serde(untagged)]
enum Payload {
    Whole(String),
    Pieces(Vec<(String, usize)>),
}

impl Payload {
    fn join(self) -> String {
        match self {
            Self::Whole(whole) => whole,
            Self::Pieces(pieces) => pieces
                .into_iter()
                .map(|(piece, times)| piece.repeat(times))
                .collect(),
        }
    }
}

#[test]
fn bad_input_gets_its_code() {
    let rejected: Vec<Rejected> =
        serde_json::from_str(include_str!("../../vectors/rejected.json")).expect("a list");
    let mut names = BTreeSet::new();
    for Rejected {
        name,
        from,
        text,
        hex,
        code,
    } in rejected
    {
        assert!(names.insert(name.clone()), "{name} is there twice");
        let (encoding, payload) = match (text, hex) {
            (Some(text), None) => (Encoding::Text, text.join().into_bytes()),
            (None, Some(hex)) => (Encoding::Binary, from_hex(&hex.join())),
            _ => panic!("{name} has neither or both of text and hex"),
        };
        let error = match from {
            Side::Client => refusal::<ClientFrame>(encoding, &payload),
            Side::Relay => refusal::<RelayFrame>(encoding, &payload),
        };
        let error = error.unwrap_or_else(|| panic!("{name} was taken for a frame"));
        assert_eq!(error.code(), code, "{name}: {error}");
        let said = error.to_string();
        assert!(!said.is_empty() && said.len() < 2048, "{name}: {said}");
    }
    assert!(names.len() > 50, "the list is there");
}

fn refusal<F: Frame>(encoding: Encoding, payload: &[u8]) -> Option<DecodeError> {
    decode::<F>(encoding, payload).err()
}

#[test]
fn text_that_is_not_utf8_is_malformed_wherever_it_stands() {
    for payload in [
        &b"\xff"[..],
        b"{\"pi\xffng\":{\"nonce\":1}}",
        b"{\"ping\":{\"nonce\":\"\xc3\"}}",
        b"{\"ping\":{\"nonce\":1,\"later\":\"\xff\"}}",
        b"{\"ping\":{\"nonce\":1,\"later\":\"\xed\xa0\x80\"}}",
    ] {
        let error = refusal::<ClientFrame>(Encoding::Text, payload);
        assert_eq!(
            error.map(|error| error.code()),
            Some(ErrorCode::FrameMalformed)
        );
    }
}

#[test]
fn a_frame_of_exactly_the_limit_is_taken() {
    let fill = limits::FRAME_BYTES_MAX - r#"{"ping":{"nonce":1,"later":""}}"#.len();
    let frame = |fill| format!(r#"{{"ping":{{"nonce":1,"later":"{}"}}}}"#, "x".repeat(fill));
    let taken = decode::<ClientFrame>(Encoding::Text, frame(fill).as_bytes());
    assert_eq!(taken, Ok(ClientFrame::Ping { nonce: 1 }));
    let refused = decode::<ClientFrame>(Encoding::Text, frame(fill + 1).as_bytes());
    assert_eq!(
        refused,
        Err(DecodeError::TooLarge(limits::FRAME_BYTES_MAX + 1))
    );
}

#[test]
fn nesting_up_to_the_limit_is_followed() {
    let nested = |levels| {
        let (open, close) = ("[".repeat(levels), "]".repeat(levels));
        format!(r#"{{"ping":{{"nonce":1,"quoted":"[[[[","later":{open}{close}}}}}"#)
    };
    // The frame and its fields are two levels.
    let taken = decode::<ClientFrame>(Encoding::Text, nested(limits::NESTING_MAX - 2).as_bytes());
    assert_eq!(taken, Ok(ClientFrame::Ping { nonce: 1 }));
    let refused =
        refusal::<ClientFrame>(Encoding::Text, nested(limits::NESTING_MAX - 1).as_bytes());
    assert_eq!(
        refused.map(|error| error.code()),
        Some(ErrorCode::FrameMalformed)
    );

    let brackets_in_a_text = format!(
        r#"{{"ping":{{"nonce":1,"later":"\"{}"}}}}"#,
        "[".repeat(500)
    );
    let taken = decode::<ClientFrame>(Encoding::Text, brackets_in_a_text.as_bytes());
    assert_eq!(taken, Ok(ClientFrame::Ping { nonce: 1 }));
}

#[test]
fn what_is_said_about_bad_input_names_it() {
    let said = |text: &str| {
        let error = decode::<ClientFrame>(Encoding::Text, text.as_bytes()).err();
        error.map(|error| error.to_string()).unwrap_or_default()
    };
    assert!(said(r#"{"ping":{}}"#).contains("missing field `nonce`"));
    assert!(said(r#"{"ping":{}}"#).starts_with("ping: "));
    assert!(said(r#"{"pling":{}}"#).contains("pling"));
    assert!(said(r#"{"ack":{"cursor":9007199254740992}}"#).contains("2^53-1"));

    let text_for_a_number = from_hex("a16470696e67a1656e6f6e63656178");
    let error = decode::<ClientFrame>(Encoding::Binary, &text_for_a_number).err();
    let said = error.map(|error| error.to_string()).unwrap_or_default();
    assert!(
        said.contains("ping") && said.contains("a whole number"),
        "{said}"
    );
}
