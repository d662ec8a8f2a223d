//! What is asked of whoever connects.

use super::Check;
use crate::{
    config::Settings,
    listener::ListenerRules,
    traffic::{Addresses, Network},
};

impl Check<'_> {
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

    fn addresses(&mut self) -> Addresses {
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
