//! The relay's HTTP side: what carries frames, the API, health, and the web pages.

mod api;
mod bearer;
mod body;
mod cors;
mod dev;
mod health;
mod info;
mod metrics;
mod origin;
mod page;
mod polling;
mod refusal;
mod request_id;
mod socket;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Extension, Request, State},
    handler::Handler as _,
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use tower_http::{
    catch_panic::CatchPanicLayer, compression::CompressionLayer,
    set_header::SetResponseHeaderLayer, timeout::TimeoutLayer,
};

use self::refusal::refusal;
use crate::{app::App, listener::Visitor};

/// Time for any request but an upgrade.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// All routes; `/metrics` among them, unless it is served elsewhere.
pub fn router(app: Arc<App>, metrics: Option<Watched>) -> Router {
    let mut router = watch(metrics)
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
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            REQUEST_TIMEOUT,
        ))
        .merge(api)
        .merge(polling)
        .layer(from_fn_with_state(Arc::clone(&app), within_limits))
        .layer(CatchPanicLayer::new())
        // What is for everyone says so: the pages, and the description of the API.
        .layer(unless_set(header::CACHE_CONTROL, "no-store"))
        .layer(unless_set(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(from_fn_with_state(Arc::clone(&app), while_draining))
        .layer(from_fn_with_state(Arc::clone(&app), request_id::identify))
        .with_state(app)
}

/// What watches the relay asks for, for a listener of its own.
pub fn watch_router(app: &Arc<App>, metrics: Watched) -> Router {
    watch(Some(metrics))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            REQUEST_TIMEOUT,
        ))
        .layer(from_fn_with_state(Arc::clone(app), request_id::identify))
        .layer(unless_set(header::CACHE_CONTROL, "no-store"))
        .with_state(Arc::clone(app))
}

fn watch(metrics: Option<Watched>) -> Router<Arc<App>> {
    let router = Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready));
    match metrics {
        Some(watched) => router.route("/metrics", get(metrics::metrics).with_state(watched)),
        None => router,
    }
}

fn unless_set(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

/// Of one address, so many requests at a time are answered.
async fn within_limits(
    State(app): State<Arc<App>>,
    Extension(visitor): Extension<Visitor>,
    request: Request,
    next: Next,
) -> Response {
    let now = app.clock.now().uptime;
    match app.traffic.request(visitor.address, now) {
        Ok(()) => next.run(request).await,
        Err(refused) => {
            app.counters.refused(refused.code);
            refused.into_response()
        }
    }
}

/// Whoever is refused by a relay that is about to stop is to come to another one: by a kept
/// connection the next request would come here again, past any load balancer.
async fn while_draining(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let is_refused = response.status().is_client_error() || response.status().is_server_error();
    if is_refused && app.draining.is_cancelled() {
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

pub use dev::DEV_APP;
pub use metrics::Watched;
pub use origin::Origins as AllowedOrigins;
pub use polling::Polling;
pub use refusal::status_of;
