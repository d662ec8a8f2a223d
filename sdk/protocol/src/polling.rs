//! What goes over HTTP around the frames of a connection that polls, where there can be no
//! socket. For servers: the package has its own, in TypeScript, which is loaded only then.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, Visitor},
};

use crate::secret::Secret;

/// What a POST and its answer carry.
pub trait Poll: Serialize + DeserializeOwned {}

impl Poll for PollRequest {}
impl Poll for PollAnswer {}

/// One POST of a client. Without `connection`, it asks for a new one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PollRequest {
    /// Which connection, as the relay named it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<Secret>,
    /// The number of what is sent, from 1; the same again if it is sent again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send: Option<u32>,
    /// What is sent, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub frames: Vec<Payload>,
    /// The number of the answer that is asked for, from 1. Whoever asks for one has those before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receive: Option<u32>,
    /// How long to wait for something to answer with, at most, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_ms: Option<u32>,
    /// The connection is over, after these frames.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub close: bool,
}

/// What a POST is answered with.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PollAnswer {
    /// The connection that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<Secret>,
    /// With `connection`: how long the relay waits at most for something to answer with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_ms: Option<u32>,
    /// What came, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub frames: Vec<Payload>,
    /// The relay has closed the connection after these frames, with this code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub close: Option<u16>,
}

/// What one message of a WebSocket would carry: a text in JSON, bytes in CBOR.
#[derive(Clone, PartialEq, Eq)]
pub struct Payload(pub Vec<u8>);

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            let text = std::str::from_utf8(&self.0).map_err(serde::ser::Error::custom)?;
            serializer.serialize_str(text)
        } else {
            serializer.serialize_bytes(&self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_str(PayloadVisitor)
        } else {
            deserializer.deserialize_bytes(PayloadVisitor)
        }
    }
}

struct PayloadVisitor;

impl Visitor<'_> for PayloadVisitor {
    type Value = Payload;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the payload of a frame: a text in JSON, bytes in CBOR")
    }

    fn visit_str<E>(self, text: &str) -> Result<Payload, E> {
        Ok(Payload(text.as_bytes().to_vec()))
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Payload, E> {
        Ok(Payload(bytes.to_vec()))
    }
}
