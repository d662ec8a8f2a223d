//! A connection's bytes: whoever does not read what is written is waited for only so long, and
//! whoever is still writing when the relay has ended the connection gets to see why.

use std::{
    error::Error,
    fmt, io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf},
    runtime::Handle,
    sync::Semaphore,
    time::{Sleep, sleep, timeout},
};

use crate::limits::{LINGER_BYTES_MAX, LINGER_MS};

/// What a connection reads from and writes to.
pub(super) struct Stream<I: AsyncRead + AsyncWrite + Unpin + Send + 'static> {
    /// There until it is dropped.
    io: Option<I>,
    write_stall: Duration,
    /// There while a write waits.
    stall: Option<Pin<Box<Sleep>>>,
    /// Whether the peer may still be writing, to whom something was said last.
    owes_hearing: bool,
    lingering: Lingering,
}

/// Closing a socket with unread bytes in it resets the connection, and the peer loses what it was
/// told last. So what it still writes is read for a while, and thrown away.
#[derive(Debug, Clone)]
pub(super) struct Lingering(Arc<Semaphore>);

impl Lingering {
    /// For so many connections at a time; others are closed at once.
    pub(super) fn new(count_max: usize) -> Self {
        Self(Arc::new(Semaphore::new(count_max)))
    }

    /// How many more could be heard out now.
    #[cfg(test)]
    pub(super) fn free(&self) -> usize {
        self.0.available_permits()
    }

    pub(super) fn take<I: AsyncRead + AsyncWrite + Unpin + Send + 'static>(&self, mut io: I) {
        let Ok(place) = Arc::clone(&self.0).try_acquire_owned() else {
            return;
        };
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        runtime.spawn(async move {
            let hear_out = async {
                let _ = io.shutdown().await;
                let mut rest = io.take(LINGER_BYTES_MAX);
                let _ = tokio::io::copy(&mut rest, &mut tokio::io::sink()).await;
            };
            let _ = timeout(Duration::from_millis(LINGER_MS), hear_out).await;
            drop(place);
        });
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin + Send + 'static> Stream<I> {
    pub(super) fn new(io: I, write_stall: Duration, lingering: Lingering) -> Self {
        Self {
            io: Some(io),
            write_stall,
            stall: None,
            owes_hearing: false,
            lingering,
        }
    }

    fn io(&mut self) -> io::Result<Pin<&mut I>> {
        let io = self.io.as_mut().map(Pin::new);
        io.ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// Bounds the time of a write that waits.
    fn watch<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stall = None;
            self.owes_hearing = matches!(written, Poll::Ready(Ok(_)));
            return written;
        }
        let stall = self
            .stall
            .get_or_insert_with(|| Box::pin(sleep(self.write_stall)));
        if stall.as_mut().poll(cx).is_ready() {
            self.owes_hearing = false;
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, Stalled)));
        }
        Poll::Pending
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin + Send + 'static> AsyncRead for Stream<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = self.io()?.poll_read(cx, buffer);
        let has_ended = match &read {
            Poll::Ready(Ok(())) => buffer.filled().len() == before && buffer.remaining() > 0,
            Poll::Ready(Err(_)) => true,
            Poll::Pending => false,
        };
        if has_ended {
            self.owes_hearing = false;
        }
        read
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin + Send + 'static> AsyncWrite for Stream<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = self.io()?.poll_write(cx, bytes);
        self.watch(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = self.io()?.poll_write_vectored(cx, bytes);
        self.watch(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.as_ref().is_some_and(AsyncWrite::is_write_vectored)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io()?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io()?.poll_shutdown(cx)
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin + Send + 'static> Drop for Stream<I> {
    fn drop(&mut self) {
        if let Some(io) = self.io.take()
            && self.owes_hearing
        {
            self.lingering.take(io);
        }
    }
}

/// The peer has not read for too long.
#[derive(Debug)]
struct Stalled;

impl fmt::Display for Stalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the other side reads nothing")
    }
}

impl Error for Stalled {}

/// Whether a connection ended because what was written to it was not read.
pub(super) fn is_stalled(error: &hyper::Error) -> bool {
    let source = error.source();
    let io = source.and_then(|source| source.downcast_ref::<io::Error>());
    let inner = io.and_then(io::Error::get_ref);
    inner.is_some_and(<dyn Error + Send + Sync>::is::<Stalled>)
}
