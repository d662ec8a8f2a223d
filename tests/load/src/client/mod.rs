//! Clients: the core that runs in browsers, driven natively over real sockets.
//!
//! Each is a task of its own. What happens to it is told to an [`App`], in that task.

mod clock;
mod driver;
mod socket;

use seqline_core::{CallId, Delivered, Event, Failure, Input, Reply, Stats};
use seqline_protocol::Target;
use tokio::sync::{mpsc, oneshot};

use self::driver::{Driver, StatsAnswer};
pub use self::{clock::Clock, driver::Device};

/// What waits for one client, at most. Its outbox holds as many messages.
const ORDERS_MAX: usize = 1_000;

/// Where a device gets its tokens.
pub trait TokenSource: Send + Sync {
    /// A token for this user, valid now.
    fn token(&self, user: &str) -> String;
}

/// What an app does with what its client tells it.
pub trait App: Send + 'static {
    /// An entry of a timeline; it counts as taken when this returns.
    fn delivered(&mut self, _event: Delivered) {}

    /// A send was acknowledged, or failed.
    fn answered(&mut self, _call: CallId, _result: Result<Reply, Failure>) {}

    /// Anything else.
    fn told(&mut self, _event: Event) {}
}

/// A client has as much to do as may wait for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{ORDERS_MAX} orders wait for the client already")]
pub struct Busy;

enum Order {
    Input(Input),
    Send {
        call: CallId,
        to: Target,
        body: String,
    },
    Cut,
    Stats(StatsAnswer),
}

/// A running client. It disconnects when this is dropped.
#[derive(Debug)]
pub struct Client {
    orders: mpsc::Sender<Order>,
}

impl std::fmt::Debug for Order {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Order")
    }
}

impl Client {
    /// Starts one, which does not connect yet.
    pub fn start(device: Device, app: impl App) -> Self {
        let (orders, receiver) = mpsc::channel(ORDERS_MAX);
        tokio::spawn(Driver::new(device, app).run(receiver));
        Self { orders }
    }

    /// Connects, and stays connected.
    ///
    /// # Errors
    /// [`Busy`].
    pub fn connect(&self) -> Result<(), Busy> {
        self.order(Order::Input(Input::Connect))
    }

    /// Says goodbye, and stays away.
    ///
    /// # Errors
    /// [`Busy`].
    pub fn disconnect(&self) -> Result<(), Busy> {
        self.order(Order::Input(Input::Disconnect))
    }

    /// Loses its connection without a word. It comes back by itself.
    ///
    /// # Errors
    /// [`Busy`].
    pub fn cut(&self) -> Result<(), Busy> {
        self.order(Order::Cut)
    }

    /// Sends a text; [`App::answered`] gets the answer under the same `call`.
    ///
    /// # Errors
    /// [`Busy`].
    pub fn send(&self, call: CallId, to: Target, body: String) -> Result<(), Busy> {
        self.order(Order::Send { call, to, body })
    }

    /// Its counters; none if it has ended.
    pub async fn stats(&self) -> Option<Stats> {
        let (answer, stats) = oneshot::channel();
        self.orders.send(Order::Stats(answer)).await.ok()?;
        stats.await.ok()
    }

    fn order(&self, order: Order) -> Result<(), Busy> {
        self.orders.try_send(order).map_err(|_| Busy)
    }
}
