//! A value that is passed on as it came.

use std::{cell::RefCell, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Visitor},
    ser::{SerializeMap, SerializeSeq},
};

use super::reader::{Reader, Token};

/// Asks the reader for an item's bytes.
pub(super) const UNREAD: &str = "$unread";

/// The bytes of a well-formed value that is a `T`, if the relay keeps to the protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread<T> {
    bytes: Vec<u8>,
    of: PhantomData<T>,
}

#[cfg(not(feature = "whole"))]
impl<T> Unread<T> {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl<'de, T> Deserialize<'de> for Unread<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = deserializer.deserialize_newtype_struct(UNREAD, Bytes)?;
        Ok(Self {
            bytes,
            of: PhantomData,
        })
    }
}

struct Bytes;

impl<'de> Visitor<'de> for Bytes {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value of CBOR")
    }

    fn visit_borrowed_bytes<E: de::Error>(self, bytes: &'de [u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }
}

impl<T> Serialize for Unread<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let reader = RefCell::new(Reader::new(&self.bytes));
        Next(&reader).serialize(serializer)
    }
}

/// The next item of a reader; it was found well-formed before. What the protocol does not
/// have becomes null.
struct Next<'a, 'de>(&'a RefCell<Reader<'de>>);

impl Serialize for Next<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let token = self.0.borrow_mut().token();
        match token {
            Token::Unsigned(value) => serializer.serialize_u64(value),
            Token::Bool(value) => serializer.serialize_bool(value),
            Token::Text(text) => serializer.serialize_str(text),
            Token::Null => serializer.serialize_none(),
            Token::Array(mut left, len) => {
                let mut seq = serializer.serialize_seq(Some(len))?;
                while self.0.borrow_mut().is_another(&mut left) {
                    seq.serialize_element(self)?;
                }
                seq.end()
            }
            Token::Map(mut left, len) => {
                let mut map = serializer.serialize_map(Some(len))?;
                while self.0.borrow_mut().is_another(&mut left) {
                    map.serialize_entry(self, self)?;
                }
                map.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::{
        super::{from_cbor, to_cbor},
        Unread,
    };

    fn again(bytes: &[u8]) -> Option<Vec<u8>> {
        from_cbor::<Unread<()>>(bytes).map(|unread| to_cbor(&unread))
    }

    #[test]
    fn what_is_not_read_is_written_as_it_came() {
        // {"a": [1, 23, 24, 65536, 4294967296, true, false, null, "é", {}, []], "b": "x"}
        let bytes = b"\xa2\x61a\x8b\x01\x17\x18\x18\x1a\x00\x01\x00\x00\x1b\x00\x00\x00\x01\x00\x00\x00\x00\
            \xf5\xf4\xf6\x62\xc3\xa9\xa0\x80\x61b\x61x";
        assert_eq!(again(bytes).as_deref(), Some(&bytes[..]));
    }

    #[test]
    fn lengths_become_definite_and_what_the_protocol_does_not_have_null() {
        // [_ {_ "a": -1 }, 1.5, h'01', 1("x")]
        let bytes = b"\x9f\xbf\x61a\x20\xff\xf9\x3e\x00\x41\x01\xc1\x61x\xff";
        let expected = b"\x84\xa1\x61a\xf6\xf6\xf6\xf6";
        assert_eq!(again(bytes).as_deref(), Some(&expected[..]));
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for bytes in [&b"\x82\x01"[..], b"\x62\xff\xff", b"\xff", b"", b"\x01\x01"] {
            assert_eq!(again(bytes), None, "{bytes:?}");
        }
    }
}
