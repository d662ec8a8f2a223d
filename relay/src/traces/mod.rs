//! Traces for OpenTelemetry: what becomes of one message, from the frame or request that brings it
//! to the push or pull that hands it to a device, on whichever relay.
//!
//! Spans are begun by hand where things begin, and carried along with what they are about: a
//! message is committed together with others, and told by tasks that have nothing to do with its
//! sender. So there is no ambient span, but for calls of methods and questions to apps' servers,
//! which are one task each ([`within`]).
//!
//! Off, all of this is one look at an empty option for each message. Spans never say what is in a
//! message, nor who sends or receives it.

mod export;
mod parent;
mod recent;
mod span;
mod told;

use std::{
    borrow::Cow,
    fmt,
    future::{Future, ready},
    sync::{Arc, Mutex, PoisonError},
};

use axum::http::Uri;
use futures_util::future::Either;
use opentelemetry::{
    Context, InstrumentationScope, KeyValue,
    trace::{
        Link, SpanBuilder, SpanId, SpanKind, TraceContextExt as _, TraceId, TracerProvider as _,
    },
};
use opentelemetry_sdk::{
    Resource,
    trace::{IdGenerator, Sampler, SdkTracer, SdkTracerProvider},
};
use seqline_protocol::{ConvId, ConvKind};
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use self::export::{Export, Queue};
pub use self::{
    export::TraceCounters,
    parent::{TRACEPARENT, TraceParent, current, within},
    recent::Recent,
    span::TraceSpan,
    told::Told,
};
use crate::{clock::Clock, entropy::Entropy, store};

/// Where traces go, and how many.
#[derive(Debug, Clone)]
pub struct TraceRules {
    /// The collector: OTLP over HTTP, with its path.
    pub url: Uri,
    /// How many of the traces that begin here are kept, from 0 to 1.
    pub sample: f64,
    /// `service.name`.
    pub service: String,
}

/// Traces cannot be told.
#[derive(Debug, Error)]
#[error("traces cannot be sent to {url}: {reason}")]
pub struct TraceError {
    url: Uri,
    reason: String,
}

/// A relay's traces. Cheap to clone; off by default.
#[derive(Clone, Default)]
pub struct Traces(Option<Arc<On>>);

struct On {
    tracer: SdkTracer,
    clock: Arc<dyn Clock>,
    counters: Arc<TraceCounters>,
    /// Until it runs.
    export: Mutex<Option<Export>>,
}

/// What a span is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Answers a request of someone outside.
    Server,
    /// Asks someone outside.
    Client,
    /// Hands something on that is taken later.
    Producer,
    /// Takes what was handed on.
    Consumer,
    /// Works.
    Internal,
}

impl Traces {
    /// Traces that go to a collector, once [`run`](Self::run) runs.
    ///
    /// # Errors
    /// [`TraceError`].
    pub fn new(
        rules: &TraceRules,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, TraceError> {
        let instance = format!("{:016x}", entropy.number());
        let resource = Resource::builder_empty()
            .with_service_name(rules.service.clone())
            .with_attributes([
                KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
                KeyValue::new("service.instance.id", instance),
            ])
            .build();
        let (queue, export) = Queue::new(&rules.url, &resource).map_err(|reason| TraceError {
            url: rules.url.clone(),
            reason,
        })?;
        let counters = Arc::clone(queue.counters());
        let sampler = Sampler::TraceIdRatioBased(rules.sample);
        let provider = SdkTracerProvider::builder()
            .with_sampler(Sampler::ParentBased(Box::new(sampler)))
            .with_id_generator(DrawnIds(entropy))
            .with_resource(resource)
            .with_span_processor(queue)
            .build();
        let scope = InstrumentationScope::builder("seqline-relay")
            .with_version(env!("CARGO_PKG_VERSION"))
            .build();
        Ok(Self(Some(Arc::new(On {
            tracer: provider.tracer_with_scope(scope),
            clock,
            counters,
            export: Mutex::new(Some(export)),
        }))))
    }

    /// Whether there are any.
    #[must_use]
    pub fn are_on(&self) -> bool {
        self.0.is_some()
    }

    /// What became of spans; none if traces are off.
    #[must_use]
    pub fn counters(&self) -> Option<&TraceCounters> {
        self.0.as_ref().map(|on| &*on.counters)
    }

    /// Sends spans to the collector until it is told to stop, and then what is left.
    pub fn run(&self, stop: CancellationToken) -> impl Future<Output = ()> + Send + use<> {
        let export = self.0.as_ref().and_then(|on| {
            let mut export = on.export.lock().unwrap_or_else(PoisonError::into_inner);
            export.take()
        });
        match export {
            Some(export) => Either::Left(export.run(stop)),
            None => Either::Right(ready(())),
        }
    }

    /// Begins a span of a trace that goes on, or, without a parent, of a new one. None if the trace
    /// is not kept.
    #[must_use]
    pub fn begin(
        &self,
        name: impl Into<Cow<'static, str>>,
        role: Role,
        parent: Option<TraceParent>,
    ) -> Option<TraceSpan> {
        self.0.as_ref()?.begin(name.into(), role, parent, &[])
    }

    /// Begins one within a trace that is kept. None if there is no such trace.
    #[must_use]
    pub fn go_on(
        &self,
        name: &'static str,
        role: Role,
        parent: Option<TraceParent>,
    ) -> Option<TraceSpan> {
        self.begin(name, role, Some(parent?))
    }

    /// Begins one that works for several at once.
    #[must_use]
    pub fn go_on_with(
        &self,
        name: &'static str,
        parent: TraceParent,
        others: &[TraceParent],
    ) -> Option<TraceSpan> {
        let on = self.0.as_ref()?;
        on.begin(Cow::Borrowed(name), Role::Internal, Some(parent), others)
    }

    /// Begins the span of a message that comes in.
    #[must_use]
    pub fn begin_send(&self, send: &store::Send, parent: Option<TraceParent>) -> Option<TraceSpan> {
        let mut span = self.begin("send", Role::Internal, parent)?;
        span.set("seqline.app", send.from.app.to_string());
        span.set("seqline.conversation.kind", kind_of(&send.conv));
        Some(span)
    }
}

impl fmt::Debug for Traces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.are_on() { "Traces" } else { "no Traces" })
    }
}

impl On {
    fn begin(
        &self,
        name: Cow<'static, str>,
        role: Role,
        parent: Option<TraceParent>,
        others: &[TraceParent],
    ) -> Option<TraceSpan> {
        if parent.is_some_and(|parent| !parent.is_sampled()) {
            return None;
        }
        let links = others
            .iter()
            .map(|other| Link::with_context(other.context()));
        let builder = SpanBuilder::from_name(name)
            .with_kind(role.kind())
            .with_links(links.collect())
            .with_start_time(span::system_time(self.clock.now()));
        let mut context = Context::new();
        if let Some(parent) = parent {
            context = context.with_remote_span_context(parent.context());
        }
        let span = builder.start_with_context(&self.tracer, &context);
        TraceSpan::of(span, &self.clock)
    }
}

/// Of the conversation, and nothing more of it: its id may name people.
fn kind_of(conv: &ConvId) -> &'static str {
    match conv.kind() {
        ConvKind::Direct => "direct",
        ConvKind::Group => "group",
        ConvKind::Channel => "channel",
        ConvKind::Room => "room",
    }
}

impl Role {
    fn kind(self) -> SpanKind {
        match self {
            Self::Server => SpanKind::Server,
            Self::Client => SpanKind::Client,
            Self::Producer => SpanKind::Producer,
            Self::Consumer => SpanKind::Consumer,
            Self::Internal => SpanKind::Internal,
        }
    }
}

#[derive(Debug)]
struct DrawnIds(Arc<dyn Entropy>);

impl IdGenerator for DrawnIds {
    fn new_trace_id(&self) -> TraceId {
        let mut bytes = [0; 16];
        self.0.fill(&mut bytes);
        TraceId::from_bytes(bytes)
    }

    fn new_span_id(&self) -> SpanId {
        SpanId::from(self.0.number())
    }
}
