//! One WebSocket as a wire.

use std::{
    collections::VecDeque,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use futures_util::{Sink as _, Stream as _, StreamExt as _};
use seqline_protocol::{DecodeError, Encoding, ErrorCode};
use tungstenite::error::CapacityError;

use crate::{
    frames::Outgoing,
    session::{Backlog, Event},
    wire::{Incoming, Wire},
};

/// Frames that wait for what is read next, before they are written without it.
const UNFLUSHED_FRAMES_MAX: usize = 32;

pub(super) struct SocketWire {
    socket: WebSocket,
    outgoing: VecDeque<Outgoing>,
    bytes: usize,
    is_flushed: bool,
    /// Frames that were sent since.
    unflushed: usize,
    has_failed: bool,
}

impl SocketWire {
    pub(super) fn new(socket: WebSocket) -> Self {
        Self {
            socket,
            outgoing: VecDeque::new(),
            bytes: 0,
            is_flushed: true,
            unflushed: 0,
            has_failed: false,
        }
    }

    /// What is read next is answered together with what was read before: frames that come
    /// close upon each other cost one write.
    fn poll(&mut self, cx: &mut Context<'_>, may_read: bool) -> Poll<Incoming> {
        if let Poll::Ready(Err(_)) = self.poll_send(cx) {
            return Poll::Ready(Incoming::Ended);
        }
        if may_read
            && !self.has_failed
            && self.unflushed < UNFLUSHED_FRAMES_MAX
            && let Poll::Ready(incoming) = self.poll_read(cx)
        {
            return Poll::Ready(incoming);
        }
        let had_work = !self.is_flushed || !self.outgoing.is_empty();
        match self.poll_write(cx) {
            Poll::Ready(Err(_)) => Poll::Ready(Incoming::Ended),
            Poll::Ready(Ok(())) if had_work => Poll::Ready(Incoming::Progress),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Pending,
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        let message = ready!(Pin::new(&mut self.socket).poll_next(cx));
        Poll::Ready(match message {
            None => Incoming::Ended,
            Some(Ok(Message::Close(_) | Message::Ping(_) | Message::Pong(_))) => {
                // The answer is in the socket's buffer; after a close the socket ends.
                self.is_flushed = false;
                Incoming::Progress
            }
            Some(Ok(Message::Text(text))) => Incoming::Event(Event::Frame {
                encoding: Encoding::Text,
                payload: text.into(),
            }),
            Some(Ok(Message::Binary(payload))) => Incoming::Event(Event::Frame {
                encoding: Encoding::Binary,
                payload,
            }),
            Some(Err(error)) => {
                self.has_failed = true;
                unreadable(error).map_or(Incoming::Ended, |error| {
                    Incoming::Event(Event::Unreadable(error))
                })
            }
        })
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), axum::Error>> {
        ready!(self.poll_send(cx))?;
        if !self.is_flushed {
            ready!(Pin::new(&mut self.socket).poll_flush(cx))?;
            self.is_flushed = true;
            self.unflushed = 0;
        }
        Poll::Ready(Ok(()))
    }

    /// Into the socket's buffer, which writes itself when it is full.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), axum::Error>> {
        while !self.outgoing.is_empty() {
            ready!(Pin::new(&mut self.socket).poll_ready(cx))?;
            if let Some(frame) = self.outgoing.pop_front() {
                self.bytes -= frame.payload.len();
                self.is_flushed = false;
                self.unflushed += 1;
                Pin::new(&mut self.socket).start_send(message(frame)?)?;
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl Wire for SocketWire {
    const SHOWS_SILENCE: bool = true;

    fn queue(&mut self, frame: Outgoing) {
        self.bytes += frame.payload.len();
        self.outgoing.push_back(frame);
    }

    fn backlog(&self) -> Backlog {
        Backlog {
            frames: self.outgoing.len(),
            bytes: self.bytes,
        }
    }

    async fn next(&mut self, may_read: bool) -> Incoming {
        poll_fn(|cx| self.poll(cx, may_read)).await
    }

    async fn close(&mut self, code: ErrorCode) {
        if poll_fn(|cx| self.poll_write(cx)).await.is_err() {
            return;
        }
        let farewell = Message::Close(Some(CloseFrame {
            code: code.close_code().unwrap_or(1000),
            reason: Utf8Bytes::from_static(code.as_str()),
        }));
        if self.socket.send(farewell).await.is_ok() && !self.has_failed {
            while let Some(Ok(_)) = self.socket.next().await {}
        }
    }
}

fn message(frame: Outgoing) -> Result<Message, axum::Error> {
    Ok(match frame.encoding {
        Encoding::Text => {
            Message::Text(Utf8Bytes::try_from(frame.payload).map_err(axum::Error::new)?)
        }
        Encoding::Binary => Message::Binary(frame.payload),
    })
}

/// What a device sent that is no WebSocket message, if there is anyone left to answer.
fn unreadable(error: axum::Error) -> Option<DecodeError> {
    use tungstenite::{Error, error::ProtocolError};
    match *error.into_inner().downcast::<Error>().ok()? {
        Error::Capacity(CapacityError::MessageTooLong { size, .. }) => {
            Some(DecodeError::TooLarge(size))
        }
        Error::Utf8(reason) => Some(DecodeError::Malformed(reason)),
        Error::Protocol(
            ProtocolError::ResetWithoutClosingHandshake | ProtocolError::SendAfterClosing,
        ) => None,
        Error::Protocol(violation) => Some(DecodeError::Malformed(violation.to_string())),
        _ => None,
    }
}
