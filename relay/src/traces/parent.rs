//! From where a trace goes on, as W3C's Trace Context writes it.

use std::{fmt, future::Future, str::FromStr};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};
use serde::{Deserialize, Serialize};

/// Name of the header.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// A span that others go on from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TraceParent {
    trace: TraceId,
    span: SpanId,
    is_sampled: bool,
}

tokio::task_local! {
    static CURRENT: TraceParent;
}

/// Within what this task works, if that is traced.
#[must_use]
pub fn current() -> Option<TraceParent> {
    CURRENT.try_with(|parent| *parent).ok()
}

/// Works within a span, if there is one.
pub async fn within<T>(parent: Option<TraceParent>, work: impl Future<Output = T>) -> T {
    match parent {
        Some(parent) => CURRENT.scope(parent, work).await,
        None => work.await,
    }
}

impl TraceParent {
    /// What a request says.
    #[must_use]
    pub fn of_headers(headers: &HeaderMap) -> Option<Self> {
        headers.get(TRACEPARENT)?.to_str().ok()?.parse().ok()
    }

    /// What a request is to say.
    #[must_use]
    pub fn header(&self) -> Option<HeaderValue> {
        self.to_string().parse().ok()
    }

    /// The trace, as 32 hexadecimal digits.
    #[must_use]
    pub fn trace_id(&self) -> TraceId {
        self.trace
    }

    /// The span, as 16 hexadecimal digits.
    #[must_use]
    pub fn span_id(&self) -> SpanId {
        self.span
    }

    /// Whether the trace is kept.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.is_sampled
    }

    pub(super) fn of(context: &SpanContext) -> Self {
        Self {
            trace: context.trace_id(),
            span: context.span_id(),
            is_sampled: context.is_sampled(),
        }
    }

    pub(super) fn context(&self) -> SpanContext {
        let flags = TraceFlags::default().with_sampled(self.is_sampled);
        SpanContext::new(self.trace, self.span, flags, true, TraceState::NONE)
    }
}

/// It is no `traceparent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not VERSION-TRACE-SPAN-FLAGS in lower-case hexadecimal digits")]
pub struct NoTraceParent;

/// `VERSION-TRACE-SPAN-FLAGS`; later versions may have more after it.
impl FromStr for TraceParent {
    type Err = NoTraceParent;

    fn from_str(text: &str) -> Result<Self, NoTraceParent> {
        parse(text).ok_or(NoTraceParent)
    }
}

fn parse(text: &str) -> Option<TraceParent> {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let mut parts = text.split('-');
    let mut part = |digits: usize| {
        let part = parts.next()?;
        (part.len() == digits && part.bytes().all(is_hex)).then_some(part)
    };
    let version = part(2).filter(|version| *version != "ff")?;
    let (trace, span, flags) = (part(32)?, part(16)?, part(2)?);
    if version == "00" && parts.next().is_some() {
        return None;
    }
    let trace = TraceId::from_hex(trace).ok()?;
    let span = SpanId::from_hex(span).ok()?;
    let flags = u8::from_str_radix(flags, 16).ok()?;
    let is_set = trace != TraceId::INVALID && span != SpanId::INVALID;
    is_set.then_some(TraceParent {
        trace,
        span,
        is_sampled: flags & 1 == 1,
    })
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = u8::from(self.is_sampled);
        write!(f, "00-{:032x}-{:016x}-{flags:02x}", self.trace, self.span)
    }
}

impl TryFrom<String> for TraceParent {
    type Error = NoTraceParent;

    fn try_from(text: String) -> Result<Self, NoTraceParent> {
        text.parse()
    }
}

impl From<TraceParent> for String {
    fn from(parent: TraceParent) -> Self {
        parent.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    #[test]
    fn a_trace_is_taken_as_w3c_writes_it_and_nothing_else() {
        for (flags, is_sampled) in [("01", true), ("00", false), ("ff", true), ("02", false)] {
            let whole = format!("00-{TRACE}-{SPAN}-{flags}");
            let parent: TraceParent = whole.parse().unwrap();
            assert_eq!(parent.is_sampled(), is_sampled);
            assert_eq!(parent.trace_id().to_string(), TRACE);
            assert_eq!(parent.span_id().to_string(), SPAN);
            let again = format!("00-{TRACE}-{SPAN}-0{}", u8::from(is_sampled));
            assert_eq!(parent.to_string(), again);
        }
        let later = format!("cc-{TRACE}-{SPAN}-01-what-comes");
        assert!(later.parse::<TraceParent>().is_ok());
        for bad in [
            String::new(),
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("00-{TRACE}-{SPAN}"),
            format!("00-{TRACE}-{SPAN}-01-more"),
            format!("00-{}-{SPAN}-01", "0".repeat(32)),
            format!("00-{TRACE}-{}-01", "0".repeat(16)),
            format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
            format!("00-{TRACE}0-{SPAN}-01"),
        ] {
            assert_eq!(bad.parse::<TraceParent>(), Err(NoTraceParent), "{bad}");
        }
    }
}
