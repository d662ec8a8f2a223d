//! The public mailbox.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use seqline_protocol::{AppId, UserId};

use super::Check;
use crate::{
    broadcasts::{PublicRules, is_attribute_name, lookup::LookupRules},
    config::parse_time_s,
    limits::{ALLOW_LIST_MAX, ATTRIBUTES_MAX, LOOKUP_TIMEOUT_MS_DEFAULT, LOOKUP_TIMEOUT_MS_MAX},
};

const LOOKUP_TTL_DEFAULT: &str = "10m";

impl Check<'_> {
    pub(super) fn public_rules(&mut self) -> PublicRules {
        let rules = PublicRules::default();
        let refresh_ms = self.number(
            "broadcast_refresh_ms",
            |s| &s.broadcast_refresh_ms,
            rules.refresh_ms.unwrap_or_default(),
            0..=86_400_000,
        );
        PublicRules {
            poll_ms: self.number(
                "broadcast_poll_ms",
                |s| &s.broadcast_poll_ms,
                rules.poll_ms,
                10..=60_000,
            ),
            refresh_ms: (refresh_ms > 0).then_some(refresh_ms),
            reach_flush_ms: self.number(
                "broadcast_reach_flush_ms",
                |s| &s.broadcast_reach_flush_ms,
                rules.reach_flush_ms,
                100..=3_600_000,
            ),
            attribute_names: self.attribute_names(),
            allow_lists: self.allow_lists(),
            lookups: self.lookups(),
        }
    }

    fn attribute_names(&mut self) -> BTreeSet<String> {
        let (names, origin) = self
            .sources
            .pick("broadcast_attributes", |s| &s.broadcast_attributes);
        let names: BTreeSet<_> = names.unwrap_or_default().into_iter().collect();
        for name in names.iter().filter(|name| !is_attribute_name(name)) {
            let reason = format!("{name:?} is no name: it has letters, digits, _ and - only");
            self.problem("broadcast_attributes", origin.clone(), reason);
        }
        if names.len() > ATTRIBUTES_MAX {
            let reason = format!("{} names are more than {ATTRIBUTES_MAX}", names.len());
            self.problem("broadcast_attributes", origin, reason);
        }
        names
    }

    fn allow_lists(&mut self) -> BTreeMap<AppId, BTreeSet<UserId>> {
        self.each_app(|check, name, settings| {
            let listed = settings.allow_list.as_deref()?;
            if listed.len() > ALLOW_LIST_MAX {
                let reason = format!("{} users are more than {ALLOW_LIST_MAX}", listed.len());
                check.app_problem(name, "allow_list", reason);
                return None;
            }
            let users = listed.iter().filter_map(|user| {
                UserId::new(user.clone())
                    .map_err(|error| check.app_problem(name, "allow_list", error.to_string()))
                    .ok()
            });
            Some(users.collect())
        })
    }

    fn lookups(&mut self) -> BTreeMap<AppId, LookupRules> {
        self.each_app(|check, name, settings| {
            let timeout_ms = settings
                .lookup_timeout_ms
                .unwrap_or(LOOKUP_TIMEOUT_MS_DEFAULT);
            if !(1..=LOOKUP_TIMEOUT_MS_MAX).contains(&timeout_ms) {
                let reason = format!("{timeout_ms} is not from 1 to {LOOKUP_TIMEOUT_MS_MAX}");
                check.app_problem(name, "lookup_timeout_ms", reason);
            }
            let ttl = settings.lookup_ttl.as_deref().unwrap_or(LOOKUP_TTL_DEFAULT);
            let ttl_s = parse_time_s(ttl)
                .map_err(|reason| check.app_problem(name, "lookup_ttl", reason))
                .ok();
            let Some(url) = settings.lookup_url.as_deref() else {
                if settings.lookup_timeout_ms.is_some() || settings.lookup_ttl.is_some() {
                    let reason = "nothing is looked up without it; set it, or leave out \
                                  lookup_timeout_ms and lookup_ttl";
                    check.app_problem(name, "lookup_url", reason.to_owned());
                }
                return None;
            };
            Some(LookupRules {
                endpoint: check.endpoint(name, "lookup_url", url, settings)?,
                timeout_ms,
                ttl: Duration::from_secs(ttl_s?),
            })
        })
    }
}
