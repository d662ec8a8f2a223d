//! Every request has an id, by which its lines in the log are found: the caller's, if it sends one
//! that can be used, else one of our own. A trace that the caller is in (W3C's `traceparent`) is in
//! those lines too.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use tracing::{
    Instrument as _, Span,
    field::{Empty, display},
};

use crate::{app::App, limits::REQUEST_ID_BYTES_MAX, traces::TraceParent};

/// Name of the header, in requests and answers.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives the request its id, and counts what it is answered.
pub(super) async fn identify(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    let id = given(headers).unwrap_or_else(|| drawn(&app));
    let span = span(&id, &request);
    let began = app.clock.now().uptime;
    let mut response = next.run(request).instrument(span.clone()).await;
    let status = response.status();
    app.counters.answered(status);
    let took_ms = (app.clock.now().uptime.saturating_sub(began)).as_millis();
    span.in_scope(|| tracing::debug!(status = status.as_u16(), took_ms, "answered"));
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

fn span(id: &HeaderValue, request: &Request) -> Span {
    let span = tracing::info_span!(
        "request",
        id = id.to_str().unwrap_or_default(),
        method = %request.method(),
        path = request.uri().path(),
        trace_id = Empty,
        parent_id = Empty,
    );
    if let Some(parent) = TraceParent::of_headers(request.headers()) {
        span.record("trace_id", display(parent.trace_id()));
        span.record("parent_id", display(parent.span_id()));
    }
    span
}

/// Plain enough to be looked for, and to stand in a line of its own.
fn given(headers: &HeaderMap) -> Option<HeaderValue> {
    let given = headers.get(REQUEST_ID)?;
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
    let bytes = given.as_bytes();
    let fits = (1..=REQUEST_ID_BYTES_MAX).contains(&bytes.len());
    (fits && bytes.iter().all(is_plain)).then(|| given.clone())
}

fn drawn(app: &App) -> HeaderValue {
    let id = format!("{:016x}", app.entropy.number());
    HeaderValue::from_str(&id).unwrap_or_else(|_| HeaderValue::from_static("unknown"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_taken_if_it_is_plain_and_short() {
        let of = |text: &str| {
            let value = HeaderValue::from_str(text).unwrap();
            given(&HeaderMap::from_iter([(REQUEST_ID, value)]))
        };
        assert!(of("a-1_b.c:d").is_some());
        assert!(of(&"x".repeat(REQUEST_ID_BYTES_MAX)).is_some());
        assert!(of(&"x".repeat(REQUEST_ID_BYTES_MAX + 1)).is_none());
        for bad in ["", "two words", "quote\"", "a/b"] {
            assert!(of(bad).is_none(), "{bad}");
        }
        assert!(given(&HeaderMap::new()).is_none());
    }
}
