//! What the relay counts, for Prometheus. `docs/metrics.md` lists all of it; a test holds the list
//! to what is served.

mod admission;
mod page;
mod process;

use std::sync::Arc;

use axum::{extract::State, http::header, response::IntoResponse};

use self::{
    admission::{admission, logins},
    page::Page,
    process::process,
};
use crate::{
    app::App,
    counters::{Counter, Counters},
    process::ProcessUsage,
    store::{Fallback, ReplicaQuery},
    traces::TraceCounters,
    traffic::Tally,
};

/// What `/metrics` is made from.
#[derive(Clone)]
pub struct Watched {
    app: Arc<App>,
    /// Connections that are not sessions (yet).
    visitors: Arc<Tally>,
}

impl Watched {
    /// A relay, and the connections of its listener.
    #[must_use]
    pub fn new(app: Arc<App>, visitors: Arc<Tally>) -> Self {
        Self { app, visitors }
    }
}

pub(super) async fn metrics(State(watched): State<Watched>) -> impl IntoResponse {
    // Files are read for it, and as many counted as are open.
    let usage = tokio::task::spawn_blocking(ProcessUsage::read).await;
    let text = render(&watched, usage.ok().flatten());
    let content_type = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    (content_type, text)
}

fn render(Watched { app, visitors }: &Watched, usage: Option<ProcessUsage>) -> String {
    let mut page = Page::default();
    let counters = &app.counters;
    page.info(
        "build_info",
        "Always 1, with the relay's version.",
        "version",
        env!("CARGO_PKG_VERSION"),
    );
    connections(&mut page, app);
    page.gauge(
        "visitors",
        "Connections that are not sessions (yet): they have not said `hello`, or carry requests.",
        visitors.len(),
    );
    admission(&mut page, counters);
    logins(&mut page, app);
    messages(&mut page, counters);
    wake_ups(&mut page, app);
    fleet(&mut page, app);
    storage(&mut page, app);
    pulls(&mut page, counters);
    public(&mut page, app);
    rooms(&mut page, app);
    app_servers(&mut page, counters);
    traces(&mut page, app);
    upkeep(&mut page, counters);
    process(&mut page, app, usage);
    page.into_text()
}

fn connections(page: &mut Page, app: &App) {
    let counters = &app.counters;
    page.gauge(
        "connections",
        "Open connections, over WebSockets and HTTP.",
        app.hub.len(),
    );
    page.gauge("polling_connections", "Those over HTTP.", app.polling.len());
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
    page.gauge(
        "users_connected",
        "Users with a session that has said `hello`.",
        app.hub.users(),
    );
    page.counter(
        "hellos_total",
        "Sessions that said who they are, and were let in.",
        &counters.hellos,
    );
    page.counter(
        "kicks_total",
        "Sessions that were ended with a reason: replaced, by policy, by request.",
        &counters.kicks,
    );
    page.labelled(
        "closes_total",
        "Sessions that the relay ended, by error code.",
        "code",
        counters.closes.iter(),
    );
    page.gauge(
        "draining",
        "1 while the relay is stopping.",
        u8::from(app.draining.is_cancelled()),
    );
}

fn messages(page: &mut Page, counters: &Counters) {
    let sends = [
        ("stored", &counters.sends_stored),
        ("repeated", &counters.sends_repeated),
    ];
    page.labelled(
        "sends_total",
        "Messages that were sent and acknowledged: stored, or stored by an earlier attempt.",
        "result",
        sends.map(|(result, count)| (result, count.get())),
    );
    page.counter(
        "operations_refused_total",
        "Messages and other changes that can never take effect; `refusals_total` says why.",
        &counters.operations_refused,
    );
    page.counter(
        "acks_total",
        "Acknowledgements of devices, of what their apps took.",
        &counters.acks,
    );
}

fn wake_ups(page: &mut Page, app: &App) {
    let counters = &app.counters;
    page.counter(
        "wake_ups_total",
        "Times that a session was told of something new in a timeline.",
        app.hub.wake_ups(),
    );
    page.counter(
        "gaps_total",
        "Times that a device was told to pull what it could not be handed: it was slow, far \
         behind, or too much waited.",
        &counters.gaps,
    );
    let resets = &counters.resets;
    let resets = [
        ("epoch_changed", &resets.epoch_changed),
        ("below_floor", &resets.below_floor),
        ("ahead_of_head", &resets.ahead_of_head),
    ];
    page.labelled(
        "resets_total",
        "Times that a device could not go on from where it was, and was told to start over.",
        "reason",
        resets.map(|(reason, count)| (reason, count.get())),
    );
}

fn storage(page: &mut Page, app: &App) {
    let counters = &app.counters;
    page.gauge(
        "writer_queue",
        "Operations that wait for the writer: sends, marks, changes of groups.",
        app.writer.len(),
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
    page.times(
        "commit_seconds",
        "How long a durable commit took.",
        &counters.commit_times,
    );
    page.gauge(
        "storage_failing",
        "1 if the last commit failed as a whole.",
        u8::from(app.store_health.failure().is_some()),
    );
    page.times(
        "read_seconds",
        "How long what sessions asked the database for took.",
        &counters.read_times,
    );
    let replica = app.store.replica_counts();
    page.labelled(
        "replica_reads_total",
        "What was read from the standby (`database_read_url`) instead of the database itself.",
        "query",
        ReplicaQuery::ALL.into_iter().zip(replica.reads),
    );
    page.labelled(
        "replica_fallbacks_total",
        "Reads that went to the database itself although there is a standby, by why it was not read: \
         it does not answer, is behind, is none (any more), is another database's, or failed.",
        "reason",
        Fallback::ALL.into_iter().zip(replica.fallbacks),
    );
}

fn pulls(page: &mut Page, counters: &Counters) {
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
}

fn public(page: &mut Page, app: &App) {
    let counters = &app.counters;
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
            age.as_secs_f64(),
        );
    }
    let snapshot = app.public.snapshot();
    let posted = snapshot.apps().map(|(_, app)| app.posted().len() as u64);
    page.gauge(
        "public_broadcasts",
        "Broadcasts that are known of the public mailbox, tombstones included.",
        posted.sum::<u64>(),
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
}

fn fleet(page: &mut Page, app: &App) {
    let counters = &app.counters;
    page.gauge(
        "fleet_has_company",
        "1 while another relay on the same database is heard.",
        usize::from(app.fleet.has_company()),
    );
    page.counter(
        "hints_told_total",
        "Hints that other relays were told.",
        &counters.hints_told,
    );
    page.counter(
        "hints_lost_total",
        "Hints that the bus between relays did not take.",
        &counters.hints_lost,
    );
    page.counter(
        "hints_heard_total",
        "Hints that came from other relays.",
        &counters.hints_heard,
    );
    page.counter(
        "bus_gaps_total",
        "Times that hints may have been lost: the relay was cut off, or too slow. The first is \
         when it begins to listen.",
        &counters.bus_gaps,
    );
    page.counter(
        "sweeps_total",
        "Comparisons of what all sessions know with the database.",
        &counters.sweeps,
    );
    page.counter(
        "sweeps_failed_total",
        "Those that failed.",
        &counters.sweeps_failed,
    );
    page.counter(
        "sweep_finds_total",
        "Timelines that had grown without a hint of it.",
        &counters.sweep_finds,
    );
}

fn rooms(page: &mut Page, app: &App) {
    let counters = &app.counters;
    page.gauge(
        "crowds_followed",
        "Large conversations that someone is connected for.",
        app.hub.crowds(),
    );
    page.gauge("rooms", "Rooms with someone in them.", app.rooms.len());
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
}

fn app_servers(page: &mut Page, counters: &Counters) {
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
}

fn traces(page: &mut Page, app: &App) {
    let count = |of: fn(&TraceCounters) -> &Counter| {
        let counters = app.traces.counters();
        counters.map_or(0, |counters| of(counters).get())
    };
    let spans = [
        ("exported", count(|counters| &counters.exported)),
        ("dropped", count(|counters| &counters.dropped)),
        ("failed", count(|counters| &counters.failed)),
    ];
    page.labelled(
        "trace_spans_total",
        "Spans of traces: the collector took them, too many waited for it, or it was away.",
        "result",
        spans,
    );
}

fn upkeep(page: &mut Page, counters: &Counters) {
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
}
