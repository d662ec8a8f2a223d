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
    number(
        "seqline_kicks_total",
        "counter",
        "Sessions that were ended with a reason: replaced, by policy, by request.",
        counters.kicks.get(),
    );
    number(
        "seqline_crowds_followed",
        "gauge",
        "Large conversations that someone is connected for.",
        app.hub.crowds() as u64,
    );
    number(
        "seqline_rooms",
        "gauge",
        "Rooms with someone in them.",
        app.rooms.len() as u64,
    );
    number(
        "seqline_room_batches_total",
        "counter",
        "Batches told in rooms.",
        counters.room_batches.get(),
    );
    number(
        "seqline_room_comments_total",
        "counter",
        "Comments told in rooms.",
        counters.room_comments.get(),
    );
    number(
        "seqline_room_comments_dropped_total",
        "counter",
        "Comments that were dropped because too much was said in a room.",
        counters.room_comments_dropped.get(),
    );
    let webhooks = [
        (
            "sent",
            &counters.webhooks_sent,
            "Webhooks that an app's server took.",
        ),
        (
            "failed",
            &counters.webhooks_failed,
            "Deliveries of webhooks that failed and are tried again.",
        ),
        (
            "given_up",
            &counters.webhooks_given_up,
            "Messages of which an app's server was not told in the end.",
        ),
    ];
    for (name, count, help) in webhooks {
        number(
            &format!("seqline_webhooks_{name}_total"),
            "counter",
            help,
            count.get(),
        );
    }
    number(
        "seqline_webhooks_waiting",
        "gauge",
        "Conversations whose next webhook is due or under way, at most 64 an app.",
        counters.webhooks_waiting.get(),
    );
    number(
        "seqline_age_steps_total",
        "counter",
        "Steps in which aged timeline entries were removed.",
        counters.age_steps.get(),
    );
    number(
        "seqline_index_steps_total",
        "counter",
        "Steps in which messages were made searchable.",
        counters.index_steps.get(),
    );
    let checks = [
        ("accept", &counters.checks_accepted),
        ("rewrite", &counters.checks_rewritten),
        ("refuse", &counters.checks_refused),
        ("none", &counters.checks_failed),
    ];
    text.push_str("# HELP seqline_checks_total Checks before a message was stored, by verdict.\n");
    text.push_str("# TYPE seqline_checks_total counter\n");
    for (verdict, count) in checks {
        let _ = writeln!(
            text,
            "seqline_checks_total{{verdict=\"{verdict}\"}} {}",
            count.get()
        );
    }
    text.push_str("# HELP seqline_refusals_total Refusals by error code.\n");
    text.push_str("# TYPE seqline_refusals_total counter\n");
    for (code, count) in counters.refusals() {
        let _ = writeln!(text, "seqline_refusals_total{{code=\"{code}\"}} {count}");
    }
    text
}
