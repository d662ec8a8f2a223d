//! One WebSocket as a wire.
//!
//! While nothing happens it holds no buffer: the codec is made when something is read or
//! written, and dropped a while after, since its buffers only grow.

use std::{
    collections::VecDeque,
    future::poll_fn,
    io::ErrorKind,
    pin::Pin,
    task::{Context, Poll, ready},
};

use seqline_protocol::{DecodeError, Encoding, ErrorCode, limits::FRAME_BYTES_MAX};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tungstenite::{
    Error, Message, Utf8Bytes,
    error::{CapacityError, ProtocolError},
    protocol::{CloseFrame, Role, WebSocketConfig, WebSocketContext},
};

use super::{boundaries::Boundaries, polled::Polled};
use crate::{
    frames::Outgoing,
    limits::{OVERSIZE_READ_BYTES, SOCKET_READ_BUFFER_BYTES, SOCKET_WRITE_BUFFER_BYTES},
    session::{Backlog, Event},
    wire::{Incoming, Wire},
};

/// Frames that wait for what is read next, before they are written without it.
const UNFLUSHED_FRAMES_MAX: usize = 32;

pub(super) struct SocketWire<S> {
    socket: S,
    boundaries: Boundaries,
    /// None while nothing happens.
    codec: Option<Box<WebSocketContext>>,
    /// The codec gave everything that was read.
    is_drained: bool,
    /// The codec takes frames: it could write what it had, the last time.
    is_ready: bool,
    outgoing: VecDeque<Outgoing>,
    bytes: usize,
    is_flushed: bool,
    /// Frames that were sent since.
    unflushed: usize,
    is_closing: bool,
    has_failed: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> SocketWire<S> {
    /// Of a socket that has shaken hands.
    pub(super) fn new(socket: S) -> Self {
        Self {
            socket,
            boundaries: Boundaries::default(),
            codec: None,
            is_drained: true,
            is_ready: true,
            outgoing: VecDeque::new(),
            bytes: 0,
            is_flushed: true,
            unflushed: 0,
            is_closing: false,
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
        if self.codec.is_none() && !ready!(self.poll_wake(cx)) {
            return Poll::Ready(Incoming::Ended);
        }
        let message = self.with_codec(cx, |codec, socket| codec.read(socket));
        self.is_drained = message.is_pending();
        Poll::Ready(match ready!(message) {
            Ok(Message::Text(text)) => Incoming::Event(Event::Frame {
                encoding: Encoding::Text,
                payload: text.into(),
            }),
            Ok(Message::Binary(payload)) => Incoming::Event(Event::Frame {
                encoding: Encoding::Binary,
                payload,
            }),
            Ok(message) => {
                // The answer is in the codec's buffer; after a close the socket ends.
                self.is_flushed = false;
                self.is_closing |= message.is_close();
                Incoming::Event(Event::Control)
            }
            Err(error) => {
                self.has_failed = true;
                unreadable(error).map_or(Incoming::Ended, |error| {
                    Incoming::Event(Event::Unreadable(error))
                })
            }
        })
    }

    /// Waits for the first bytes after nothing happened. False if there are none any more.
    fn poll_wake(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        let mut bytes = [0; SOCKET_READ_BUFFER_BYTES];
        let mut buffer = ReadBuf::new(&mut bytes);
        let read = ready!(Pin::new(&mut self.socket).poll_read(cx, &mut buffer));
        let bytes = buffer.filled();
        if read.is_err() || bytes.is_empty() {
            return Poll::Ready(false);
        }
        self.boundaries.pass(bytes);
        let codec = WebSocketContext::from_partially_read(bytes.to_vec(), Role::Server, config());
        self.codec = Some(Box::new(codec));
        Poll::Ready(true)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        ready!(self.poll_send(cx))?;
        if !self.is_flushed {
            ready!(self.poll_flush(cx))?;
            self.is_flushed = true;
            self.unflushed = 0;
        }
        Poll::Ready(Ok(()))
    }

    /// Into the codec's buffer, which is written when it is full.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while !self.outgoing.is_empty() {
            if !self.is_ready {
                ready!(self.poll_flush(cx))?;
            }
            if let Some(frame) = self.outgoing.pop_front() {
                self.bytes -= frame.payload.len();
                self.is_flushed = false;
                self.unflushed += 1;
                self.put(cx, message(frame)?)?;
            }
        }
        Poll::Ready(Ok(()))
    }

    /// The codec has it, whether it could be written or not.
    fn put(&mut self, cx: &mut Context<'_>, message: Message) -> Result<(), Error> {
        let written = self.with_codec(cx, |codec, socket| codec.write(socket, message));
        self.is_ready = written.is_ready();
        match written {
            Poll::Ready(result) => result,
            Poll::Pending => Ok(()),
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let flushed = ready!(self.with_codec(cx, |codec, socket| codec.flush(socket)));
        self.is_ready = true;
        Poll::Ready(flushed)
    }

    fn with_codec<T>(
        &mut self,
        cx: &mut Context<'_>,
        act: impl FnOnce(&mut WebSocketContext, &mut Polled<'_, '_, S>) -> Result<T, Error>,
    ) -> Poll<Result<T, Error>> {
        let make = || Box::new(WebSocketContext::new(Role::Server, config()));
        let codec = self.codec.get_or_insert_with(make);
        let mut socket = Polled {
            socket: &mut self.socket,
            boundaries: &mut self.boundaries,
            cx,
        };
        match act(codec, &mut socket) {
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => Poll::Pending,
            result => Poll::Ready(result),
        }
    }

    /// Nothing is in the codec that is still needed.
    fn is_resting(&self) -> bool {
        self.outgoing.is_empty()
            && self.is_flushed
            && self.is_drained
            && self.boundaries.is_at_end()
            && !self.is_closing
            && !self.has_failed
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Wire for SocketWire<S> {
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

    fn shrink(&mut self) {
        self.outgoing.shrink_to_fit();
        if self.is_resting() {
            self.codec = None;
        }
    }

    async fn close(&mut self, code: ErrorCode) {
        if poll_fn(|cx| self.poll_write(cx)).await.is_err() {
            return;
        }
        let farewell = Message::Close(Some(CloseFrame {
            code: code.close_code().unwrap_or(1000).into(),
            reason: Utf8Bytes::from_static(code.as_str()),
        }));
        let mut farewell = Some(farewell);
        let said = poll_fn(|cx| {
            if let Some(farewell) = farewell.take() {
                self.put(cx, farewell)?;
            }
            self.poll_flush(cx)
        });
        if said.await.is_ok() && !self.has_failed {
            while poll_fn(|cx| self.with_codec(cx, |codec, socket| codec.read(socket)))
                .await
                .is_ok()
            {}
        }
    }
}

fn config() -> Option<WebSocketConfig> {
    let config = WebSocketConfig::default()
        .read_buffer_size(SOCKET_READ_BUFFER_BYTES)
        .write_buffer_size(SOCKET_WRITE_BUFFER_BYTES)
        .max_write_buffer_size(SOCKET_WRITE_BUFFER_BYTES + 4 * FRAME_BYTES_MAX)
        // A little over the limit, so that a frame over it is answered, not just cut off.
        .max_frame_size(Some(OVERSIZE_READ_BYTES))
        .max_message_size(Some(OVERSIZE_READ_BYTES));
    Some(config)
}

fn message(frame: Outgoing) -> Result<Message, Error> {
    Ok(match frame.encoding {
        Encoding::Text => Message::Text(
            Utf8Bytes::try_from(frame.payload).map_err(|error| Error::Utf8(error.to_string()))?,
        ),
        Encoding::Binary => Message::Binary(frame.payload),
    })
}

/// What a device sent that is no WebSocket message, if there is anyone left to answer.
fn unreadable(error: Error) -> Option<DecodeError> {
    match error {
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

#[cfg(test)]
mod tests;
