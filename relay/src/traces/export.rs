//! Spans on their way to the collector: a bounded queue, which never holds anything up.

use std::{sync::Arc, time::Duration};

use axum::http::{Request, Response, Uri};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body_util::Full;
use opentelemetry::Context;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{Span, SpanData, SpanExporter as _, SpanProcessor},
};
use tokio::{sync::mpsc, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    callout::Callout,
    counters::Counter,
    limits::{TRACE_EXPORT_WAIT_MS, TRACE_FLUSH_WAIT_MS, TRACE_SPANS_WAITING_MAX},
};

/// Spans of one request to the collector.
const BATCH_SPANS_MAX: usize = 512;

/// How long spans are gathered for one request.
const GATHER_TIME: Duration = Duration::from_secs(1);

/// What became of spans.
#[derive(Debug, Default)]
pub struct TraceCounters {
    /// The collector took them.
    pub exported: Counter,
    /// Too many waited.
    pub dropped: Counter,
    /// The collector was away, or did not take them.
    pub failed: Counter,
}

/// Takes spans that have ended.
#[derive(Debug)]
pub(super) struct Queue {
    spans: mpsc::Sender<SpanData>,
    counters: Arc<TraceCounters>,
}

/// Sends them.
pub(super) struct Export {
    spans: mpsc::Receiver<SpanData>,
    exporter: SpanExporter,
    counters: Arc<TraceCounters>,
    is_failing: bool,
}

impl Queue {
    pub(super) fn new(url: &Uri, resource: &Resource) -> Result<(Self, Export), String> {
        let mut exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_http_client(Collector(Callout::default()))
            .with_endpoint(url.to_string())
            .build()
            .map_err(|error| error.to_string())?;
        exporter.set_resource(resource);
        let (sender, receiver) = mpsc::channel(TRACE_SPANS_WAITING_MAX);
        let counters = Arc::<TraceCounters>::default();
        let queue = Self {
            spans: sender,
            counters: Arc::clone(&counters),
        };
        let export = Export {
            spans: receiver,
            exporter,
            counters,
            is_failing: false,
        };
        Ok((queue, export))
    }

    pub(super) fn counters(&self) -> &Arc<TraceCounters> {
        &self.counters
    }
}

impl SpanProcessor for Queue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if self.spans.try_send(span).is_err() {
            self.counters.dropped.add(1);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

impl Export {
    pub(super) async fn run(mut self, stop: CancellationToken) {
        while let Some(batch) = self.gather(&stop).await {
            let count = batch.len();
            let out_of_time = async {
                stop.cancelled().await;
                sleep(Duration::from_millis(TRACE_FLUSH_WAIT_MS)).await;
            };
            tokio::select! {
                biased;
                result = self.exporter.export(batch) => self.note(result, count),
                () = out_of_time => {
                    self.counters.failed.add(count + self.spans.len());
                    return;
                }
            }
        }
    }

    /// Until it is told to stop and nothing is left.
    async fn gather(&mut self, stop: &CancellationToken) -> Option<Vec<SpanData>> {
        let mut batch = Vec::new();
        tokio::select! {
            biased;
            count = self.spans.recv_many(&mut batch, BATCH_SPANS_MAX) => if count == 0 {
                return None;
            },
            () = stop.cancelled() => return None,
        }
        if batch.len() < BATCH_SPANS_MAX {
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = sleep(GATHER_TIME) => {}
            }
            while batch.len() < BATCH_SPANS_MAX
                && let Ok(span) = self.spans.try_recv()
            {
                batch.push(span);
            }
        }
        Some(batch)
    }

    /// The log says it once when it begins, and once when it ends.
    fn note(&mut self, result: OTelSdkResult, count: usize) {
        match result {
            Ok(()) => {
                self.counters.exported.add(count);
                if std::mem::take(&mut self.is_failing) {
                    tracing::info!("the collector takes traces again");
                }
            }
            Err(error) => {
                self.counters.failed.add(count);
                if !std::mem::replace(&mut self.is_failing, true) {
                    tracing::warn!(%error, "the collector takes no traces; they are lost");
                }
            }
        }
    }
}

/// The way to the collector.
#[derive(Debug)]
struct Collector(Callout);

impl HttpClient for Collector {
    fn send_bytes<'a, 'b>(
        &'a self,
        request: Request<Bytes>,
    ) -> BoxFuture<'b, Result<Response<Bytes>, HttpError>>
    where
        'a: 'b,
        Self: 'b,
    {
        let time_max = Duration::from_millis(TRACE_EXPORT_WAIT_MS);
        Box::pin(async move {
            let answer = self.0.exchange(request.map(Full::new), time_max).await?;
            Ok(Response::builder()
                .status(answer.status)
                .body(answer.body)?)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::SystemClock,
        entropy::SystemEntropy,
        traces::{Role, TraceRules, Traces},
    };

    fn traces(sample: f64) -> Traces {
        let rules = TraceRules {
            url: Uri::from_static("http://127.0.0.1:1/v1/traces"),
            sample,
            service: "relay".to_owned(),
        };
        let (clock, entropy) = (Arc::new(SystemClock::start()), Arc::new(SystemEntropy));
        Traces::new(&rules, clock, entropy).unwrap()
    }

    #[test]
    fn what_does_not_fit_is_dropped_and_counted() {
        let traces = traces(1.0);
        for _ in 0..TRACE_SPANS_WAITING_MAX + 5 {
            drop(traces.begin("send", Role::Internal, None).unwrap());
        }
        let counters = traces.counters().unwrap();
        assert_eq!(counters.dropped.get(), 5);
    }

    #[test]
    fn as_many_traces_are_kept_as_asked_for() {
        let kept = |sample| {
            let traces = traces(sample);
            let begun = (0..2_000).map(|_| traces.begin("send", Role::Internal, None));
            begun.flatten().count()
        };
        assert_eq!((kept(0.0), kept(1.0)), (0, 2_000));
        let some = kept(0.1);
        assert!((50..500).contains(&some), "{some}");
        let off = Traces::default();
        assert!(off.begin("send", Role::Internal, None).is_none());
    }
}
