//! What is traced of the writer's work.

use super::Reply;
use crate::{
    api::ApiError,
    limits::TRACE_LINKS_MAX,
    store::{Done, Op, OpResult, StoreError},
    traces::{self, Role, TraceParent, TraceSpan, Traces},
};

/// The span of an operation that a call brings. Only within the call's trace: one that began here
/// would not say who asked.
pub(super) fn begin(traces: &Traces, op: &Op) -> Option<TraceSpan> {
    let parent = Some(traces::current()?);
    match op {
        Op::Send(send) => traces.begin_send(send, parent),
        _ => traces.go_on("change", Role::Internal, parent),
    }
}

/// A span for each traced operation of a batch, in its own trace, which names the others.
pub(super) fn begin_commit(traces: &Traces, replies: &[Reply]) -> Vec<TraceSpan> {
    if !traces.are_on() {
        return Vec::new();
    }
    let traced: Vec<_> = replies.iter().filter_map(Reply::trace).collect();
    let begin = |parent: &TraceParent| {
        let others = traced.iter().filter(|other| *other != parent);
        let others: Vec<_> = others.copied().take(TRACE_LINKS_MAX).collect();
        let mut span = traces.go_on_with("commit", *parent, &others)?;
        let operations = i64::try_from(replies.len()).unwrap_or(i64::MAX);
        span.set("seqline.batch.operations", operations);
        Some(span)
    };
    traced.iter().filter_map(begin).collect()
}

/// What came of a traced operation.
pub(super) fn conclude(span: &mut TraceSpan, result: &Result<OpResult, StoreError>) {
    match result {
        Ok(Ok(Done::Sent(sent))) => span.set("seqline.duplicate", sent.duplicate),
        Ok(Ok(_)) => {}
        Ok(Err(refusal)) => span.fail(refusal.code().as_str()),
        Err(error) => span.fail(ApiError::from(error.clone()).code.as_str()),
    }
}
