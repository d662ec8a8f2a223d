//! Counts for Prometheus, in its text format.

use std::{
    fmt::{Display, Write as _},
    sync::Arc,
};

use axum::{extract::State, http::header, response::IntoResponse};

use crate::app::App;
use crate::counters::{Counter, Histogram};

pub(super) async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    let content_type = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    (content_type, render(&app))
}

fn render(app: &App) -> String {
    let counters = &app.counters;
    let mut page = Page::default();
    page.gauge(
        "connections",
        "Open connections, over WebSockets and HTTP.",
        app.hub.len() as u64,
    );
    page.gauge(
        "polling_connections",
        "Those over HTTP.",
        app.polling.len() as u64,
    );
    page.counter(
        "poll_requests_total",
        "Requests of connections over HTTP.",
        &counters.poll_requests,
    );
    page.counter(
        "poll_repeats_total",
        "Requests that repeated one whose answer was lost or slow.",
        &counters.poll_repeats,
    );
    let visitors = [
        ("refused", &counters.visitors_refused),
        ("slow", &counters.visitors_slow),
        ("malformed", &counters.visitors_malformed),
        ("stalled", &counters.visitors_stalled),
    ];
    page.labelled(
        "visitors_ended_total",
        "Connections that ended before they were a session or had an answer: there were too \
         many, nothing came in time, what came was no request, or the answer was not read.",
        "reason",
        visitors.map(|(reason, count)| (reason, count.get())),
    );
    page.counter("commits_total", "Durable commits.", &counters.commits);
    page.histogram(
        "commit_operations",
        "Operations of a durable commit.",
        &counters.batches,
    );
    page.counter(
        "commits_failed_total",
        "Commits that failed as a whole.",
        &counters.commits_failed,
    );
    page.counter(
        "entries_total",
        "Timeline entries that commits added.",
        &counters.entries,
    );
    page.counter(
        "pulls_total",
        "Pages of timelines that devices pulled.",
        &counters.pulls,
    );
    page.counter(
        "pulls_from_memory_total",
        "Pulls that were answered without a look at the database.",
        &counters.pulls_from_memory,
    );
    page.counter(
        "public_polls_total",
        "Polls of the public mailbox.",
        &counters.public_polls,
    );
    page.counter(
        "public_polls_failed_total",
        "Polls of the public mailbox that failed.",
        &counters.public_polls_failed,
    );
    if let Some(age) = app.public.age() {
        page.gauge(
            "public_age_seconds",
            "Age of what is known of the public mailbox: it grows while the database fails.",
            age.as_secs(),
        );
    }
    let snapshot = app.public.snapshot();
    let posted = snapshot.apps().map(|(_, app)| app.posted().len() as u64);
    page.gauge(
        "public_broadcasts",
        "Broadcasts that are known of the public mailbox, tombstones included.",
        posted.sum(),
    );
    page.counter(
        "public_pulls_total",
        "Pulls that looked into the public mailbox.",
        &counters.public_pulls,
    );
    page.counter(
        "wave_tells_total",
        "Devices that were told of a broadcast in a wave.",
        &counters.wave_tells,
    );
    page.counter(
        "wave_pulls_total",
        "Devices that pulled after they were told in a wave.",
        &counters.wave_pulls,
    );
    let lookups = [
        ("answered", &counters.lookups),
        ("none", &counters.lookups_failed),
    ];
    page.labelled(
        "lookups_total",
        "Questions to apps' servers about users' attributes.",
        "answer",
        lookups.map(|(answer, count)| (answer, count.get())),
    );
    page.counter(
        "reach_flushes_total",
        "Writes of how far broadcasts reached.",
        &counters.reach_flushes,
    );
    page.counter(
        "reach_flushes_failed_total",
        "Those that failed, and were tried again.",
        &counters.reach_flushes_failed,
    );
    page.counter(
        "kicks_total",
        "Sessions that were ended with a reason: replaced, by policy, by request.",
        &counters.kicks,
    );
    page.gauge(
        "crowds_followed",
        "Large conversations that someone is connected for.",
        app.hub.crowds() as u64,
    );
    page.gauge(
        "rooms",
        "Rooms with someone in them.",
        app.rooms.len() as u64,
    );
    page.counter(
        "room_batches_total",
        "Batches told in rooms.",
        &counters.room_batches,
    );
    page.counter(
        "room_comments_total",
        "Comments told in rooms.",
        &counters.room_comments,
    );
    page.counter(
        "room_comments_dropped_total",
        "Comments that were dropped because too much was said in a room.",
        &counters.room_comments_dropped,
    );
    page.counter(
        "webhooks_sent_total",
        "Webhooks that an app's server took.",
        &counters.webhooks_sent,
    );
    page.counter(
        "webhooks_failed_total",
        "Deliveries of webhooks that failed and are tried again.",
        &counters.webhooks_failed,
    );
    page.counter(
        "webhooks_given_up_total",
        "Messages of which an app's server was not told in the end.",
        &counters.webhooks_given_up,
    );
    page.gauge(
        "webhooks_waiting",
        "Conversations whose next webhook is due or under way, at most 64 an app.",
        counters.webhooks_waiting.get(),
    );
    page.counter(
        "age_steps_total",
        "Steps in which aged timeline entries were removed.",
        &counters.age_steps,
    );
    page.counter(
        "broadcast_age_steps_total",
        "Steps of upkeep that take out broadcasts that are over.",
        &counters.broadcast_age_steps,
    );
    page.counter(
        "index_steps_total",
        "Steps in which messages were made searchable.",
        &counters.index_steps,
    );
    let checks = [
        ("accept", &counters.checks_accepted),
        ("rewrite", &counters.checks_rewritten),
        ("refuse", &counters.checks_refused),
        ("none", &counters.checks_failed),
    ];
    page.labelled(
        "checks_total",
        "Checks before a message was stored, by verdict.",
        "verdict",
        checks.map(|(verdict, count)| (verdict, count.get())),
    );
    page.labelled(
        "refusals_total",
        "Refusals by error code.",
        "code",
        counters.refusals(),
    );
    page.text
}

/// In the text format. All names start with `seqline_`.
#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn counter(&mut self, name: &str, help: &str, count: &Counter) {
        self.head(name, help, "counter");
        self.line(name, count.get());
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, help, "gauge");
        self.line(name, value);
    }

    fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram) {
        self.head(name, help, "histogram");
        for (bound, count) in histogram.up_to() {
            self.line(&format!("{name}_bucket{{le=\"{bound}\"}}"), count);
        }
        self.line(&format!("{name}_bucket{{le=\"+Inf\"}}"), histogram.count());
        self.line(&format!("{name}_sum"), histogram.sum());
        self.line(&format!("{name}_count"), histogram.count());
    }

    fn labelled(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        counts: impl IntoIterator<Item = (impl Display, u64)>,
    ) {
        self.head(name, help, "counter");
        for (value, count) in counts {
            self.line(&format!("{name}{{{label}=\"{value}\"}}"), count);
        }
    }

    fn head(&mut self, name: &str, help: &str, kind: &str) {
        let _ = writeln!(self.text, "# HELP seqline_{name} {help}");
        let _ = writeln!(self.text, "# TYPE seqline_{name} {kind}");
    }

    fn line(&mut self, name: &str, value: u64) {
        let _ = writeln!(self.text, "seqline_{name} {value}");
    }
}
