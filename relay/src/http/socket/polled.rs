//! An asynchronous socket as the blocking one that the WebSocket codec works with: it never
//! blocks, and the task is woken when there is more to do.

use std::{
    io::{self, ErrorKind, Read, Write},
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::boundaries::Boundaries;

/// A socket for as long as its task is polled.
pub(super) struct Polled<'a, 'b, S> {
    pub(super) socket: &'a mut S,
    pub(super) boundaries: &'a mut Boundaries,
    pub(super) cx: &'a mut Context<'b>,
}

impl<S: AsyncRead + Unpin> Read for Polled<'_, '_, S> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut buffer = ReadBuf::new(into);
        block(Pin::new(&mut *self.socket).poll_read(self.cx, &mut buffer))?;
        self.boundaries.pass(buffer.filled());
        Ok(buffer.filled().len())
    }
}

impl<S: AsyncWrite + Unpin> Write for Polled<'_, '_, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        block(Pin::new(&mut *self.socket).poll_write(self.cx, bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        block(Pin::new(&mut *self.socket).poll_flush(self.cx))
    }
}

fn block<T>(poll: Poll<io::Result<T>>) -> io::Result<T> {
    match poll {
        Poll::Ready(result) => result,
        Poll::Pending => Err(ErrorKind::WouldBlock.into()),
    }
}
