//! Which connections poll, by names that cannot be guessed: whoever has one has the connection.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use seqline_protocol::{Encoding, Secret};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

use super::exchange::Ask;
use crate::{entropy::Entropy, index::Index, limits::POLL_ASKS_MAX};

/// The connections that poll.
#[derive(Debug)]
pub struct Polling {
    wait_ms: u32,
    connections: Mutex<Index<NameDigest, Connected>>,
}

/// Found by its digest, a name is never compared with a guess of it: how long that takes says
/// nothing about how near the guess was.
type NameDigest = [u8; 32];

fn digest(connection: &Secret) -> NameDigest {
    Sha256::digest(connection.expose()).into()
}

#[derive(Debug, Clone)]
struct Connected {
    asks: mpsc::Sender<Ask>,
    encoding: Encoding,
}

impl Polling {
    /// None yet. Polls wait so long for something to be answered with.
    #[must_use]
    pub fn new(wait_ms: u32) -> Self {
        Self {
            wait_ms,
            connections: Mutex::default(),
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.connections().len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn wait_ms(&self) -> u32 {
        self.wait_ms
    }

    /// One more, until its listing is dropped; and what its device asks.
    pub(super) fn list(
        self: &Arc<Self>,
        entropy: &dyn Entropy,
        encoding: Encoding,
    ) -> (Listing, mpsc::Receiver<Ask>) {
        let name = format!("{:016x}{:016x}", entropy.number(), entropy.number());
        let connection = Secret::new(name);
        let (sender, asks) = mpsc::channel(POLL_ASKS_MAX);
        let connected = Connected {
            asks: sender,
            encoding,
        };
        self.connections().insert(digest(&connection), connected);
        let listing = Listing {
            polling: Arc::clone(self),
            connection,
        };
        (listing, asks)
    }

    pub(super) fn find(&self, connection: &Secret) -> Option<(mpsc::Sender<Ask>, Encoding)> {
        let connections = self.connections();
        let found = connections.get(&digest(connection))?;
        Some((found.asks.clone(), found.encoding))
    }

    /// The map is whole after every statement, so a panic elsewhere changes nothing.
    fn connections(&self) -> MutexGuard<'_, Index<NameDigest, Connected>> {
        let connections = self.connections.lock();
        connections.unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place among the connections that poll.
#[derive(Debug)]
pub(super) struct Listing {
    polling: Arc<Polling>,
    connection: Secret,
}

impl Listing {
    pub(super) fn connection(&self) -> &Secret {
        &self.connection
    }
}

impl Drop for Listing {
    fn drop(&mut self) {
        self.polling.connections().remove(&digest(&self.connection));
    }
}
