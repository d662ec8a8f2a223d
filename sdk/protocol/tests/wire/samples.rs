//! One frame of each kind, and of each interesting variant: what the golden vectors hold.

mod client;
mod groups;
mod public;
mod relay;

use seqline_protocol::limits::SAFE_INTEGER_MAX;
use serde::de::{
    DeserializeOwned, IntoDeserializer,
    value::{Error, StrDeserializer, U64Deserializer},
};

pub(crate) use self::{client::client, relay::relay};

/// A name, and the frame that has it in the vectors.
pub(crate) type Sample<F> = (String, F);

const NOW_US: u64 = 1_795_248_000_123_456;
const HOUR_US: u64 = 3_600_000_000;
const MAX: u64 = SAFE_INTEGER_MAX;
const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJhcHAiOiJkZW1vIn0.c2lnbmF0dXJl";
const CONV: &str = "dm:alice:bob";
const CLUB: &str = "group:weekend~club";
/// What an encoder may get wrong: escapes, and what JavaScript once could not read.
const ESCAPES: &str = "\u{0}\u{1f}\u{7f}\"\\/\u{8}\u{c}\n\r\t\u{2028}\u{2029}\u{feff}</script>";
const WORLD: &str = "你好,世界 👋🏽 — naïve ﷽ 👨‍👩‍👧‍👦";

/// Any of the newtypes of text.
pub(crate) fn name<T: DeserializeOwned>(text: &str) -> T {
    let text: StrDeserializer<'_, Error> = text.into_deserializer();
    T::deserialize(text).expect("a valid text")
}

/// Any of the newtypes of integers.
pub(crate) fn number<T: DeserializeOwned>(value: u64) -> T {
    let value: U64Deserializer<Error> = value.into_deserializer();
    T::deserialize(value).expect("a valid number")
}

fn named<F>(samples: Vec<(&str, F)>) -> Vec<Sample<F>> {
    samples
        .into_iter()
        .map(|(name, frame)| (name.to_owned(), frame))
        .collect()
}
