//! What addresses, users and connections may cost.

use super::Check;
use crate::{
    config::Settings,
    traffic::{Addresses, Network, Rate, TrafficRules},
};

impl Check<'_> {
    pub(super) fn traffic_rules(&mut self) -> TrafficRules {
        let rules = TrafficRules::default();
        TrafficRules {
            addresses: self.addresses(),
            sessions_per_address_max: self.number(
                "sessions_per_address_max",
                |s| &s.sessions_per_address_max,
                rules.sessions_per_address_max,
                1..=10_000_000,
            ),
            sessions_per_user_max: self.number(
                "sessions_per_user_max",
                |s| &s.sessions_per_user_max,
                rules.sessions_per_user_max,
                1..=10_000_000,
            ),
            logins_per_address: self.rate(
                "rate_logins_per_address",
                |s| &s.rate_logins_per_address,
                rules.logins_per_address,
            ),
            failed_logins_per_address: self.rate(
                "rate_failed_logins_per_address",
                |s| &s.rate_failed_logins_per_address,
                rules.failed_logins_per_address,
            ),
            requests_per_address: self.rate(
                "rate_requests_per_address",
                |s| &s.rate_requests_per_address,
                rules.requests_per_address,
            ),
            sends_per_user: self.rate(
                "rate_sends_per_user",
                |s| &s.rate_sends_per_user,
                rules.sends_per_user,
            ),
            calls_per_user: self.rate(
                "rate_calls_per_user",
                |s| &s.rate_calls_per_user,
                rules.calls_per_user,
            ),
            joins_per_user: self.rate(
                "rate_joins_per_user",
                |s| &s.rate_joins_per_user,
                rules.joins_per_user,
            ),
            ephemerals_per_user: self.rate(
                "rate_ephemerals_per_user",
                |s| &s.rate_ephemerals_per_user,
                rules.ephemerals_per_user,
            ),
            frames_per_connection: self.rate(
                "rate_frames_per_connection",
                |s| &s.rate_frames_per_connection,
                rules.frames_per_connection,
            ),
        }
    }

    fn rate(
        &mut self,
        field: &str,
        of: impl Fn(&Settings) -> &Option<String>,
        default: Rate,
    ) -> Rate {
        let (text, origin) = self.sources.pick(field, of);
        let rate = text.map_or(Ok(default), |text| text.parse());
        let are_on = self.sources.pick("rate_limits", |s| &s.rate_limits).0;
        match rate {
            _ if are_on == Some(false) => Rate::OFF,
            Ok(rate) => rate,
            Err(reason) => {
                self.problem(field, origin, reason);
                default
            }
        }
    }

    pub(super) fn addresses(&mut self) -> Addresses {
        let default = Addresses::default();
        Addresses {
            trusted_proxies: self.networks(
                "trusted_proxies",
                |s| &s.trusted_proxies,
                default.trusted_proxies,
            ),
            uncounted: self.networks(
                "uncounted_addresses",
                |s| &s.uncounted_addresses,
                default.uncounted,
            ),
        }
    }

    fn networks(
        &mut self,
        field: &str,
        of: impl Fn(&Settings) -> &Option<Vec<String>>,
        default: Vec<Network>,
    ) -> Vec<Network> {
        let (texts, origin) = self.sources.pick(field, of);
        let Some(texts) = texts else {
            return default;
        };
        let mut networks = Vec::new();
        // An empty value of the environment or a flag means none at all.
        for text in texts.iter().filter(|text| !text.is_empty()) {
            match text.parse() {
                Ok(network) => networks.push(network),
                Err(reason) => self.problem(field, origin.clone(), reason),
            }
        }
        networks
    }
}
