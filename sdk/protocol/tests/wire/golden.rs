//! The vectors in `sdk/protocol/vectors/`: the same bytes for every implementation.
//!
//! After a change of the samples: `SEQLINE_UPDATE_VECTORS=1 cargo test -p seqline-protocol`.

use std::{collections::BTreeSet, fmt::Debug};

use seqline_protocol::{Encoded, Encoding, Frame, decode_binary, decode_text, encode};
use serde::Deserialize;
use serde_json::Value;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::samples::{self, Sample};

/// What each file holds a list of.
#[derive(Deserialize)]
pub(crate) struct Vector {
    pub(crate) name: String,
    pub(crate) json: Value,
    cbor: String,
}

pub(crate) fn client() -> Vec<Vector> {
    read(include_str!("../../vectors/client.json"))
}

pub(crate) fn relay() -> Vec<Vector> {
    read(include_str!("../../vectors/relay.json"))
}

fn read(file: &str) -> Vec<Vector> {
    serde_json::from_str(file).expect("a list of vectors")
}

#[test]
fn client_frames_are_the_vectors() {
    let samples = samples::client();
    if !update("client.json", &samples) {
        check(&samples, &client());
    }
}

#[test]
fn relay_frames_are_the_vectors() {
    let samples = samples::relay();
    if !update("relay.json", &samples) {
        check(&samples, &relay());
    }
}

fn check<F: Frame + PartialEq + Debug>(samples: &[Sample<F>], vectors: &[Vector]) {
    let names = |names: Vec<&String>| -> BTreeSet<String> { names.into_iter().cloned().collect() };
    let sampled = names(samples.iter().map(|(name, _)| name).collect());
    let stored = names(vectors.iter().map(|vector| &vector.name).collect());
    assert_eq!(sampled.len(), samples.len(), "two samples have one name");
    assert_eq!(sampled, stored, "update the vectors");

    for ((name, frame), vector) in samples.iter().zip(vectors) {
        assert_eq!(*name, vector.name);
        let Encoded::Text(text) = encode(Encoding::Text, frame) else {
            panic!("text was asked for");
        };
        let json: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(json, vector.json, "{name} as JSON");
        let cbor = encode(Encoding::Binary, frame);
        assert_eq!(to_hex(cbor.as_bytes()), vector.cbor, "{name} as CBOR");

        let text = vector.json.to_string();
        assert_eq!(decode_text(&text).as_ref(), Ok(frame), "{name} from JSON");
        let bytes = from_hex(&vector.cbor);
        assert_eq!(
            decode_binary(&bytes).as_ref(),
            Ok(frame),
            "{name} from CBOR"
        );
    }
    let used: BTreeSet<_> = vectors.iter().map(|vector| key(&vector.json)).collect();
    let known: BTreeSet<_> = F::NAMES.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(used, known, "a vector for each frame, and no other");
    assert_eq!(known.len(), F::NAMES.len(), "no name twice");
}

/// The frame's name.
pub(crate) fn key(json: &Value) -> String {
    let keys: Vec<_> = json
        .as_object()
        .into_iter()
        .flat_map(|map| map.keys())
        .collect();
    assert_eq!(keys.len(), 1, "a frame has one key: {json}");
    keys.into_iter().cloned().collect()
}

/// True if the file was written instead of checked.
#[cfg(not(target_arch = "wasm32"))]
fn update<F: Frame>(file: &str, samples: &[Sample<F>]) -> bool {
    #[derive(serde::Serialize)]
    struct Written<'a, F> {
        name: &'a str,
        json: &'a F,
        cbor: String,
    }

    if std::env::var_os("SEQLINE_UPDATE_VECTORS").is_none() {
        return false;
    }
    let vectors: Vec<_> = samples
        .iter()
        .map(|(name, frame)| Written {
            name,
            json: frame,
            cbor: to_hex(encode(Encoding::Binary, frame).as_bytes()),
        })
        .collect();
    let mut text = serde_json::to_string_pretty(&vectors).expect("frames serialize");
    text.push('\n');
    let path = format!("{}/vectors/{file}", env!("CARGO_MANIFEST_DIR"));
    std::fs::write(&path, text).expect(&path);
    true
}

#[cfg(target_arch = "wasm32")]
fn update<F: Frame>(_file: &str, _samples: &[Sample<F>]) -> bool {
    false
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn from_hex(hex: &str) -> Vec<u8> {
    assert!(hex.len().is_multiple_of(2), "two digits a byte: {hex}");
    (0..hex.len())
        .step_by(2)
        .map(|at| {
            let digits = hex.get(at..at + 2).expect("ASCII");
            u8::from_str_radix(digits, 16).expect("hexadecimal digits")
        })
        .collect()
}
