//! One client's WebSocket: opens, reads and writes, and never waits for one of them alone.

use std::{
    collections::VecDeque,
    future::{Future, pending, poll_fn},
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_util::{SinkExt as _, StreamExt as _};
use seqline_core::ConnId;
use seqline_protocol::Encoded;
use tokio::{
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        Error, Message,
        protocol::{CloseFrame, WebSocketConfig},
    },
};

/// Small: there are thousands, and most frames are.
const READ_BUFFER_BYTES: usize = 4 * 1024;
/// For the other side to take a close.
const CLOSE_WAIT: Duration = Duration::from_secs(2);

type Ws = WebSocketStream<TcpStream>;
type Opening = Pin<Box<dyn Future<Output = Result<Ws, Error>> + Send>>;

/// What happened to a socket.
pub(super) enum SocketEvent {
    Opened(ConnId),
    Received(ConnId, Encoded),
    Closed { conn: ConnId, code: Option<u16> },
}

/// The socket that a session has at the moment, if any.
pub(super) struct Socket {
    conn: ConnId,
    phase: Phase,
    /// Bounded by the session's windows, which count what is not acknowledged.
    outgoing: VecDeque<Message>,
    is_flushed: bool,
}

enum Phase {
    None,
    Opening(Opening),
    Open(Box<Ws>),
}

impl Socket {
    pub(super) fn none() -> Self {
        Self {
            conn: ConnId(0),
            phase: Phase::None,
            outgoing: VecDeque::new(),
            is_flushed: true,
        }
    }

    /// Opens a new one, in the place of any that there is.
    pub(super) fn open(&mut self, conn: ConnId, to: SocketAddr, from: Option<IpAddr>) {
        self.cut();
        self.conn = conn;
        self.phase = Phase::Opening(Box::pin(open(to, from)));
    }

    pub(super) fn write(&mut self, conn: ConnId, frame: Encoded) {
        if conn == self.conn {
            self.outgoing.push_back(match frame {
                Encoded::Binary(bytes) => Message::Binary(bytes.into()),
                Encoded::Text(text) => Message::Text(text.into()),
            });
        }
    }

    /// Says goodbye, with what was still to be written before it.
    pub(super) fn close(&mut self, conn: ConnId, code: u16, reason: &'static str) {
        if conn != self.conn {
            return;
        }
        if let Phase::Open(mut ws) = std::mem::replace(&mut self.phase, Phase::None) {
            let outgoing = std::mem::take(&mut self.outgoing);
            tokio::spawn(timeout(CLOSE_WAIT, async move {
                for message in outgoing {
                    ws.feed(message).await?;
                }
                let code = code.into();
                let reason = reason.into();
                WebSocketStream::close(&mut ws, Some(CloseFrame { code, reason })).await
            }));
        }
        self.cut();
    }

    /// Drops it without a word, as a network that goes away does.
    pub(super) fn cut(&mut self) {
        self.phase = Phase::None;
        self.outgoing.clear();
        self.is_flushed = true;
    }

    pub(super) fn conn(&self) -> Option<ConnId> {
        (!matches!(self.phase, Phase::None)).then_some(self.conn)
    }

    /// Writes what is to be written until something happens.
    pub(super) async fn next(&mut self) -> SocketEvent {
        let conn = self.conn;
        match &mut self.phase {
            Phase::None => pending().await,
            Phase::Opening(opening) => match opening.await {
                Ok(ws) => {
                    self.phase = Phase::Open(Box::new(ws));
                    SocketEvent::Opened(conn)
                }
                Err(_) => self.closed(None),
            },
            Phase::Open(ws) => {
                let (outgoing, is_flushed) = (&mut self.outgoing, &mut self.is_flushed);
                let read = poll_fn(|context| {
                    if poll_write(ws, outgoing, is_flushed, context)?.is_ready() {
                        // All is written: only reading is left to wait for.
                    }
                    poll_read(ws, context)
                });
                match read.await {
                    Ok(Read::Frame(frame)) => SocketEvent::Received(conn, frame),
                    Ok(Read::Close(code)) => self.closed(code),
                    Err(_) => self.closed(None),
                }
            }
        }
    }

    fn closed(&mut self, code: Option<u16>) -> SocketEvent {
        self.cut();
        SocketEvent::Closed {
            conn: self.conn,
            code,
        }
    }
}

enum Read {
    Frame(Encoded),
    Close(Option<u16>),
}

fn poll_write(
    ws: &mut Ws,
    outgoing: &mut VecDeque<Message>,
    is_flushed: &mut bool,
    context: &mut Context<'_>,
) -> Poll<Result<(), Error>> {
    while !outgoing.is_empty() {
        ready!(ws.poll_ready_unpin(context))?;
        if let Some(message) = outgoing.pop_front() {
            ws.start_send_unpin(message)?;
            *is_flushed = false;
        }
    }
    if !*is_flushed {
        ready!(ws.poll_flush_unpin(context))?;
        *is_flushed = true;
    }
    Poll::Ready(Ok(()))
}

fn poll_read(ws: &mut Ws, context: &mut Context<'_>) -> Poll<Result<Read, Error>> {
    loop {
        let Some(message) = ready!(ws.poll_next_unpin(context)?) else {
            return Poll::Ready(Ok(Read::Close(None)));
        };
        return Poll::Ready(Ok(match message {
            Message::Binary(bytes) => Read::Frame(Encoded::Binary(bytes.into())),
            Message::Text(text) => Read::Frame(Encoded::Text(text.as_str().to_owned())),
            Message::Close(frame) => Read::Close(frame.map(|frame| frame.code.into())),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
        }));
    }
}

async fn open(to: SocketAddr, from: Option<IpAddr>) -> Result<Ws, Error> {
    let stream = connect(to, from).await?;
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0);
    let url = format!("ws://{to}/v1/socket");
    let (ws, _) = client_async_with_config(url, stream, Some(config)).await?;
    Ok(ws)
}

/// A connection from a given address of this machine: each has some 28,000 ports of its own.
async fn connect(to: SocketAddr, from: Option<IpAddr>) -> io::Result<TcpStream> {
    let socket = match to {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    if let Some(from) = from {
        socket.bind(SocketAddr::new(from, 0))?;
    }
    let stream = socket.connect(to).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
