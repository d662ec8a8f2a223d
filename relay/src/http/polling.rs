//! Connections over HTTP, for networks that let no WebSocket through: the same frames, carried
//! by POSTs of which one waits for something to be answered with.
//!
//! ```text
//! POST {}                                     ▶ { connection, wait_ms }
//! POST { connection, send: 1, frames }        ▶ {}           once they are taken in
//! POST { connection, receive: 1 }             ▶ { frames }   once there are any
//! ```
//!
//! Requests and answers get lost, and come twice. Both directions are numbered: what is sent
//! again under a number that was taken in is not taken in again, and the last answer is kept until
//! the next one is asked for.

mod exchange;
mod registry;
mod wire;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Extension, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::from_fn_with_state,
    response::{IntoResponse as _, Response},
    routing::post,
};
use seqline_protocol::{
    Encoded, Encoding, ErrorCode, PollAnswer, PollRequest, Secret, decode_poll, encode_poll,
    limits::{POLL_FRAMES_MAX, POLL_REQUEST_BYTES_MAX},
};
use tokio::{sync::oneshot, time::timeout};
use tracing::Instrument as _;

pub use self::registry::Polling;
use self::{
    exchange::{Ask, Refused},
    wire::PollingWire,
};
use super::{body, cors, refusal};
use crate::{
    admission::admit_visitor, api::ApiError, app::App, connection::Connection,
    limits::REQUEST_WAIT_MS, listener::Visitor,
};

pub(super) fn routes(app: &Arc<App>) -> Router<Arc<App>> {
    Router::new()
        .route("/v1/poll", post(poll))
        .layer(from_fn_with_state(Arc::clone(app), cors::cors))
}

async fn poll(
    State(app): State<Arc<App>>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    app.counters.poll_requests.add(1);
    match answer(&app, &visitor, &headers, body).await {
        Ok((encoding, answer)) => {
            let content_type = HeaderValue::from_static(content_type(encoding));
            ([(header::CONTENT_TYPE, content_type)], answer).into_response()
        }
        Err(refused) => refused,
    }
}

async fn answer(
    app: &Arc<App>,
    visitor: &Visitor,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Encoding, Bytes), Response> {
    let Some(encoding) = encoding_of(headers) else {
        return Err(unsupported(
            "the body is application/json or application/cbor",
        ));
    };
    let reading = body::read(body, POLL_REQUEST_BYTES_MAX);
    let patience = Duration::from_millis(REQUEST_WAIT_MS);
    let read = timeout(patience, reading).await.map_err(|_| too_slow())?;
    let refused = |error: ApiError| {
        app.counters.refused(error.code);
        error.into_response()
    };
    let bytes = read.map_err(refused)?;
    let request: PollRequest = decode_poll(encoding, &bytes)
        .map_err(|error| refused(ApiError::new(error.code(), error.to_string())))?;
    let request = checked(request).map_err(|text| refused(ApiError::field("", text)))?;
    let answer = match request.connection.clone() {
        None => open(app, visitor, encoding).map_err(ApiError::into_response)?,
        Some(connection) => ask(app, &connection, encoding, request).await?,
    };
    Ok((encoding, answer))
}

fn checked(request: PollRequest) -> Result<PollRequest, String> {
    if request.frames.len() > POLL_FRAMES_MAX {
        return Err(format!("`frames` has at most {POLL_FRAMES_MAX} frames"));
    }
    if request.send.is_none() && !request.frames.is_empty() {
        return Err("`frames` are sent with a number: `send`".to_owned());
    }
    if request.send.is_some() && request.receive.is_some() {
        // What is sent may have to wait until what is there for the device is fetched.
        return Err("a request has `send` or `receive`, not both".to_owned());
    }
    let carries = request.send.is_some() || request.receive.is_some() || request.close;
    if request.connection.is_none() && carries {
        let text = "a request without `connection` opens one, and carries nothing else";
        return Err(text.to_owned());
    }
    Ok(request)
}

/// A connection on which nothing was said yet. Its `hello` is a request of its own: one that
/// opened a session and was held up somewhere on its way would end a newer one of that device.
fn open(app: &Arc<App>, visitor: &Visitor, encoding: Encoding) -> Result<Bytes, ApiError> {
    let membership = admit_visitor(app, visitor)?;
    let (listing, asks) = app.polling.list(&*app.entropy, encoding);
    let answer = PollAnswer {
        connection: Some(listing.connection().clone()),
        wait_ms: Some(app.polling.wait_ms()),
        ..PollAnswer::default()
    };
    let wire = PollingWire::new(encoding, asks, listing, Arc::clone(&app.counters));
    let connection = Connection::new(Arc::clone(app), wire, membership);
    let span = tracing::debug_span!("polling");
    app.connections.spawn(connection.run().instrument(span));
    Ok(encoded(encoding, &answer))
}

async fn ask(
    app: &App,
    connection: &Secret,
    encoding: Encoding,
    mut request: PollRequest,
) -> Result<Bytes, Response> {
    let Some((asks, agreed)) = app.polling.find(connection) else {
        return Err(unknown());
    };
    if agreed != encoding {
        let text = "all requests of a connection have the content type of its first";
        return Err(unsupported(text));
    }
    let wait_ms = request.wait_ms.unwrap_or(u32::MAX);
    let wait_ms = wait_ms.min(app.polling.wait_ms());
    request.wait_ms = Some(wait_ms);
    let (reply, replied) = oneshot::channel();
    let asking = async {
        asks.send(Ask { request, reply }).await.map_err(|_| ())?;
        replied.await.map_err(|_| ())
    };
    let patience = Duration::from_millis(u64::from(wait_ms) + REQUEST_WAIT_MS);
    match timeout(patience, asking).await {
        Ok(Ok(Ok(answer))) => Ok(answer),
        Ok(Ok(Err(refused))) => Err(conflict(refused)),
        // It has ended meanwhile.
        Ok(Err(())) => Err(unknown()),
        Err(_) => {
            let text = "what was sent before is still being taken in; ask again";
            Err(ApiError::new(ErrorCode::Overloaded, text).into_response())
        }
    }
}

fn encoded(encoding: Encoding, answer: &PollAnswer) -> Bytes {
    match encode_poll(encoding, answer) {
        Encoded::Text(text) => text.into(),
        Encoded::Binary(bytes) => bytes.into(),
    }
}

const JSON: &str = "application/json";
const CBOR: &str = "application/cbor";

fn content_type(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Text => JSON,
        Encoding::Binary => CBOR,
    }
}

fn encoding_of(headers: &HeaderMap) -> Option<Encoding> {
    let mime = body::mime(headers)?;
    let encodings = [Encoding::Text, Encoding::Binary];
    let mut encodings = encodings.into_iter();
    encodings.find(|one| mime.eq_ignore_ascii_case(content_type(*one)))
}

fn unsupported(text: &str) -> Response {
    let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    refusal(status, "content_type_unsupported", text)
}

fn unknown() -> Response {
    let text = "no such connection: it has ended, or it is another relay's; open a new one";
    refusal(StatusCode::GONE, "connection_unknown", text)
}

fn conflict(refused: Refused) -> Response {
    let (code, text) = match refused {
        Refused::OutOfOrder => (
            "request_out_of_order",
            "`send` and `receive` go up by one, or are repeated; open a new connection",
        ),
        Refused::Overtaken => (
            "request_overtaken",
            "the same was asked again by a later request, which is answered",
        ),
    };
    refusal(StatusCode::CONFLICT, code, text)
}

fn too_slow() -> Response {
    let text = "the request took too long to come in";
    refusal(StatusCode::REQUEST_TIMEOUT, "request_timeout", text)
}

#[cfg(test)]
mod tests;
