//! Values from Rust to JavaScript.

use js_sys::{Array, Uint8Array};
use seqline_core::StoreOp;
use seqline_protocol::{Encoded, to_cbor};
use serde::Serialize;
use wasm_bindgen::JsValue;

/// As CBOR: the code that writes frames is there anyway, and any other way of making
/// JavaScript values would come on top. Integers are exact: all are at most 2^53 − 1.
pub(crate) fn to_js<T: Serialize>(value: &T) -> JsValue {
    bytes_to_js(&to_cbor(value)).into()
}

pub(crate) fn frame(frame: &Encoded) -> JsValue {
    match frame {
        Encoded::Text(text) => JsValue::from_str(text),
        Encoded::Binary(bytes) => bytes_to_js(bytes).into(),
    }
}

/// `[key, value | null]` pairs.
pub(crate) fn changes(changes: &[StoreOp]) -> Array {
    changes
        .iter()
        .map(|change| match change {
            StoreOp::Put(key, value) => Array::of2(&key.into(), &bytes_to_js(value)),
            StoreOp::Delete(key) => Array::of2(&key.into(), &JsValue::NULL),
        })
        .collect()
}

/// `[key, value]` pairs; what is none is left out.
pub(crate) fn stored(records: &Array) -> Vec<(String, Vec<u8>)> {
    records
        .iter()
        .filter_map(|record| {
            let record = Array::from(&record);
            let value = Uint8Array::new(&record.get(1));
            Some((record.get(0).as_string()?, value.to_vec()))
        })
        .collect()
}

/// A copy with a buffer of its own: a view would show the whole of wasm's memory to
/// whoever takes its `buffer`.
pub(crate) fn bytes_to_js(bytes: &[u8]) -> Uint8Array {
    Uint8Array::from(bytes)
}
