//! Requests to the apps' own servers: signed, bounded in time and size, never redirected.

mod desk;
mod signature;

use std::{fmt, time::Duration};

use axum::http::{Request, StatusCode, Uri, header};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use seqline_protocol::{Micros, Secret};
use thiserror::Error;
use tokio::time::timeout;

pub use self::{desk::Desk, signature::sign};
use crate::{
    limits::CALLOUT_ANSWER_BYTES_MAX,
    traces::{self, TRACEPARENT},
};

/// Name of the header with the signature.
pub const SIGNATURE_HEADER: &str = "seqline-signature";
/// Name of the header by which an event that is told twice is known.
pub const EVENT_ID_HEADER: &str = "seqline-event-id";

/// Connections that are kept for each server while nothing is asked of it.
const IDLE_CONNECTIONS_MAX: usize = 32;
const IDLE_TIME: Duration = Duration::from_secs(30);

/// Where an app's server is reached, and what requests to it are signed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// `https://…`, or `http://…` within a private network.
    pub url: Uri,
    /// The webhook secret.
    pub secret: Secret,
}

/// Makes the requests. Cheap to clone; connections are shared.
#[derive(Clone)]
pub struct Callout(Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

/// What an app's server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The body.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum CalloutError {
    /// It took too long.
    #[error("no answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// It cannot be reached, or broke off.
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    /// The answer's body broke off, or is too long.
    #[error("the answer cannot be read (it has at most {CALLOUT_ANSWER_BYTES_MAX} bytes): {0}")]
    Unreadable(String),
}

impl Default for Callout {
    fn default() -> Self {
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())
            .expect("ring does TLS 1.2 and 1.3")
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            .pool_idle_timeout(IDLE_TIME)
            .pool_timer(TokioTimer::new())
            .build(connector);
        Self(client)
    }
}

impl fmt::Debug for Callout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Callout")
    }
}

impl Callout {
    /// Posts JSON, signed at `now`, and waits for the whole answer, whatever its status.
    ///
    /// # Errors
    /// [`CalloutError`] if there is none in time.
    pub async fn post(
        &self,
        endpoint: &Endpoint,
        event_id: Option<&str>,
        body: String,
        now: Micros,
        time_max: Duration,
    ) -> Result<Answer, CalloutError> {
        let mut request = Request::post(&endpoint.url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(
                header::USER_AGENT,
                concat!("seqline-relay/", env!("CARGO_PKG_VERSION")),
            )
            .header(SIGNATURE_HEADER, sign(&endpoint.secret, now, &body));
        if let Some(id) = event_id {
            request = request.header(EVENT_ID_HEADER, id);
        }
        if let Some(parent) = traces::current().and_then(|parent| parent.header()) {
            request = request.header(TRACEPARENT, parent);
        }
        let request = request
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| CalloutError::Unreachable(error.to_string()))?;
        self.exchange(request, time_max).await
    }

    /// Sends a request as it is, and waits for the whole answer, whatever its status.
    ///
    /// # Errors
    /// [`CalloutError`] if there is none in time.
    pub async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
        time_max: Duration,
    ) -> Result<Answer, CalloutError> {
        timeout(time_max, self.answer(request))
            .await
            .unwrap_or(Err(CalloutError::Timeout(time_max)))
    }

    async fn answer(&self, request: Request<Full<Bytes>>) -> Result<Answer, CalloutError> {
        let answer = self
            .0
            .request(request)
            .await
            .map_err(|error| CalloutError::Unreachable(causes(&error)))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), CALLOUT_ANSWER_BYTES_MAX)
            .collect()
            .await
            .map_err(|error| CalloutError::Unreadable(error.to_string()))?;
        Ok(Answer {
            status,
            body: body.to_bytes(),
        })
    }
}

/// An error and what caused it: the client's own text alone says little.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
