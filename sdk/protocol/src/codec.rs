//! Frames to bytes and back: JSON in text frames, CBOR (RFC 8949) in binary ones.
//!
//! Decoding takes any bytes whatever and answers with a frame or a coded error; it
//! never panics, never allocates more than the input's size warrants, and follows
//! nesting only to [`crate::limits::NESTING_MAX`].

mod cbor;
mod fault;
#[cfg(feature = "json")]
mod json;

use serde::{
    Deserialize, Serialize,
    de::{DeserializeOwned, IgnoredAny},
};
use thiserror::Error;

#[cfg(not(feature = "whole"))]
pub use self::cbor::Unread;
pub use self::cbor::{from_cbor, to_cbor, try_from_cbor};
use self::fault::Fault;
#[cfg(feature = "json")]
use crate::polling::Poll;
use crate::{client::ClientFrame, codes::ErrorCode, limits::FRAME_BYTES_MAX, relay::RelayFrame};

/// Which of the two encodings a connection speaks. A relay answers in kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// JSON in text frames: for people, and for languages without CBOR.
    Text,
    /// CBOR in binary frames: smaller, and faster to decode.
    #[default]
    Binary,
}

/// A frame as it goes over the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encoded {
    /// The payload of a text frame.
    Text(String),
    /// The payload of a binary frame.
    Binary(Vec<u8>),
}

impl Encoded {
    /// Which encoding it is in.
    #[must_use]
    pub fn encoding(&self) -> Encoding {
        match self {
            Self::Text(_) => Encoding::Text,
            Self::Binary(_) => Encoding::Binary,
        }
    }

    /// The payload's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }
}

/// Why bytes are not a frame.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// More bytes than a frame may have.
    #[error("a frame has at most {FRAME_BYTES_MAX} bytes, this one has {0}")]
    TooLarge(usize),
    /// Not the encoding that it says it is, cut short, not UTF-8, or nested too deep.
    #[error("not a well-formed frame: {0}")]
    Malformed(String),
    /// Well formed, of a name that this version does not know.
    #[error("no frame has the name '{0}'")]
    Unknown(String),
    /// A known frame with a field that is missing, of the wrong type, or out of range.
    #[error("{frame}: {reason}")]
    Field {
        /// The frame's name.
        frame: String,
        /// What is wrong, and with which field.
        reason: String,
    },
}

impl DecodeError {
    /// The code to answer with.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::TooLarge(_) => ErrorCode::FrameTooLarge,
            Self::Malformed(_) => ErrorCode::FrameMalformed,
            Self::Unknown(_) => ErrorCode::FrameUnknown,
            Self::Field { .. } => ErrorCode::FieldInvalid,
        }
    }
}

/// What can be encoded and decoded: [`ClientFrame`] and [`RelayFrame`].
pub trait Frame: Serialize + DeserializeOwned {
    /// The names that the frames have on the wire.
    const NAMES: &'static [&'static str];
}

impl Frame for ClientFrame {
    const NAMES: &'static [&'static str] = &[
        "hello",
        "send",
        "ack",
        "pull",
        "read",
        "recall",
        "history",
        "conversations",
        "ephemeral",
        "call",
        "state",
        "refresh",
        "ping",
    ];
}

impl Frame for RelayFrame {
    const NAMES: &'static [&'static str] = &[
        "welcome",
        "sent",
        "push",
        "notify",
        "page",
        "history",
        "conversations",
        "done",
        "refreshed",
        "reset",
        "kick",
        "goaway",
        "pong",
        "ephemeral",
        "result",
        "event",
        "error",
    ];
}

/// Encodes a frame. Without the feature `json`, always as CBOR.
#[must_use]
pub fn encode<F: Frame>(encoding: Encoding, frame: &F) -> Encoded {
    match encoding {
        #[cfg(feature = "json")]
        Encoding::Text => Encoded::Text(json::write(frame)),
        _ => Encoded::Binary(to_cbor(frame)),
    }
}

/// Characters of a reason: it may quote the input, and has to fit an `error` frame.
const REASON_CHARS_MAX: usize = 256;

/// Decodes the payload of a frame.
///
/// # Errors
/// [`DecodeError`] says why the bytes are not a frame.
pub fn decode<F: Frame>(encoding: Encoding, payload: &[u8]) -> Result<F, DecodeError> {
    if payload.len() > FRAME_BYTES_MAX {
        return Err(DecodeError::TooLarge(payload.len()));
    }
    parse(encoding, payload).map_err(|fault| classify::<F>(encoding, payload, fault))
}

/// Decodes the payload of a text frame.
///
/// # Errors
/// As [`decode`].
pub fn decode_text<F: Frame>(payload: &str) -> Result<F, DecodeError> {
    decode(Encoding::Text, payload.as_bytes())
}

/// Decodes the payload of a binary frame.
///
/// # Errors
/// As [`decode`].
pub fn decode_binary<F: Frame>(payload: &[u8]) -> Result<F, DecodeError> {
    decode(Encoding::Binary, payload)
}

/// Encodes what goes over HTTP around frames.
#[cfg(feature = "json")]
#[must_use]
pub fn encode_poll<T: Poll>(encoding: Encoding, poll: &T) -> Encoded {
    match encoding {
        Encoding::Text => Encoded::Text(json::write(poll)),
        Encoding::Binary => Encoded::Binary(to_cbor(poll)),
    }
}

/// Decodes what goes over HTTP around frames. Its size is for the caller to bound.
///
/// # Errors
/// [`DecodeError::Malformed`] and [`DecodeError::Field`].
#[cfg(feature = "json")]
pub fn decode_poll<T: Poll>(encoding: Encoding, body: &[u8]) -> Result<T, DecodeError> {
    if encoding == Encoding::Text && !body.trim_ascii_start().starts_with(b"{") {
        // serde_json takes a list for one.
        return Err(DecodeError::Malformed("it is not a map".to_owned()));
    }
    parse(encoding, body).map_err(|fault| match fault {
        Fault::Other(reason) if parse::<IgnoredAny>(encoding, body).is_ok() => DecodeError::Field {
            frame: "poll".to_owned(),
            reason: clip(&reason),
        },
        fault => DecodeError::Malformed(clip(&fault.into_reason())),
    })
}

fn parse<'de, T: Deserialize<'de>>(encoding: Encoding, payload: &'de [u8]) -> Result<T, Fault> {
    match encoding {
        #[cfg(feature = "json")]
        Encoding::Text => json::parse(payload),
        #[cfg(not(feature = "json"))]
        Encoding::Text => Err(Fault::Malformed("built without JSON".to_owned())),
        Encoding::Binary => cbor::parse(payload),
    }
}

/// Tells apart what serde reports alike. Runs on refused input only: good frames
/// are parsed once.
fn classify<F: Frame>(encoding: Encoding, payload: &[u8], fault: Fault) -> DecodeError {
    let reason = match fault {
        Fault::Malformed(reason) => return DecodeError::Malformed(clip(&reason)),
        Fault::Other(reason) => clip(&reason),
    };
    match parse::<OneKey>(encoding, payload) {
        Err(fault) => DecodeError::Malformed(clip(&fault.into_reason())),
        Ok(OneKey(None)) => DecodeError::Malformed("a frame is a map with one key".to_owned()),
        Ok(OneKey(Some(name))) if F::NAMES.contains(&name.as_str()) => DecodeError::Field {
            frame: name,
            reason,
        },
        Ok(OneKey(Some(name))) => DecodeError::Unknown(clip(&name)),
    }
}

fn clip(text: &str) -> String {
    text.chars().take(REASON_CHARS_MAX).collect()
}

/// The name of whatever is shaped like a frame; none for well-formed input of another shape.
struct OneKey(Option<String>);

impl<'de> Deserialize<'de> for OneKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = OneKey;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a map with one key")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<OneKey, A::Error> {
                let mut name = None;
                let mut keys = 0;
                while let Some(key) = map.next_key::<String>()? {
                    map.next_value::<IgnoredAny>()?;
                    name = Some(key);
                    keys += 1;
                }
                Ok(OneKey(name.filter(|_| keys == 1)))
            }
        }

        deserializer.deserialize_map(Visitor)
    }
}
