//! The relay's HTTP side: what carries frames, the API, health, and the web pages.

mod admission;
mod api;
mod bearer;
mod body;
mod connection;
mod cors;
mod dev;
mod health;
mod info;
mod metrics;
mod origin;
mod page;
mod polling;
mod refusal;
mod socket;
mod wire;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    handler::Handler as _,
    http::{HeaderValue, StatusCode, header},
    middleware::from_fn_with_state,
    routing::{get, post},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_http::{
    catch_panic::CatchPanicLayer, compression::CompressionLayer,
    set_header::SetResponseHeaderLayer, timeout::TimeoutLayer, trace::TraceLayer,
};

use self::{origin::Origins, refusal::refusal};
use crate::{
    broadcasts::{PublicMailbox, reach::Reach, wave::Waves},
    check::Check,
    circles::Circles,
    clock::Clock,
    counters::Counters,
    entropy::Entropy,
    hub::Hub,
    presence::Presence,
    rooms::Rooms,
    session::SessionRules,
    store::Store,
    writer::WriterQueue,
};

/// What every request handler works with.
pub struct App {
    /// Whether development conveniences are on.
    pub is_dev: bool,
    /// Which web pages may connect.
    pub origins: Origins,
    /// Connections at most; further ones are refused with 503.
    pub sessions_max: usize,
    /// Connections that poll.
    pub polling: Arc<Polling>,
    /// What sessions go by.
    pub rules: Arc<SessionRules>,
    /// What is stored.
    pub store: Arc<dyn Store>,
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
    /// Live rooms.
    pub rooms: Arc<Rooms>,
    /// Who is online, and who watches that.
    pub presence: Arc<Presence>,
    /// Small groups, for what is told and not stored.
    pub circles: Arc<Circles>,
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

/// Time for any request but an upgrade.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// All routes.
pub fn router(app: Arc<App>) -> Router {
    let mut router = Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::metrics))
        .route("/v1/info", get(info::info))
        .route("/v1/socket", get(socket::upgrade));
    if app.is_dev {
        let cors = from_fn_with_state(Arc::clone(&app), cors::cors);
        router = router.route("/dev/token", post(dev::token).layer(cors));
    }
    let api = api::routes(&app);
    let polling = polling::routes(&app);
    let console = get(page::console.layer(CompressionLayer::new()));
    let reference = get(page::reference.layer(CompressionLayer::new()));
    router
        .route(page::CONSOLE, console.clone())
        .route(&format!("{}/", page::CONSOLE), console.clone())
        .route(&format!("{}/{{*file}}", page::CONSOLE), console)
        .route(page::REFERENCE, reference.clone())
        .route(&format!("{}/", page::REFERENCE), reference.clone())
        .route(&format!("{}/{{*file}}", page::REFERENCE), reference)
        .fallback(page::chat.layer(CompressionLayer::new()))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            REQUEST_TIMEOUT,
        ))
        .merge(api)
        .merge(polling)
        .layer(CatchPanicLayer::new())
        .layer(TraceLayer::new_for_http())
        .with_state(app)
}

pub use dev::DEV_APP;
pub use origin::Origins as AllowedOrigins;
pub use polling::Polling;
pub use refusal::status_of;
