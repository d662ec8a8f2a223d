//! How relays on one database hear of each other.

use std::time::Duration;

use super::Check;
use crate::{
    bus::{BusChoice, BusKind, NatsSettings},
    limits::{SWEEP_INTERVAL_MS, SWEEP_INTERVAL_MS_MAX, SWEEP_INTERVAL_MS_MIN},
    store::Database,
};

impl Check<'_> {
    pub(super) fn bus(&mut self, database: &Database) -> BusChoice {
        let (kind, origin) = self.sources.pick("bus", |s| &s.bus);
        let servers = self.nats_servers();
        let is_shared = matches!(database, Database::Postgres(_));
        let kind = kind.unwrap_or(match (is_shared, servers.is_empty()) {
            (true, true) => BusKind::Postgres,
            (true, false) => BusKind::Nats,
            (false, _) => BusKind::None,
        });
        if kind != BusKind::None && !is_shared {
            let reason = "a SQLite file is one relay's alone; leave it away, or set `database` to \
                a postgres:// URL that all relays share"
                .to_owned();
            self.problem("bus", origin, reason);
            return BusChoice::None;
        }
        match kind {
            BusKind::None => BusChoice::None,
            BusKind::Postgres => BusChoice::Postgres,
            BusKind::Nats if servers.is_empty() => {
                let reason = "`nats` needs `nats_urls`, such as nats://10.0.0.5:4222".to_owned();
                self.problem("bus", origin, reason);
                BusChoice::None
            }
            BusKind::Nats => BusChoice::Nats(NatsSettings { servers }),
        }
    }

    pub(super) fn sweep_interval(&mut self) -> Duration {
        Duration::from_millis(self.number(
            "sweep_interval_ms",
            |s| &s.sweep_interval_ms,
            SWEEP_INTERVAL_MS,
            SWEEP_INTERVAL_MS_MIN..=SWEEP_INTERVAL_MS_MAX,
        ))
    }

    fn nats_servers(&mut self) -> Vec<async_nats::ServerAddr> {
        let (urls, origin) = self.sources.pick("nats_urls", |s| &s.nats_urls);
        let mut servers = Vec::new();
        for url in urls.unwrap_or_default() {
            match url.expose().parse() {
                Ok(server) => servers.push(server),
                // What it is is not shown: it may have a password.
                Err(_) => {
                    let reason = "one of them is not nats://HOST:PORT or tls://HOST:PORT, with \
                        USER:PASSWORD@ or TOKEN@ before the host if need be"
                        .to_owned();
                    self.problem("nats_urls", origin.clone(), reason);
                }
            }
        }
        servers
    }
}
