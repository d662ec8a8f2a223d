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
use tracing::{Instrument as _, Span, field::Empty};

use crate::{app::App, limits::REQUEST_ID_BYTES_MAX};

/// Name of the header, in requests and answers.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

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
    let traceparent = request.headers().get(TRACEPARENT);
    let traceparent = traceparent.and_then(|value| value.to_str().ok());
    if let Some((trace_id, parent_id)) = traceparent.and_then(trace) {
        span.record("trace_id", trace_id);
        span.record("parent_id", parent_id);
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

/// Trace and span of `VERSION-TRACE-SPAN-FLAGS`; later versions may have more after it.
fn trace(traceparent: &str) -> Option<(&str, &str)> {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let mut parts = traceparent.split('-');
    let mut part = |digits: usize| {
        let part = parts.next()?;
        (part.len() == digits && part.bytes().all(is_hex)).then_some(part)
    };
    let version = part(2)?;
    let (trace_id, span_id) = (part(32)?, part(16)?);
    part(2)?;
    let is_set = |id: &str| id.bytes().any(|digit| digit != b'0');
    (version != "ff" && is_set(trace_id) && is_set(span_id)).then_some((trace_id, span_id))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    #[test]
    fn a_trace_is_taken_as_w3c_writes_it_and_nothing_else() {
        let whole = format!("00-{TRACE}-{SPAN}-01");
        assert_eq!(trace(&whole), Some((TRACE, SPAN)));
        let later = format!("cc-{TRACE}-{SPAN}-01-what-comes");
        assert_eq!(trace(&later), Some((TRACE, SPAN)));
        for bad in [
            String::new(),
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("00-{TRACE}-{SPAN}"),
            format!("00-{}-{SPAN}-01", "0".repeat(32)),
            format!("00-{TRACE}-{}-01", "0".repeat(16)),
            format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
            format!("00-{TRACE}0-{SPAN}-01"),
        ] {
            assert_eq!(trace(&bad), None, "{bad}");
        }
    }

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
