//! What a session wants done.

use seqline_protocol::{Conversation, Encoded, Message, Passed};
use serde::Serialize;

use crate::{
    event::{Delivered, Event, Sent},
    failure::Failure,
    input::{CallId, ConnId, DeliveryId, WriteId},
};

/// One thing to do. Do them in order, each before the next input is fed.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Ask the app for a token, and feed [`crate::Input::Token`] or `TokenFailed`.
    FetchToken(TokenReason),
    /// Open a socket.
    Connect(ConnId),
    /// Write a frame to an open socket.
    Write(ConnId, Encoded),
    /// Close a socket. No further input for it is needed; any is ignored.
    Close {
        /// Which one.
        conn: ConnId,
        /// The close code to send: 1000, or 4000 to 4999.
        code: u16,
        /// For people.
        reason: &'static str,
    },
    /// Write to the store, all or nothing, after all earlier writes; feed `Persisted` or
    /// `PersistFailed`.
    Persist(WriteId, Vec<StoreOp>),
    /// Hand events to the app, one after the other; feed `Taken` or `Refused`. The
    /// cursor moves only then.
    Deliver(DeliveryId, Vec<Delivered>),
    /// Tell the app. Nothing depends on it.
    Emit(Event),
    /// Answer a call.
    Answer(CallId, Result<Reply, Failure>),
    /// Feed `Timeout` once at this `mono_ms`; replaces any earlier one. None: never.
    WakeAt(Option<u64>),
}

/// Why a token is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenReason {
    /// To connect.
    Connect,
    /// The relay said that the last one has expired.
    Expired,
    /// The open session's one is about to expire.
    Refresh,
}

/// A change of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreOp {
    /// Keep a record.
    Put(String, Vec<u8>),
    /// Forget a record. Not having it is no failure.
    Delete(String),
}

/// What a call gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Reply {
    /// The relay has stored the message.
    Sent(Sent),
    /// A page of a conversation's history.
    History {
        /// By `conv_seq`, ascending.
        messages: Passed<Vec<Message>>,
        /// Whether there are more.
        more: bool,
    },
    /// A page of the conversation list.
    Conversations {
        /// Most recently active first.
        conversations: Passed<Vec<Conversation>>,
        /// Asks for the next page.
        next: Option<String>,
    },
    /// What a method gave: JSON text.
    Value(String),
    /// It took effect.
    Done,
}
