//! Why a value could not be read: in words with the feature `reasons`, else only where.

use std::fmt::Display;

use serde::de;

/// A failure to read.
#[derive(Debug)]
pub(in crate::codec::cbor) struct Error {
    #[cfg(feature = "reasons")]
    reason: String,
}

impl Error {
    pub(super) fn new(reason: &'static str) -> Self {
        Self::of(reason)
    }

    /// For people: what is wrong, and near which byte.
    pub(in crate::codec::cbor) fn at(&self, byte: usize) -> String {
        #[cfg(feature = "reasons")]
        return format!("{} near byte {byte}", self.reason);
        #[cfg(not(feature = "reasons"))]
        return format!("not as expected near byte {byte}");
    }

    #[cfg(feature = "reasons")]
    fn of<T: Display>(reason: T) -> Self {
        Self {
            reason: reason.to_string(),
        }
    }

    #[cfg(not(feature = "reasons"))]
    fn of<T: Display>(_reason: T) -> Self {
        Self {}
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not as expected")
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: Display>(reason: T) -> Self {
        Self::of(reason)
    }

    // The provided ones build their words before anyone says that they are not wanted.
    #[cfg(not(feature = "reasons"))]
    fn invalid_type(_found: de::Unexpected<'_>, _expected: &dyn de::Expected) -> Self {
        Self {}
    }

    #[cfg(not(feature = "reasons"))]
    fn invalid_value(_found: de::Unexpected<'_>, _expected: &dyn de::Expected) -> Self {
        Self {}
    }

    #[cfg(not(feature = "reasons"))]
    fn invalid_length(_len: usize, _expected: &dyn de::Expected) -> Self {
        Self {}
    }

    #[cfg(not(feature = "reasons"))]
    fn unknown_variant(_name: &str, _known: &'static [&'static str]) -> Self {
        Self {}
    }

    #[cfg(not(feature = "reasons"))]
    fn unknown_field(_name: &str, _known: &'static [&'static str]) -> Self {
        Self {}
    }

    #[cfg(not(feature = "reasons"))]
    fn missing_field(_name: &'static str) -> Self {
        Self {}
    }

    #[cfg(not(feature = "reasons"))]
    fn duplicate_field(_name: &'static str) -> Self {
        Self {}
    }
}
