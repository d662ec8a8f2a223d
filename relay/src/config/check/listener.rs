//! What is asked of whoever connects.

use super::Check;
use crate::listener::ListenerRules;

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
}
