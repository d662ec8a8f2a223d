//! The methods over HTTP, and their description.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Extension, Query, Request, State, rejection::QueryRejection},
    handler::Handler as _,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use futures_util::{StreamExt as _, stream};
use seqline_protocol::{ConvId, ConvSeq, ErrorCode};
use serde::{Deserialize, Serialize};
use tower_http::compression::CompressionLayer;
use tracing::field::display;

use super::{bearer, body, cors, refusal};
use crate::app::App;
use crate::{
    api::{self, ApiError, Authority, Refused, registry},
    limits::REQUEST_WAIT_MS,
    listener::Visitor,
    traces::{Role, TraceParent, TraceSpan, within},
};

/// The routes below `/v1` that a token opens, and the description that needs none.
pub(super) fn routes(app: &Arc<App>) -> Router<Arc<App>> {
    Router::new()
        .route("/v1/conversations/export", get(export).fallback(call))
        .route("/v1/{group}/{name}", any(call))
        .layer(from_fn(in_time))
        .route(
            "/v1/openapi.json",
            get(openapi.layer(CompressionLayer::new())),
        )
        .layer(from_fn_with_state(Arc::clone(app), cors::cors))
}

async fn call(
    State(app): State<Arc<App>>,
    Extension(visitor): Extension<Visitor>,
    uri: Uri,
    method: Method,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let name = uri.path().trim_start_matches("/v1/").replace('/', ".");
    let mut span = begin_trace(&app, &name, &headers);
    let work = answer(&app, &visitor, (&name, &method), &headers, body);
    let response = match within(span.as_ref().map(TraceSpan::parent), work).await {
        Ok(value) => json(value),
        Err(response) => response,
    };
    if let Some(span) = &mut span {
        let status = response.status();
        span.set("http.response.status_code", i64::from(status.as_u16()));
        if status.is_server_error() {
            span.fail(status.as_u16().to_string());
        }
    }
    response
}

/// Goes on with the caller's trace, or begins one.
fn begin_trace(app: &App, method: &str, headers: &HeaderMap) -> Option<TraceSpan> {
    // Whatever else is asked for, its name is anyone's text.
    let known = app.traces.are_on().then(|| registry::find(method))??;
    let parent = TraceParent::of_headers(headers);
    let mut span = app.traces.begin(known.name, Role::Server, parent)?;
    span.set("http.request.method", "POST");
    span.set("rpc.method", known.name);
    tracing::Span::current().record("trace_id", display(span.parent().trace_id()));
    Some(span)
}

async fn answer(
    app: &Arc<App>,
    visitor: &Visitor,
    (name, method): (&str, &Method),
    headers: &HeaderMap,
    body: Body,
) -> Result<String, Response> {
    let refused = |error: ApiError| {
        app.counters.refused(error.code);
        tracing::debug!(method = name, code = %error.code, "refused");
        error.into_response()
    };
    if registry::find(name).is_none() {
        return Err(refused(ApiError::method_unknown(name)));
    }
    if method != Method::POST {
        return Err(not_allowed());
    }
    if app.draining.is_cancelled() {
        let error = ApiError::new(ErrorCode::Draining, "the relay is stopping");
        return Err(refused(error));
    }
    let caller = bearer::caller(app, visitor, headers).map_err(refused)?;
    if let Some(account) = caller.account() {
        let now = app.clock.now().uptime;
        app.traffic.call(account, name, now).map_err(refused)?;
    }
    let params = body::json_text(headers, body).await?;
    api::call(app, &caller, name, &params)
        .await
        .map_err(refused)
}

/// What is streamed, by query parameters.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exported {
    conv: ConvId,
    #[serde(default)]
    after: ConvSeq,
}

/// A whole conversation, one message a line. If it breaks off, the last line says why.
async fn export(
    State(app): State<Arc<App>>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    asked: Result<Query<Exported>, QueryRejection>,
) -> Result<Response, ApiError> {
    let caller = bearer::caller(&app, &visitor, &headers)?;
    let Authority::Server(of) = caller.authority else {
        let text = "exports are for the app's server: a token of scope server";
        return Err(ApiError::new(ErrorCode::ScopeForbidden, text));
    };
    let Query(asked) = asked.map_err(|error| ApiError::field("", error.body_text()))?;
    let mut pages = Box::pin(api::export_pages(app, of, asked.conv, asked.after));
    // The first one decides whether there is anything to stream.
    let first = pages.next().await.transpose()?;
    let lines = stream::iter(first.map(Ok)).chain(pages).map(|page| {
        let text = match page {
            Ok(page) => page.messages.iter().map(line).collect(),
            Err(error) => line(&Refused::from(error)),
        };
        Ok::<_, std::convert::Infallible>(Bytes::from(text))
    });
    let content_type = [(header::CONTENT_TYPE, "application/x-ndjson")];
    Ok((content_type, Body::from_stream(lines)).into_response())
}

fn line(value: &impl Serialize) -> String {
    let mut line = serde_json::to_string(value).unwrap_or_default();
    line.push('\n');
    line
}

async fn openapi() -> Response {
    let mut response = json(api::document().to_owned());
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

fn json(text: String) -> Response {
    let content_type = [(header::CONTENT_TYPE, "application/json")];
    (content_type, text).into_response()
}

fn not_allowed() -> Response {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    let text = "methods are called by POST, with a JSON object";
    let mut response = refusal(status, "method_not_allowed", text);
    let allowed = HeaderValue::from_static("POST, OPTIONS");
    response.headers_mut().insert(header::ALLOW, allowed);
    response
}

async fn in_time(request: Request, next: Next) -> Response {
    let wait = Duration::from_millis(REQUEST_WAIT_MS);
    match tokio::time::timeout(wait, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let text = "it took too long, and may be done all the same; try again with the same \
                        client_msg_id or idempotency_key";
            ApiError::new(ErrorCode::Overloaded, text).into_response()
        }
    }
}
