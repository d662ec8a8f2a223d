//! What is encoded comes back, in either encoding, for any frame of every type.

use std::{cell::RefCell, collections::BTreeSet, fmt::Debug};

use proptest::{prelude::*, strategy::Strategy};
use seqline_protocol::{
    ClientFrame, Encoding, Frame, RelayFrame, decode, decode_binary, decode_text, encode, to_cbor,
};
use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::{golden, property, samples, strategies};

const CASES: u32 = 512;

#[test]
fn any_client_frame_comes_back() {
    comes_back(&strategies::client_frame());
}

#[test]
fn any_relay_frame_comes_back() {
    comes_back(&strategies::relay_frame());
}

fn comes_back<F: Frame + PartialEq + Debug + Clone>(frames: &impl Strategy<Value = F>) {
    let seen = RefCell::new(BTreeSet::new());
    property::check(CASES, frames, |frame| {
        for encoding in [Encoding::Text, Encoding::Binary] {
            let encoded = encode(encoding, &frame);
            prop_assert_eq!(encoded.encoding(), encoding);
            let decoded = decode(encoding, encoded.as_bytes());
            prop_assert_eq!(decoded, Ok(frame.clone()), "{:?}", encoding);
        }
        let by_library = cbor4ii::serde::to_vec(Vec::new(), &frame).expect("a frame serializes");
        prop_assert_eq!(to_cbor(&frame), by_library);
        let json = serde_json::to_value(&frame).expect("a frame serializes");
        seen.borrow_mut().insert(golden::key(&json));
        Ok(())
    });
    let all = F::NAMES.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(seen.into_inner(), all, "every frame was among the cases");
}

#[test]
fn fields_of_a_later_version_are_left_out() {
    for (name, frame) in samples::client() {
        left_out(&name, &frame);
    }
    for (name, frame) in samples::relay() {
        left_out(&name, &frame);
    }
}

/// In all maps but those that name a variant, whose one key decides.
fn left_out<F: Frame + PartialEq + Debug>(name: &str, frame: &F) {
    let mut json = serde_json::to_value(frame).expect("a frame serializes");
    for fields in json
        .as_object_mut()
        .into_iter()
        .flat_map(|map| map.values_mut())
    {
        add_later_fields(fields);
    }
    assert_eq!(decode_text(&json.to_string()).as_ref(), Ok(frame), "{name}");
    let cbor = cbor4ii::serde::to_vec(Vec::new(), &json).expect("JSON is CBOR");
    assert_eq!(decode_binary(&cbor).as_ref(), Ok(frame), "{name}");
}

fn add_later_fields(value: &mut Value) {
    const VARIANTS: [&str; 20] = [
        "message",
        "receipt",
        "read",
        "recall",
        "edit",
        "delete",
        "group",
        "crowd",
        "seen",
        "user",
        "conv",
        "created",
        "joined",
        "left",
        "removed",
        "role",
        "muted",
        "muted_all",
        "edited",
        "dissolved",
    ];
    match value {
        Value::Array(values) => values.iter_mut().for_each(add_later_fields),
        Value::Object(fields) => {
            fields.values_mut().for_each(add_later_fields);
            let names_variant =
                fields.len() == 1 && fields.keys().all(|key| VARIANTS.contains(&key.as_str()));
            if !names_variant {
                fields.insert(
                    "later".to_owned(),
                    json!({ "a": [1.5, null, "x", { "b": true }] }),
                );
            }
        }
        _ => {}
    }
}

#[test]
fn null_is_absent_for_what_is_optional() {
    let frame: ClientFrame = decode_text(r#"{"pull":{"req":1,"after":2,"limit":null}}"#)
        .expect("null stands for an absent field");
    let absent = decode_text(r#"{"pull":{"req":1,"after":2}}"#).expect("an absent field");
    assert_eq!(frame, absent);
}

#[test]
fn order_of_fields_and_white_space_do_not_matter() {
    let frame: RelayFrame = decode_text("\n{ \"pong\" :\t{\"now_us\": 5,\r\n\"nonce\":9 } } ")
        .expect("JSON however it is laid out");
    let expected = RelayFrame::Pong {
        nonce: 9,
        now_us: samples::number(5),
    };
    assert_eq!(frame, expected);
}
