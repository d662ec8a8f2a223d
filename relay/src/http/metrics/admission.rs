//! Who comes in, and who does not.

use super::Page;
use crate::{app::App, counters::Counters};

pub(super) fn admission(page: &mut Page, counters: &Counters) {
    let visitors = [
        ("refused", &counters.visitors_refused),
        ("slow", &counters.visitors_slow),
        ("malformed", &counters.visitors_malformed),
        ("stalled", &counters.visitors_stalled),
        ("no_tls", &counters.visitors_without_tls),
    ];
    page.labelled(
        "visitors_ended_total",
        "Connections that ended before they were a session or had an answer: there were too \
         many, nothing came in time, what came was no request, the answer was not read, or there was no \
         TLS where it is expected.",
        "reason",
        visitors.map(|(reason, count)| (reason, count.get())),
    );
    page.labelled(
        "refusals_total",
        "Refusals by error code.",
        "code",
        counters.refusals(),
    );
    let requests = [
        ("2xx", &counters.requests_answered),
        ("3xx", &counters.requests_redirected),
        ("4xx", &counters.requests_refused),
        ("5xx", &counters.requests_failed),
    ];
    page.labelled(
        "http_requests_total",
        "Requests over HTTP, those for `/metrics` and for WebSockets among them, by status.",
        "status",
        requests.map(|(status, count)| (status, count.get())),
    );
    let reloads = [
        ("taken", &counters.tls_reloads),
        ("refused", &counters.tls_reloads_failed),
    ];
    page.labelled(
        "tls_reloads_total",
        "Changes of the certificate's files while the relay ran: taken, or refused because \
         they cannot be used, with the certificate before still served.",
        "result",
        reloads.map(|(result, count)| (result, count.get())),
    );
}

pub(super) fn logins(page: &mut Page, app: &App) {
    let counters = &app.counters;
    page.gauge(
        "admission_waiting",
        "Log-ins that wait in line for their turn.",
        app.logins.waiting(),
    );
    page.gauge(
        "admission_under_way",
        "Log-ins that are under way: at most `logins_under_way_max`.",
        app.logins.under_way(),
    );
    page.times(
        "admission_seconds",
        "How long a log-in waited in line for its turn.",
        &counters.login_waits,
    );
    let refused = [
        ("line", &counters.logins_turned_away),
        ("time", &counters.logins_timed_out),
    ];
    page.labelled(
        "admission_refused_total",
        "Log-ins that were told to come again: the line was too long, or their turn did not come \
         in time.",
        "reason",
        refused.map(|(reason, count)| (reason, count.get())),
    );
}
