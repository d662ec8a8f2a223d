//! A collector of traces, as far as tests need one.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1,
};
use prost::Message as _;
use seqline_relay::traces::TraceRules;
use tokio::{net::TcpListener, sync::Notify, task::JoinHandle, time::timeout};

use super::PATIENCE;

/// One span, in hexadecimal digits and text.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub(crate) name: String,
    pub(crate) trace: String,
    pub(crate) id: String,
    pub(crate) parent: String,
    pub(crate) error: Option<String>,
    pub(crate) attributes: BTreeMap<String, String>,
    /// Of the relay that it is from.
    pub(crate) resource: BTreeMap<String, String>,
}

pub(crate) struct Collector {
    url: String,
    taken: Arc<Taken>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Taken {
    spans: Mutex<Vec<Span>>,
    some: Notify,
}

impl Collector {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/v1/traces", listener.local_addr().unwrap());
        let taken = Arc::<Taken>::default();
        let router = Router::new()
            .route("/v1/traces", post(take))
            .with_state(Arc::clone(&taken));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, taken, task }
    }

    pub(crate) fn rules(&self, sample: f64) -> TraceRules {
        TraceRules {
            url: self.url.parse().unwrap(),
            sample,
            service: "relay under test".to_owned(),
        }
    }

    /// What has come so far.
    pub(crate) fn spans(&self) -> Vec<Span> {
        self.taken.spans.lock().unwrap().clone()
    }

    /// Waits until spans of these names have come, and gives them: all of one trace.
    pub(crate) async fn trace(&self, names: &[&str]) -> BTreeMap<String, Span> {
        let whole = async {
            loop {
                let spans = self.spans();
                let has = |name: &&str| spans.iter().any(|span| span.name == **name);
                if names.iter().all(has) {
                    return spans;
                }
                self.taken.some.notified().await;
            }
        };
        let spans = timeout(PATIENCE, whole)
            .await
            .unwrap_or_else(|_| panic!("{names:?}: {:#?}", self.spans()));
        assert!(
            spans.iter().all(|span| span.trace == spans[0].trace),
            "{spans:#?}"
        );
        let named = spans.into_iter().map(|span| (span.name.clone(), span));
        named.collect()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take(State(taken): State<Arc<Taken>>, body: Bytes) -> StatusCode {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    for of_relay in request.resource_spans {
        let resource = texts(&of_relay.resource.unwrap().attributes);
        for spans in of_relay.scope_spans {
            let spans = spans.spans.into_iter().map(|span| read(span, &resource));
            taken.spans.lock().unwrap().extend(spans);
        }
    }
    taken.some.notify_one();
    StatusCode::OK
}

fn read(span: v1::Span, resource: &BTreeMap<String, String>) -> Span {
    assert!(span.end_time_unix_nano >= span.start_time_unix_nano);
    let error = span.status.filter(|status| status.code == 2);
    Span {
        name: span.name,
        trace: hex(&span.trace_id),
        id: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        error: error.map(|status| status.message),
        attributes: texts(&span.attributes),
        resource: resource.clone(),
    }
}

fn texts(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |one: &KeyValue| match one.value.as_ref().unwrap().value.as_ref().unwrap() {
        Value::StringValue(text) => text.clone(),
        Value::BoolValue(value) => value.to_string(),
        Value::IntValue(value) => value.to_string(),
        other => panic!("{other:?}"),
    };
    let attributes = attributes.iter();
    attributes.map(|one| (one.key.clone(), text(one))).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
