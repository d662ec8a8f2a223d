//! The way to other relays: whether what is said there is heard.

use super::report::Report;
use crate::{
    bus::{BusChoice, NatsSettings, ProbeFailure, probe_nats, probe_postgres},
    entropy::Entropy,
    store::Database,
};

pub(super) async fn look(
    bus: &BusChoice,
    database: &Database,
    entropy: &dyn Entropy,
    report: &mut Report,
) {
    match (bus, database) {
        (_, Database::Sqlite(_)) => report.ok("bus", "none: a file is one relay's alone"),
        (BusChoice::None | BusChoice::Given(_), Database::Postgres(_)) => report.ok(
            "bus",
            "none: what other relays store is found every `sweep_interval_ms`",
        ),
        (BusChoice::Postgres, Database::Postgres(url)) => {
            match probe_postgres(url, entropy).await {
                Ok(()) => report.ok("bus", "over the database: what was said was heard"),
                Err(failure) => {
                    let text = format!("over the database: {failure}");
                    report.failed("bus", text, postgres_advice(&failure));
                }
            }
        }
        (BusChoice::Nats(settings), _) => nats(settings, entropy, report).await,
    }
}

/// One server of a cluster that is away is no more than that.
async fn nats(settings: &NatsSettings, entropy: &dyn Entropy, report: &mut Report) {
    let found = probe_nats(settings, entropy).await;
    let works = found.iter().any(|(_, result)| result.is_ok());
    for (server, result) in found {
        match result {
            Ok(version) => {
                let text = format!("NATS {version} at {server}: what was said was heard");
                report.ok("bus", text);
            }
            Err(failure) => {
                let (text, advice) = (format!("NATS at {server}: {failure}"), advice(&failure));
                if works && matches!(failure, ProbeFailure::Unreachable(_)) {
                    report.warning("bus", text, advice);
                } else {
                    report.failed("bus", text, advice);
                }
            }
        }
    }
}

fn advice(failure: &ProbeFailure) -> &'static str {
    match failure {
        ProbeFailure::Unreachable(_) => {
            "start it, or correct `nats_urls`; without NATS, messages for devices on other relays \
             wait for a sweep"
        }
        ProbeFailure::LogIn(_) => "correct user and password in `nats_urls`",
        ProbeFailure::Refused(_) | ProbeFailure::Pooled(_) => {
            "let this user publish and subscribe to `seqline.>`"
        }
        ProbeFailure::Unheard(_) => {
            "see that all servers of `nats_urls` are one cluster (`routes`), and let this user \
             subscribe to `seqline.>`"
        }
    }
}

fn postgres_advice(failure: &ProbeFailure) -> &'static str {
    match failure {
        ProbeFailure::Unreachable(_) | ProbeFailure::LogIn(_) => {
            "a relay takes two connections for it: see `max_connections`"
        }
        ProbeFailure::Refused(_) => {
            "a standby, and what only looks like PostgreSQL, take no LISTEN: name the primary \
             server, or take NATS"
        }
        ProbeFailure::Unheard(_) | ProbeFailure::Pooled(_) => {
            "a pooler that does not keep sessions loses it: set `pool_mode = session` there, go \
             past it, or take NATS"
        }
    }
}
