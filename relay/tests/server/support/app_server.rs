//! An app's own server: takes webhooks and answers checks as a test tells it to.

use std::{future::pending, sync::Arc};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};
use seqline_protocol::{Micros, Secret};
use seqline_relay::callout::{EVENT_ID_HEADER, Endpoint, SIGNATURE_HEADER, sign};
use serde_json::Value;
use tokio::{
    net::TcpListener,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::JoinHandle,
    time::timeout,
};

use super::PATIENCE;

pub(crate) const WEBHOOK_SECRET: &str = "what requests are signed with, 32 bytes and more";

/// One request. Its signature was found right.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) event_id: Option<String>,
    pub(crate) json: Value,
    pub(crate) traceparent: Option<String>,
}

pub(crate) enum Answer {
    Status(u16),
    Redirect(&'static str),
    Json(Value),
    Text(&'static str),
    /// None, ever.
    Never,
}

type Decide = Box<dyn Fn(&Seen) -> Answer + Send + Sync>;

pub(crate) struct AppServer {
    url: String,
    seen: UnboundedReceiver<Seen>,
    task: JoinHandle<()>,
}

struct Inner {
    decide: Decide,
    seen: UnboundedSender<Seen>,
}

impl AppServer {
    pub(crate) async fn start(decide: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, seen) = unbounded_channel();
        let inner = Arc::new(Inner {
            decide: Box::new(decide),
            seen: sender,
        });
        let router = Router::new().fallback(answer).with_state(inner);
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, seen, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("{}/events", self.url)
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint {
            url: self.url().parse().unwrap(),
            secret: Secret::new(WEBHOOK_SECRET),
        }
    }

    /// The next request, whatever it was answered.
    pub(crate) async fn next(&mut self) -> Seen {
        timeout(PATIENCE, self.seen.recv())
            .await
            .expect("a request in time")
            .expect("the server lives")
    }

    /// What has come so far and was not taken yet.
    pub(crate) fn so_far(&mut self) -> Vec<Seen> {
        std::iter::from_fn(|| self.seen.try_recv().ok()).collect()
    }
}

impl Drop for AppServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    State(inner): State<Arc<Inner>>,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> Response {
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap());
    if !is_signed(header(SIGNATURE_HEADER).unwrap(), &body) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    assert_eq!(header("content-type"), Some("application/json"));
    let seen = Seen {
        path: uri.path().to_owned(),
        event_id: header(EVENT_ID_HEADER).map(str::to_owned),
        json: serde_json::from_str(&body).unwrap(),
        traceparent: header("traceparent").map(str::to_owned),
    };
    let answer = (inner.decide)(&seen);
    let _ = inner.seen.send(seen);
    match answer {
        Answer::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Answer::Redirect(to) => {
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]).into_response()
        }
        Answer::Json(json) => json.to_string().into_response(),
        Answer::Text(text) => text.into_response(),
        Answer::Never => pending().await,
    }
}

/// Signed with the secret, at the time that it says.
fn is_signed(header: &str, body: &str) -> bool {
    let time_s: u64 = header
        .strip_prefix("t=")
        .and_then(|rest| rest.split(',').next()?.parse().ok())
        .unwrap();
    let at = Micros::new(time_s * 1_000_000).unwrap();
    sign(&Secret::new(WEBHOOK_SECRET), at, body) == header
}
