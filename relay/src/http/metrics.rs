//! Counts for Prometheus, in its text format.

use std::{fmt::Write as _, sync::Arc};

use axum::{extract::State, http::header, response::IntoResponse};

use super::App;

pub(super) async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    let content_type = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    (content_type, render(&app))
}

fn render(app: &App) -> String {
    let mut text = String::new();
    let mut number = |name: &str, kind: &str, help: &str, value: u64| {
        let _ = write!(
            text,
            "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n"
        );
    };
    let counters = &app.counters;
    number(
        "seqline_connections",
        "gauge",
        "Open WebSocket connections.",
        app.hub.len() as u64,
    );
    number(
        "seqline_commits_total",
        "counter",
        "Durable commits.",
        counters.commits.get(),
    );
    number(
        "seqline_operations_total",
        "counter",
        "Operations in durable commits.",
        counters.operations.get(),
    );
    number(
        "seqline_commits_failed_total",
        "counter",
        "Commits that failed as a whole.",
        counters.commits_failed.get(),
    );
    text.push_str("# HELP seqline_refusals_total Refusals by error code.\n");
    text.push_str("# TYPE seqline_refusals_total counter\n");
    for (code, count) in counters.refusals() {
        let _ = writeln!(text, "seqline_refusals_total{{code=\"{code}\"}} {count}");
    }
    text
}
