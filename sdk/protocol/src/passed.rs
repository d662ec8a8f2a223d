//! What a client hands on to its app without looking inside.

/// A value that is decoded where the feature `whole` is on, and stays as it came elsewhere:
/// decoding and encoding a type costs a web page kilobytes, to say the same in other bytes.
#[cfg(feature = "whole")]
pub type Passed<T> = T;

#[cfg(not(feature = "whole"))]
pub use crate::codec::Unread as Passed;
