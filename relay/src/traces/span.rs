//! A span that has begun.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use opentelemetry::{
    KeyValue, Value,
    trace::{Span as _, Status},
};
use opentelemetry_sdk::trace::Span;

use super::TraceParent;
use crate::clock::{Clock, Now};

/// Ends when it is dropped. One pointer, since most of what could carry one carries none.
pub struct TraceSpan(Box<Begun>);

struct Begun {
    span: Span,
    clock: Arc<dyn Clock>,
}

impl TraceSpan {
    /// None if the span is not kept.
    pub(super) fn of(span: Span, clock: &Arc<dyn Clock>) -> Option<Self> {
        let clock = Arc::clone(clock);
        let is_kept = span.span_context().is_sampled();
        is_kept.then(|| Self(Box::new(Begun { span, clock })))
    }

    /// What others go on from.
    #[must_use]
    pub fn parent(&self) -> TraceParent {
        TraceParent::of(self.0.span.span_context())
    }

    /// Says more of it.
    pub fn set(&mut self, name: &'static str, value: impl Into<Value>) {
        self.0.span.set_attribute(KeyValue::new(name, value));
    }

    /// It came to this error.
    pub fn fail(&mut self, code: impl Into<String>) {
        let code = code.into();
        self.set("error.type", code.clone());
        self.0.span.set_status(Status::error(code));
    }
}

impl Drop for TraceSpan {
    fn drop(&mut self) {
        let now = self.0.clock.now();
        self.0.span.end_with_timestamp(system_time(now));
    }
}

impl fmt::Debug for TraceSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TraceSpan({})", self.parent())
    }
}

pub(super) fn system_time(now: Now) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_micros(now.wall.get())
}
