//! A reader of CBOR for serde, small enough for a web page.
//!
//! cbor4ii's is generic over sources and keeps words for every way to fail; compiled to
//! wasm that took 45 KB, a third of the budget. This one reads from a slice, keeps its
//! primitives out of line, and has words only where the feature `reasons` wants them.
//!
//! Lengths of arrays and maps may be definite or not; texts come in one piece.

mod access;
mod error;

use serde::{
    de::{Deserializer, Visitor},
    forward_to_deserialize_any,
};

use self::access::Access;
pub(super) use self::error::Error;
use crate::limits::NESTING_MAX;

pub(super) const UNSIGNED: u8 = 0;
pub(super) const BYTES: u8 = 2;
pub(super) const TEXT: u8 = 3;
pub(super) const ARRAY: u8 = 4;
pub(super) const MAP: u8 = 5;
const TAG: u8 = 6;
pub(super) const FALSE: u8 = 0xf4;
pub(super) const TRUE: u8 = 0xf5;
pub(super) const NULL: u8 = 0xf6;
const UNDEFINED: u8 = 0xf7;
const BREAK: u8 = 0xff;

/// How many items an array or map has left.
#[derive(Clone, Copy)]
pub(super) enum Left {
    Items(u64),
    UntilBreak,
}

/// An item, or the beginning of one.
#[cfg(any(test, not(feature = "whole")))]
pub(super) enum Token<'de> {
    Unsigned(u64),
    Bool(bool),
    Text(&'de str),
    /// And how many items it has.
    Array(Left, usize),
    /// And how many pairs it has.
    Map(Left, usize),
    Null,
}

/// What is left to read, and how deep it may still nest.
pub(super) struct Reader<'de> {
    rest: &'de [u8],
    nesting_left: usize,
}

impl<'de> Reader<'de> {
    pub(super) fn new(bytes: &'de [u8]) -> Self {
        Self {
            rest: bytes,
            nesting_left: NESTING_MAX,
        }
    }

    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    #[inline(never)]
    fn byte(&mut self) -> Result<u8, Error> {
        let (byte, rest) = self.rest.split_first().ok_or(Error::new("cut short"))?;
        self.rest = rest;
        Ok(*byte)
    }

    /// The first byte of the next item; that of a break at the end.
    fn peek(&self) -> u8 {
        self.rest.first().copied().unwrap_or(BREAK)
    }

    #[inline(never)]
    fn bytes(&mut self, len: u64) -> Result<&'de [u8], Error> {
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let (bytes, rest) = self
            .rest
            .split_at_checked(len)
            .ok_or(Error::new("cut short"))?;
        self.rest = rest;
        Ok(bytes)
    }

    /// The major type of the next item, and its argument if it has one.
    #[inline(never)]
    fn head(&mut self) -> Result<(u8, Option<u64>), Error> {
        let byte = self.byte()?;
        let argument = match byte & 0x1f {
            small @ 0..=23 => Some(u64::from(small)),
            size @ 24..=27 => {
                let bytes = self.bytes(1 << (size - 24))?;
                Some(
                    bytes
                        .iter()
                        .fold(0, |value, byte| value << 8 | u64::from(*byte)),
                )
            }
            31 => None,
            _ => return Err(Error::new("a reserved length")),
        };
        Ok((byte >> 5, argument))
    }

    #[inline(never)]
    fn unsigned(&mut self) -> Result<u64, Error> {
        match self.head()? {
            (UNSIGNED, Some(value)) => Ok(value),
            _ => Err(Error::new("expected a whole number from 0")),
        }
    }

    #[inline(never)]
    fn text(&mut self) -> Result<&'de str, Error> {
        match self.head()? {
            (TEXT, Some(len)) => as_text(self.bytes(len)?),
            _ => Err(Error::new("expected a text in one piece")),
        }
    }

    fn enter(&mut self) -> Result<(), Error> {
        self.nesting_left = self
            .nesting_left
            .checked_sub(1)
            .ok_or(Error::new("nested too deep"))?;
        Ok(())
    }

    #[inline(never)]
    fn open(&mut self, major: u8) -> Result<Left, Error> {
        self.enter()?;
        match self.head()? {
            (found, Some(items)) if found == major => Ok(Left::Items(items)),
            (found, None) if found == major => Ok(Left::UntilBreak),
            _ if major == MAP => Err(Error::new("expected a map")),
            _ => Err(Error::new("expected an array")),
        }
    }

    /// Whether another item follows; closes the array or map if none does.
    #[inline(never)]
    fn another(&mut self, left: &mut Left) -> Result<bool, Error> {
        let another = match left {
            Left::Items(0) => false,
            Left::Items(items) => {
                *items -= 1;
                true
            }
            Left::UntilBreak if self.peek() == BREAK => {
                self.byte()?;
                false
            }
            Left::UntilBreak => true,
        };
        if !another {
            self.nesting_left += 1;
        }
        Ok(another)
    }

    /// Passes over one item that nobody asked for; it has to be well-formed all the same.
    #[inline(never)]
    fn skip(&mut self) -> Result<(), Error> {
        match self.peek() >> 5 {
            major @ (ARRAY | MAP) => {
                let mut left = self.open(major)?;
                while self.another(&mut left)? {
                    self.skip()?;
                    if major == MAP {
                        self.skip()?;
                    }
                }
                Ok(())
            }
            TAG => {
                self.enter()?;
                self.head()?;
                self.skip()?;
                self.nesting_left += 1;
                Ok(())
            }
            TEXT => self.text().map(|_| ()),
            _ => match self.head()? {
                (BYTES, Some(len)) => self.bytes(len).map(|_| ()),
                (_, Some(_)) => Ok(()),
                (_, None) => Err(Error::new("a break, or a string in pieces")),
            },
        }
    }
}

#[cfg(any(test, not(feature = "whole")))]
impl<'de> Reader<'de> {
    /// The next item of what was found well-formed; null for what the protocol does not have.
    #[inline(never)]
    pub(super) fn token(&mut self) -> Token<'de> {
        let token = match self.peek() {
            FALSE | TRUE => self.byte().map(|byte| Token::Bool(byte == TRUE)),
            byte => match byte >> 5 {
                UNSIGNED => self.unsigned().map(Token::Unsigned),
                TEXT => self.text().map(Token::Text),
                ARRAY => self
                    .open(ARRAY)
                    .map(|left| Token::Array(left, self.count(left, 1))),
                MAP => self
                    .open(MAP)
                    .map(|left| Token::Map(left, self.count(left, 2))),
                _ => self.skip().map(|()| Token::Null),
            },
        };
        token.unwrap_or(Token::Null)
    }

    fn count(&self, mut left: Left, items_each: usize) -> usize {
        let mut ahead = Self { ..*self };
        let mut count = 0;
        while ahead.is_another(&mut left) {
            (0..items_each).for_each(|_| drop(ahead.skip()));
            count += 1;
        }
        count
    }

    pub(super) fn is_another(&mut self, left: &mut Left) -> bool {
        self.another(left).unwrap_or(false)
    }

    /// The bytes of the next item.
    #[inline(never)]
    fn item(&mut self) -> Result<&'de [u8], Error> {
        let before = self.rest;
        self.skip()?;
        let len = before.len() - self.rest.len();
        Ok(before.get(..len).unwrap_or_default())
    }
}

fn as_text(bytes: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(bytes).map_err(|_| Error::new("a text that is not UTF-8"))
}

macro_rules! unsigned {
    ($($deserialize:ident, $visit:ident;)*) => {$(
        fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            let value = self.unsigned()?;
            visitor.$visit(value.try_into().map_err(|_| Error::new("a number out of range"))?)
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Error;

    unsigned! {
        deserialize_u8, visit_u8;
        deserialize_u16, visit_u16;
        deserialize_u32, visit_u32;
        deserialize_u64, visit_u64;
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.byte()? {
            FALSE => visitor.visit_bool(false),
            TRUE => visitor.visit_bool(true),
            _ => Err(Error::new("expected true or false")),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_borrowed_str(self.text()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.peek() {
            NULL | UNDEFINED => {
                self.byte()?;
                visitor.visit_none()
            }
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        #[cfg(any(test, not(feature = "whole")))]
        if _name == super::unread::UNREAD {
            return visitor.visit_borrowed_bytes(self.item()?);
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let left = self.open(ARRAY)?;
        visitor.visit_seq(Access::new(self, left))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let left = self.open(MAP)?;
        visitor.visit_map(Access::new(self, left))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if self.peek() >> 5 == TEXT {
            return visitor.visit_enum(&mut *self);
        }
        let mut left = self.open(MAP)?;
        if !self.another(&mut left)? {
            return Err(Error::new("expected a map with one key"));
        }
        let value = visitor.visit_enum(&mut *self)?;
        match self.another(&mut left)? {
            true => Err(Error::new("expected a map with one key")),
            false => Ok(value),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.skip()?;
        visitor.visit_unit()
    }

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Error> {
        Err(Error::new("a type that the protocol does not have"))
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    #[cfg(feature = "whole")]
    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.head()? {
            (BYTES, Some(len)) => visitor.visit_borrowed_bytes(self.bytes(len)?),
            _ => Err(Error::new("expected bytes in one piece")),
        }
    }

    #[cfg(not(feature = "whole"))]
    forward_to_deserialize_any! { bytes }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 f32 f64 char byte_buf unit unit_struct tuple tuple_struct
    }
}
