//! Where the relay listens, and what is asked of whoever connects.

use std::net::SocketAddr;

use super::{Check, Origin};
use crate::listener::{ListenerRules, TlsFiles};

const LISTEN_DEFAULT: &str = "127.0.0.1:7340";

impl Check<'_> {
    pub(super) fn listen(&mut self, is_dev: bool) -> SocketAddr {
        let (text, origin) = self.sources.pick("listen", |s| &s.listen);
        let text = text.unwrap_or_else(|| LISTEN_DEFAULT.to_owned());
        let Some(address) = self.address("listen", &text, &origin) else {
            return SocketAddr::from(([127, 0, 0, 1], 0));
        };
        if is_dev && !address.ip().is_loopback() {
            let reason = format!(
                "{address} can be reached from other machines, and with `dev` anyone there \
                 could be any user; listen on 127.0.0.1, or configure apps instead of `dev`"
            );
            self.problem("listen", origin, reason);
        }
        address
    }

    pub(super) fn metrics_listen(&mut self) -> Option<SocketAddr> {
        let (text, origin) = self.sources.pick("metrics_listen", |s| &s.metrics_listen);
        self.address("metrics_listen", &text?, &origin)
    }

    fn address(&mut self, field: &str, text: &str, origin: &Origin) -> Option<SocketAddr> {
        let address = text.parse().ok();
        if address.is_none() {
            let reason = format!(
                "{text:?} is not an IP address with a port, such as {LISTEN_DEFAULT} or [::]:7340"
            );
            self.problem(field, origin.clone(), reason);
        }
        address
    }

    /// Whether the files can be used is found out when they are read.
    pub(super) fn tls(&mut self) -> Option<TlsFiles> {
        let (cert, cert_origin) = self.sources.pick("tls_cert", |s| &s.tls_cert);
        let (key, key_origin) = self.sources.pick("tls_key", |s| &s.tls_key);
        match (cert, key) {
            (Some(cert), Some(key)) => Some(TlsFiles { cert, key }),
            (Some(_), None) => {
                let reason = "a certificate needs its key: set tls_key too";
                self.problem("tls_cert", cert_origin, reason.to_owned());
                None
            }
            (None, Some(_)) => {
                let reason = "a key needs its certificate: set tls_cert too";
                self.problem("tls_key", key_origin, reason.to_owned());
                None
            }
            (None, None) => None,
        }
    }

    pub(super) fn listener_rules(&mut self) -> ListenerRules {
        let rules = ListenerRules::default();
        ListenerRules {
            addresses: self.addresses(),
            visitors_max: self.number(
                "visitors_max",
                |s| &s.visitors_max,
                rules.visitors_max,
                1..=10_000_000,
            ),
            visitors_per_address_max: self.number(
                "visitors_per_address_max",
                |s| &s.visitors_per_address_max,
                rules.visitors_per_address_max,
                1..=10_000_000,
            ),
            header_wait_ms: self.number(
                "header_wait_ms",
                |s| &s.header_wait_ms,
                rules.header_wait_ms,
                100..=600_000,
            ),
            ..rules
        }
    }
}
