//! A writer of CBOR for serde, small enough for a web page.
//!
//! Writing to memory cannot fail, so its error has no content, and the code of every type
//! that is written need not carry one along; with cbor4ii's it is an eighth larger.
//! Lengths are definite, integers as short as they get.

use std::fmt::Display;

use serde::ser::{
    self, Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct,
    SerializeStructVariant, Serializer,
};

use super::reader::{ARRAY, BYTES, FALSE, MAP, NULL, TEXT, TRUE, UNSIGNED};

/// What is written so far.
pub(super) struct Writer(pub(super) Vec<u8>);

/// A value of a type that the protocol does not have.
#[derive(Debug)]
pub(super) struct Error;

impl Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a type that the protocol does not have")
    }
}

impl std::error::Error for Error {}

impl ser::Error for Error {
    fn custom<T: Display>(_reason: T) -> Self {
        Self
    }
}

type Done = Result<(), Error>;

impl Writer {
    #[inline(never)]
    #[expect(clippy::cast_possible_truncation, reason = "within each arm's range")]
    fn head(&mut self, major: u8, argument: u64) {
        let (short, length) = match argument {
            0..=23 => (argument as u8, 0),
            24..=0xff => (24, 1),
            0x100..=0xffff => (25, 2),
            0x1_0000..=0xffff_ffff => (26, 4),
            _ => (27, 8),
        };
        self.0.push(major << 5 | short);
        let bytes = argument.to_be_bytes();
        self.0
            .extend_from_slice(bytes.get(8 - length..).unwrap_or_default());
    }

    #[inline(never)]
    fn text(&mut self, text: &str) {
        self.head(TEXT, text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    #[inline(never)]
    fn key(&mut self, name: &str) {
        self.head(MAP, 1);
        self.text(name);
    }

    fn unsigned(&mut self, value: u64) -> Done {
        self.head(UNSIGNED, value);
        Ok(())
    }

    fn open(&mut self, major: u8, len: Option<usize>) -> Result<&mut Self, Error> {
        self.head(major, len.ok_or(Error)? as u64);
        Ok(self)
    }
}

macro_rules! unsigned {
    ($($serialize:ident: $type:ty;)*) => {$(
        fn $serialize(self, value: $type) -> Done {
            self.unsigned(value.into())
        }
    )*};
}

macro_rules! none_such {
    ($($serialize:ident($($argument:ty),*);)*) => {$(
        fn $serialize(self, $(_: $argument),*) -> Done {
            Err(Error)
        }
    )*};
}

impl Serializer for &mut Writer {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Self;
    type SerializeTuple = Impossible<(), Error>;
    type SerializeTupleStruct = Impossible<(), Error>;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    unsigned! {
        serialize_u8: u8;
        serialize_u16: u16;
        serialize_u32: u32;
        serialize_u64: u64;
    }

    none_such! {
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_f32(f32);
        serialize_f64(f64);
        serialize_char(char);
        serialize_unit_struct(&'static str);
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Done {
        self.head(BYTES, bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn serialize_bool(self, value: bool) -> Done {
        self.0.push(if value { TRUE } else { FALSE });
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Done {
        self.text(value);
        Ok(())
    }

    fn serialize_none(self) -> Done {
        self.0.push(NULL);
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Done {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Done {
        self.serialize_none()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Done {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Done {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Done {
        self.key(variant);
        value.serialize(self)
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Self, Error> {
        self.open(ARRAY, len)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Error> {
        Err(Error)
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Error> {
        Err(Error)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        Err(Error)
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Self, Error> {
        self.open(MAP, len)
    }

    fn serialize_struct(self, _: &'static str, len: usize) -> Result<Self, Error> {
        self.open(MAP, Some(len))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self, Error> {
        self.key(variant);
        self.open(MAP, Some(len))
    }
}

impl SerializeSeq for &mut Writer {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        value.serialize(&mut **self)
    }

    fn end(self) -> Done {
        Ok(())
    }
}

impl SerializeMap for &mut Writer {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Done {
        key.serialize(&mut **self)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        value.serialize(&mut **self)
    }

    fn end(self) -> Done {
        Ok(())
    }
}

macro_rules! fields {
    ($($of:ident),*) => {$(
        impl $of for &mut Writer {
            type Ok = ();
            type Error = Error;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Done {
                self.text(key);
                value.serialize(&mut **self)
            }

            fn end(self) -> Done {
                Ok(())
            }
        }
    )*};
}

fields!(SerializeStruct, SerializeStructVariant);
