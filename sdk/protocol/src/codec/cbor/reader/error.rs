//! Why a value could not be read: in words with the feature `reasons`, else only where, and
//! what the value's own type had to say.

use std::fmt::Display;

use serde::de;

/// A failure to read.
#[cfg(feature = "reasons")]
#[derive(Debug)]
pub(in crate::codec::cbor) struct Error {
    reason: String,
}

/// A failure to read. Without content: one that has any makes the code that passes it on
/// half as large again.
#[cfg(not(feature = "reasons"))]
#[derive(Debug)]
pub(in crate::codec::cbor) struct Error;

#[cfg(feature = "reasons")]
impl Error {
    pub(super) fn new(reason: &'static str) -> Self {
        de::Error::custom(reason)
    }

    /// For people: what is wrong, and near which byte.
    pub(in crate::codec::cbor) fn at(&self, byte: usize) -> String {
        format!("{} near byte {byte}", self.reason)
    }

    /// What is wrong, if that can be told.
    pub(in crate::codec::cbor) fn into_reason(self) -> Option<String> {
        Some(self.reason)
    }

    pub(in crate::codec::cbor) fn forget_reason() {}
}

#[cfg(not(feature = "reasons"))]
thread_local! {
    /// What the value's own type last said of itself.
    static REASON: std::cell::Cell<Option<String>> = const { std::cell::Cell::new(None) };
}

#[cfg(not(feature = "reasons"))]
impl Error {
    pub(super) fn new(_reason: &'static str) -> Self {
        Self
    }

    /// For people: near which byte.
    pub(in crate::codec::cbor) fn at(&self, byte: usize) -> String {
        format!("not as expected near byte {byte}")
    }

    /// What is wrong, if that can be told.
    pub(in crate::codec::cbor) fn into_reason(self) -> Option<String> {
        REASON.take()
    }

    pub(in crate::codec::cbor) fn forget_reason() {
        REASON.take();
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not as expected")
    }
}

impl std::error::Error for Error {}

#[cfg(feature = "reasons")]
impl de::Error for Error {
    fn custom<T: Display>(reason: T) -> Self {
        Self {
            reason: reason.to_string(),
        }
    }
}

#[cfg(not(feature = "reasons"))]
impl de::Error for Error {
    fn custom<T: Display>(reason: T) -> Self {
        REASON.set(Some(reason.to_string()));
        Self
    }

    // The provided ones build words that nobody would hear.

    fn invalid_type(_found: de::Unexpected<'_>, _expected: &dyn de::Expected) -> Self {
        Self
    }

    fn invalid_value(_found: de::Unexpected<'_>, _expected: &dyn de::Expected) -> Self {
        Self
    }

    fn invalid_length(_len: usize, _expected: &dyn de::Expected) -> Self {
        Self
    }

    fn unknown_variant(_name: &str, _known: &'static [&'static str]) -> Self {
        Self
    }

    fn unknown_field(_name: &str, _known: &'static [&'static str]) -> Self {
        Self
    }

    fn missing_field(_name: &'static str) -> Self {
        Self
    }

    fn duplicate_field(_name: &'static str) -> Self {
        Self
    }
}
