//! Takes in TCP connections, within bounds, and speaks HTTP/1.1 on them.
//!
//! What a peer can hold up is bounded in time, number and bytes: its headers have a deadline, an
//! answer that it does not read has one, and there are only so many connections that are not
//! sessions (yet), in all and of one address. Requests themselves are [`crate::http`]'s.

mod stream;
mod tls;

use std::{
    io::{self, ErrorKind},
    net::IpAddr,
    pin::pin,
    sync::Arc,
    time::Duration,
};

use axum::{Router, extract::Request};
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service as _, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::sync::CancellationToken;

use self::stream::{Lingering, Stream};
pub use self::tls::{Certificates, TlsError, TlsFiles};
use crate::{
    counters::Counters,
    limits::{
        HEADER_BYTES_MAX, HEADER_WAIT_MS, LINGERING_MAX, REQUEST_BUFFER_BYTES_MAX, VISITORS_MAX,
        VISITORS_PER_ADDRESS_MAX, WRITE_STALL_MS,
    },
    traffic::{Addresses, Place, Tally},
};

/// What is asked of peers before they are anyone.
#[derive(Debug, Clone)]
pub struct ListenerRules {
    /// Who is counted as whom.
    pub addresses: Addresses,
    /// Connections that are not sessions yet, at most; further ones are answered 503.
    pub visitors_max: usize,
    /// The same of one address.
    pub visitors_per_address_max: usize,
    /// Time for a request's headers, and until the next request on the same connection, in
    /// milliseconds.
    pub header_wait_ms: u64,
    /// How long a peer may not read what is written to it, in milliseconds.
    pub write_stall_ms: u64,
}

impl Default for ListenerRules {
    fn default() -> Self {
        Self {
            addresses: Addresses::default(),
            visitors_max: VISITORS_MAX,
            visitors_per_address_max: VISITORS_PER_ADDRESS_MAX,
            header_wait_ms: HEADER_WAIT_MS,
            write_stall_ms: WRITE_STALL_MS,
        }
    }
}

impl ListenerRules {
    /// Counts those that are not sessions yet.
    #[must_use]
    pub fn visitors(&self) -> Arc<Tally> {
        let tally = Tally::new(self.visitors_max, self.visitors_per_address_max);
        Arc::new(tally)
    }
}

/// Who made a request, and its connection's place among those that are not sessions.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// The address, which a trusted proxy may have named.
    pub address: IpAddr,
    /// Counts for as long as it is held.
    pub visit: Arc<Place>,
}

/// What all connections share.
pub(crate) struct Listener {
    router: Router,
    rules: ListenerRules,
    counters: Arc<Counters>,
    visitors: Arc<Tally>,
    lingering: Lingering,
    /// None for plain HTTP.
    certificates: Option<Arc<Certificates>>,
}

impl Listener {
    pub(crate) fn new(
        router: Router,
        rules: ListenerRules,
        visitors: Arc<Tally>,
        counters: Arc<Counters>,
    ) -> Self {
        Self {
            router,
            rules,
            counters,
            visitors,
            lingering: Lingering::new(LINGERING_MAX),
            certificates: None,
        }
    }

    /// Speaks HTTP over TLS only, if there are any.
    pub(crate) fn with_tls(self, certificates: Option<Arc<Certificates>>) -> Self {
        Self {
            certificates,
            ..self
        }
    }

    /// Takes in connections until it is to stop, then lets requests under way end. Dropped, it
    /// ends them too.
    pub(crate) async fn serve(self, listener: TcpListener, stop: CancellationToken) {
        let this = Arc::new(self);
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                _ = connections.join_next(), if !connections.is_empty() => {}
                accepted = listener.accept() => match accepted {
                    Ok((socket, peer)) => {
                        // Small frames that someone waits for: not held back to be sent together.
                        let _ = socket.set_nodelay(true);
                        if let Some((socket, visit)) = this.let_in(socket, peer.ip()) {
                            let connection = Arc::clone(&this);
                            let stop = stop.clone();
                            connections.spawn(async move {
                                connection.greet(socket, peer.ip(), visit, stop).await;
                            });
                        }
                    }
                    Err(error) => back_off(&error).await,
                },
            }
        }
        drop(listener);
        while connections.join_next().await.is_some() {}
    }

    fn let_in(&self, socket: TcpStream, peer: IpAddr) -> Option<(TcpStream, Place)> {
        if let Some(visit) = self.visitors.enter(self.rules.addresses.counted(peer)) {
            return Some((socket, visit));
        }
        self.counters.visitors_refused.add(1);
        // A fresh socket takes so little at once, or is not worth waiting for. Over TLS nothing
        // can be said before a handshake, which is not worth it either.
        if self.certificates.is_none() && socket.try_write(FULL).is_ok() {
            self.lingering.take(socket);
        }
        None
    }

    /// Shakes hands first, where TLS is spoken.
    async fn greet(&self, socket: TcpStream, peer: IpAddr, visit: Place, stop: CancellationToken) {
        let Some(certificates) = &self.certificates else {
            return self.speak(socket, peer, visit, stop).await;
        };
        let wait = Duration::from_millis(self.rules.header_wait_ms);
        let shaken = tokio::select! {
            biased;
            shaken = timeout(wait, shake_hands(socket, certificates)) => shaken,
            () = stop.cancelled() => return,
        };
        match shaken {
            Ok(Ok(stream)) => self.speak(stream, peer, visit, stop).await,
            Ok(Err(refused)) => {
                tracing::debug!(error = %refused.error, "no TLS connection came about");
                self.counters.visitors_without_tls.add(1);
                if let Some(socket) = refused.hear_out {
                    self.lingering.take(socket);
                }
            }
            Err(_) => self.counters.visitors_slow.add(1),
        }
    }

    /// Speaks HTTP on one connection until it ends, or has become a WebSocket.
    async fn speak<I>(&self, io: I, peer: IpAddr, visit: Place, stop: CancellationToken)
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let write_stall = Duration::from_millis(self.rules.write_stall_ms);
        let stream = Stream::new(io, write_stall, self.lingering.clone());
        let visit = Arc::new(visit);
        let router = TowerToHyperService::new(self.router.clone());
        let service = service_fn(|mut request: Request<Incoming>| {
            let visitor = Visitor {
                address: self.rules.addresses.client(peer, request.headers()),
                visit: Arc::clone(&visit),
            };
            request.extensions_mut().insert(visitor);
            router.call(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(Duration::from_millis(self.rules.header_wait_ms))
            .max_header_size(HEADER_BYTES_MAX)
            .max_buf_size(REQUEST_BUFFER_BYTES_MAX)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            biased;
            ended = connection.as_mut() => ended,
            () = stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            self.count(&error);
        }
    }

    fn count(&self, error: &hyper::Error) {
        tracing::debug!(%error, "a connection ended before its request did");
        let counters = &self.counters;
        if error.is_timeout() {
            counters.visitors_slow.add(1);
        } else if error.is_parse() {
            counters.visitors_malformed.add(1);
        } else if stream::is_stalled(error) {
            counters.visitors_stalled.add(1);
        }
    }
}

/// A connection that does not come to TLS.
struct NoTls {
    error: io::Error,
    /// Was told why, and may still be writing.
    hear_out: Option<TcpStream>,
}

impl From<io::Error> for NoTls {
    fn from(error: io::Error) -> Self {
        Self {
            error,
            hear_out: None,
        }
    }
}

/// Whoever speaks HTTP where TLS is expected is told so.
async fn shake_hands(
    socket: TcpStream,
    certificates: &Certificates,
) -> Result<TlsStream<TcpStream>, NoTls> {
    let mut first = [0; 1];
    socket.peek(&mut first).await?;
    if first[0].is_ascii_uppercase() {
        return Err(NoTls {
            hear_out: socket.try_write(SPEAKS_TLS).is_ok().then_some(socket),
            error: io::Error::new(ErrorKind::InvalidData, "plain HTTP"),
        });
    }
    let acceptor = TlsAcceptor::from(certificates.config());
    Ok(acceptor.accept(socket).await?)
}

/// What plain HTTP is answered where TLS is expected.
const SPEAKS_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\
    content-type: application/json\r\n\
    content-length: 104\r\n\
    connection: close\r\n\r\n\
    {\"error\":{\"code\":\"tls_expected\",\"message\":\"use https:// or wss:// for this address\",\"retryable\":false}}\n";

/// What is answered where there is no room, before anything is read.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: application/json\r\n\
    content-length: 92\r\n\
    retry-after: 1\r\n\
    connection: close\r\n\r\n\
    {\"error\":{\"code\":\"overloaded\",\"message\":\"too many connections; try later\",\"retryable\":true}}";

/// The peer's failure is nothing to wait for; the machine's (no descriptors left) is.
async fn back_off(error: &io::Error) {
    let is_peers = matches!(
        error.kind(),
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset
    );
    if !is_peers {
        tracing::error!(%error, "cannot take in a connection");
        sleep(ACCEPT_PAUSE).await;
    }
}

/// As long, what there is may end and make room.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests;
