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
