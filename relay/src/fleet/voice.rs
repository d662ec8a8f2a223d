//! What this relay says to others, from wherever it is said.

use std::{sync::Arc, time::Duration};

use super::{FleetRules, SILENT_INTERVALS, company::Company, outbox::Outbox};
use crate::{
    account::Account,
    bus::{Hint, NodeId},
    clock::Clock,
};

/// Gathers what is to be said, and says it if anyone hears it.
pub struct Voice {
    pub(super) outbox: Outbox,
    pub(super) company: Company,
    clock: Arc<dyn Clock>,
    node: NodeId,
    is_sorted: bool,
    is_alone: bool,
    /// Who was not heard for so long is gone.
    silence: Duration,
}

impl Voice {
    /// One that nobody has heard yet.
    #[must_use]
    pub fn new(rules: &FleetRules, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            outbox: Outbox::default(),
            company: Company::default(),
            clock,
            node: rules.bus.node(),
            is_sorted: rules.bus.is_sorted(),
            is_alone: rules.bus.is_alone(),
            silence: rules.sweep_interval * SILENT_INTERVALS,
        })
    }

    /// What this relay is called by others.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// Whether there is no way to other relays.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.is_alone
    }

    /// Whether others are heard only about what was asked for.
    #[must_use]
    pub fn is_sorted(&self) -> bool {
        self.is_sorted
    }

    /// Whether another relay was heard lately.
    #[must_use]
    pub fn has_company(&self) -> bool {
        self.company.is_there(self.uptime())
    }

    /// Another relay was heard. Whether it was not there before.
    pub(super) fn hear(&self, from: NodeId) -> bool {
        self.company.hear(from, self.uptime() + self.silence)
    }

    /// Relays that have fallen silent.
    pub(super) fn take_gone(&self) -> Vec<NodeId> {
        self.company.take_gone(self.uptime())
    }

    /// Tells other relays something, if there are any. Best effort; if it is too much to tell, they
    /// learn that.
    pub fn tell(&self, hint: Hint) {
        if self.has_company() {
            self.outbox.add(hint);
        }
    }

    /// The same with what is lost for good if it is too much to tell.
    pub fn tell_if_room(&self, hint: Hint) {
        if self.has_company() {
            self.outbox.add_if_room(hint);
        }
    }

    /// Tells other relays that these users came, went, or share that or no longer.
    pub fn tell_presence<'a>(&self, of: impl Iterator<Item = &'a Arc<Account>>) {
        if self.has_company() {
            self.outbox.add_presence(of);
        }
    }

    fn uptime(&self) -> Duration {
        self.clock.now().uptime
    }
}
