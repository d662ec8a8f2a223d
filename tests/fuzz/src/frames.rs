//! The codec: any bytes are a frame or a coded error; a frame survives both encodings; and what
//! our CBOR means is what another library says it means.
//!
//! An input's first byte says which encoding: even for JSON, odd for CBOR.

use std::fmt::Debug;

use seqline_protocol::{
    ClientFrame, Encoded, Encoding, Frame, Poll, PollAnswer, PollRequest, RelayFrame, decode,
    decode_poll, encode, encode_poll,
    limits::{BODY_BYTES_MAX, FRAME_BYTES_MAX},
};
use serde::{Serialize, de::DeserializeOwned};

/// What clients say.
pub fn client(input: &[u8]) {
    if let Some(frame) = frame::<ClientFrame>(input)
        && let ClientFrame::Send(send) = frame
    {
        assert!(send.body.len() <= 2 * BODY_BYTES_MAX, "a body of any size");
    }
}

/// What relays say.
pub fn relay(input: &[u8]) {
    frame::<RelayFrame>(input);
}

/// What goes over HTTP around frames.
pub fn polls(input: &[u8]) {
    poll::<PollRequest>(input);
    poll::<PollAnswer>(input);
}

fn frame<F: Frame + PartialEq + Debug>(input: &[u8]) -> Option<F> {
    let (encoding, payload) = split(input)?;
    let frame = match decode::<F>(encoding, payload) {
        Ok(frame) => frame,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            assert!(
                error.to_string().len() < 2_048,
                "an answer as long as the question"
            );
            return None;
        }
    };
    assert!(payload.len() <= FRAME_BYTES_MAX);
    for way in [Encoding::Text, Encoding::Binary] {
        let bytes = encode(way, &frame);
        // A frame that fits may grow a little in the other encoding.
        if bytes.as_bytes().len() <= FRAME_BYTES_MAX {
            let again = decode::<F>(way, bytes.as_bytes()).expect("what was encoded");
            assert_eq!(again, frame, "{way:?}");
            assert_eq!(
                encode(way, &again),
                bytes,
                "{way:?}: one form for each frame"
            );
        }
        agrees_with_others(&bytes, &frame);
    }
    Some(frame)
}

fn poll<T: Poll + PartialEq + Debug>(input: &[u8]) {
    let Some((encoding, body)) = split(input) else {
        return;
    };
    let Ok(poll) = decode_poll::<T>(encoding, body) else {
        return;
    };
    let bytes = encode_poll(encoding, &poll);
    let again = decode_poll::<T>(encoding, bytes.as_bytes()).expect("what was encoded");
    assert_eq!(again, poll);
    agrees_with_others(&bytes, &poll);
}

/// What we have encoded, `serde_json` and cbor4ii read alike; and their encoding we read.
fn agrees_with_others<T>(encoded: &Encoded, value: &T)
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
{
    match encoded {
        Encoded::Text(text) => {
            let theirs: T = serde_json::from_str(text).expect("JSON");
            assert_eq!(&theirs, value, "serde_json reads something else");
        }
        Encoded::Binary(bytes) => {
            let theirs: T = cbor4ii::serde::from_slice(bytes).expect("CBOR");
            assert_eq!(&theirs, value, "cbor4ii reads something else");
            let written = cbor4ii::serde::to_vec(Vec::new(), value).expect("written by cbor4ii");
            assert_eq!(&written, bytes, "cbor4ii writes something else");
        }
    }
}

fn split(input: &[u8]) -> Option<(Encoding, &[u8])> {
    let (way, payload) = input.split_first()?;
    let encoding = match way % 2 {
        0 => Encoding::Text,
        _ => Encoding::Binary,
    };
    Some((encoding, payload))
}
