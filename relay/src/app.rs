//! What a relay is made of, once it runs.

use std::sync::Arc;

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    admission::Logins,
    broadcasts::{PublicMailbox, reach::Reach, wave::Waves},
    check::Check,
    circles::Circles,
    clock::Clock,
    counters::Counters,
    entropy::Entropy,
    fleet::Fleet,
    http::{AllowedOrigins, Polling},
    hub::Hub,
    presence::Presence,
    rooms::Rooms,
    session::SessionRules,
    store::Store,
    store_health::StoreHealth,
    traces::Traces,
    traffic::Traffic,
    writer::WriterQueue,
};

/// What connections, requests and methods work with.
pub struct App {
    /// Whether development conveniences are on.
    pub is_dev: bool,
    /// Which web pages may connect.
    pub origins: AllowedOrigins,
    /// Connections at most; further ones are refused with 503.
    pub sessions_max: usize,
    /// Log-ins under way, and those that wait for their turn.
    pub logins: Arc<Logins>,
    /// What addresses and users have used of what they may.
    pub traffic: Arc<Traffic>,
    /// Connections that poll.
    pub polling: Arc<Polling>,
    /// What sessions go by.
    pub rules: Arc<SessionRules>,
    /// What is stored.
    pub store: Arc<dyn Store>,
    /// Whether it takes writes.
    pub store_health: Arc<StoreHealth>,
    /// The way to store more.
    pub writer: WriterQueue,
    /// What is merged into pulls.
    pub public: Arc<PublicMailbox>,
    /// Counts whom broadcasts reach.
    pub reach: Arc<Reach>,
    /// Tells who is connected.
    pub waves: Arc<Waves>,
    /// Asks an app's server about each message before it is stored.
    pub check: Option<Arc<dyn Check>>,
    /// Who is connected.
    pub hub: Arc<Hub>,
    /// Other relays on the same database.
    pub fleet: Arc<Fleet>,
    /// Live rooms.
    pub rooms: Arc<Rooms>,
    /// Who is online, and who watches that.
    pub presence: Arc<Presence>,
    /// Small groups, for what is told and not stored.
    pub circles: Arc<Circles>,
    /// Where traces go.
    pub traces: Traces,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// What is counted.
    pub counters: Arc<Counters>,
    /// Follows the connections' tasks, which axum's shutdown does not wait for.
    pub connections: TaskTracker,
    /// Set once the relay is stopping.
    pub draining: CancellationToken,
}
