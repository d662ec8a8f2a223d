//! The end of a scenario: all faults heal, and everything converges.

use std::collections::{BTreeMap, BTreeSet};

use seqline_core::{ConnectionState, Input};

use super::{CONVERGED_WITHIN_MS, Event, World, device::Role, relay};
use crate::model::{Checked, Promise, Violation, ensure};

/// How often it is looked whether everything has converged.
const CHECK_EVERY_MS: u64 = 250;

/// As many devices that wait equally long before their next attempt are no coincidence.
const ALIKE_MAX: usize = 5;

/// How long devices wait before they try to connect again.
#[derive(Debug, Default)]
pub(super) struct Retries {
    /// Those that began to wait in one second and have failed equally often, by how long.
    alike: BTreeMap<(u64, u32, u64), BTreeSet<usize>>,
}

impl Retries {
    pub(super) fn note(&mut self, device: usize, state: &ConnectionState, now_ms: u64) {
        if let ConnectionState::Connecting {
            attempt,
            retry_in_ms,
            offline: false,
        } = state
            && *retry_in_ms >= 100
        {
            let alike = (now_ms / 1_000, *attempt, *retry_in_ms);
            self.alike.entry(alike).or_default().insert(device);
        }
    }

    /// Devices that lost the same relay do not return in step.
    pub(super) fn check(&self) -> Checked {
        let mut alike = self.alike.iter();
        let alike = alike.find(|(_, devices)| devices.len() >= ALIKE_MAX);
        ensure(alike.is_none(), Promise::ExplicitBeatsAutomatic, || {
            format!("devices reconnect in step: {alike:?}")
        })
    }
}

impl World<'_> {
    /// Nothing goes wrong any more. What is broken already, devices have to find out.
    pub(super) fn heal(&mut self) -> Checked {
        self.trace.note(b"heal", self.now_ms);
        self.is_healed = true;
        {
            let mut faults = self.store.faults();
            faults.crash_at = None;
            faults.failing_commits = 0;
            faults.failing_reads = 0;
            faults.slower_ms = 0;
        }
        for link in &mut self.links {
            link.up.cut_after = None;
            link.down.cut_after = None;
            link.stalled_until_ms = 0;
            link.frame_ms = 0;
        }
        for device in 0..self.devices.len() {
            self.heal_device(device)?;
        }
        self.after(CHECK_EVERY_MS, Event::Check);
        Ok(())
    }

    fn heal_device(&mut self, device: usize) -> Checked {
        let node = &mut self.devices[device];
        node.handler_fails = None;
        node.store_fails = false;
        node.token_fails = false;
        self.awake(device)?;
        // Only the newest tab is left open.
        for id in 0..self.processes.len() {
            let process = &mut self.processes[id];
            if process.device == device && process.role == Role::EarlierTab {
                self.feed(super::ProcessId(id), Input::Disconnect)?;
                self.processes[id].role = Role::Ended;
            }
        }
        let current = self.devices[device].current;
        self.feed(current, Input::Online(true))?;
        self.feed(current, Input::Background(false))?;
        self.feed(current, Input::Connect)
    }

    /// Whether everyone has everything. What it lacks after a long time is a violation.
    pub(super) fn is_converged(&mut self) -> Result<bool, Box<Violation>> {
        for device in 0..self.devices.len() {
            // Ended by a tab that was closed only just before.
            let current = self.devices[device].current;
            if self.devices[device].had_tabs && !self.processes[current.0].wants_connection {
                self.feed(current, Input::Connect)?;
            }
            // Asked for in vain while the database failed.
            self.claim_held(self.devices[device].current)?;
            self.repeat_reads(self.devices[device].current)?;
        }
        let lacks = self.lacks();
        let has_time = self.now_ms <= self.plan.setup.heal_at_ms + CONVERGED_WITHIN_MS;
        ensure(lacks.is_none() || has_time, Promise::Converges, || {
            let lacks = lacks.as_deref().unwrap_or_default();
            format!("{CONVERGED_WITHIN_MS} ms after all faults: {lacks}")
        })?;
        if lacks.is_none() {
            return Ok(true);
        }
        self.after(CHECK_EVERY_MS, Event::Check);
        Ok(false)
    }

    fn lacks(&self) -> Option<String> {
        for (number, node) in self.devices.iter().enumerate() {
            let process = &self.processes[node.current.0];
            let stats = process.session.stats();
            if stats.outbox > node.drafts.failed() {
                return Some(format!(
                    "device {number} has {} messages to send",
                    stats.outbox
                ));
            }
            if node.drafts.is_underway() {
                return Some(format!(
                    "device {number} has lost a message that it was to send"
                ));
            }
            let numbering = relay::epoch(self.epochs);
            if node.epoch.is_some_and(|epoch| epoch != numbering) {
                return Some(format!("device {number} goes on in an earlier numbering"));
            }
            if let Some(lacks) = node.view.lacks(&node.user, &self.truth) {
                return Some(format!("device {number} lacks {lacks}; {stats:?}"));
            }
            if let Some(lacks) = self.public.difference(&node.held, &node.user) {
                return Some(format!("device {number}: {lacks}"));
            }
            if let Some((conv, upto)) = node.unconfirmed.first_key_value() {
                return Some(format!(
                    "device {number} was not answered that {conv} is read up to {upto}"
                ));
            }
        }
        self.devices.iter().find_map(|node| {
            let reset = self.marks.reset.get(&node.user);
            self.truth.untold(&node.user, reset.copied().unwrap_or(0))
        })
    }

    /// What is true once all is over.
    pub(super) fn check_all(&self) -> Checked {
        for node in &self.devices {
            node.drafts.check_order(&node.user, &self.truth)?;
            node.drafts.check_stored(&node.user, &self.truth)?;
        }
        self.check_stored()
    }
}
