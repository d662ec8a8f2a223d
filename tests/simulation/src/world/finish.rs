//! The end of a scenario: all faults heal, and everything converges.

use std::collections::{BTreeMap, BTreeSet};

use seqline_core::{ConnectionState, Input};

use super::{
    CONVERGED_WITHIN_MS, Event, World,
    coda::{Coda, TOLD_WITHIN_MS},
    device::Role,
    faults::NARROWED_FRAMES,
    relay,
};
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
            let reads_slowly = std::mem::take(&mut link.frame_ms) > 0;
            if let Some((_, line)) = link.line.as_ref().filter(|_| reads_slowly) {
                line.widen(NARROWED_FRAMES);
            }
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
        let all_are_in = (0..self.devices.len()).all(|device| self.is_reached(device));
        if let Some(coda) = &mut self.coda {
            coda.note(all_are_in, self.now_ms);
        }
        let all_in_since_ms = self.coda.as_ref().and_then(Coda::all_in_since_ms);
        let (since_ms, within_ms) = match all_in_since_ms {
            Some(since_ms) => (since_ms, TOLD_WITHIN_MS),
            None => (self.plan.setup.heal_at_ms, CONVERGED_WITHIN_MS),
        };
        let has_time = self.now_ms <= since_ms + within_ms;
        ensure(lacks.is_none() || has_time, Promise::Converges, || {
            let lacks = lacks.as_deref().unwrap_or_default();
            let since = all_in_since_ms.map_or("all faults", |_| "all were connected");
            format!("{within_ms} ms after {since}: {lacks}")
        })?;
        if lacks.is_none() {
            if self.coda.is_some() || self.plan.setup.coda == 0 {
                return Ok(true);
            }
            self.check_sessions()?;
            self.play_coda()?;
        }
        self.after(CHECK_EVERY_MS, Event::Check);
        Ok(false)
    }

    fn lacks(&self) -> Option<String> {
        if self
            .coda
            .as_ref()
            .is_some_and(|coda| coda.is_underway(&self.calls))
        {
            return Some("the app's server is not answered".to_owned());
        }
        if self.coda.is_none()
            && let Some(device) = (0..self.devices.len()).find(|device| !self.is_reached(*device))
        {
            return Some(format!("device {device} is not connected"));
        }
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
            // Nobody is told at once of a broadcast without a wave: devices look by themselves.
            if self.coda.is_none()
                && let Some(lacks) = self.public.difference(&node.held, &node.user)
            {
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

    /// The relay has one session of each device: a new one ends those before.
    fn check_sessions(&self) -> Checked {
        let open = self.links.iter().filter(|link| {
            let is_over = link.is_closed_by_relay || link.is_left_by_relay;
            let is_blocked = link.was_slow || link.down.vanishes;
            let has_said_something = link.up.arrived > 0 && link.down.arrived > 0;
            link.line.is_some() && has_said_something && !is_over && !is_blocked
        });
        let mut devices: Vec<_> = open
            .map(|link| self.processes[link.process.0].device)
            .collect();
        devices.sort_unstable();
        let twice = devices.windows(2).find(|pair| pair[0] == pair[1]);
        ensure(twice.is_none(), Promise::ExplicitBeatsAutomatic, || {
            format!(
                "the relay has two sessions of device {:?}",
                twice.map(|pair| pair[0])
            )
        })
    }

    /// Whether a device is connected, and was welcomed.
    fn is_reached(&self, device: usize) -> bool {
        let link = self.current_link(device).map(|link| &self.links[link.0]);
        link.is_some_and(|link| {
            let is_whole = link.cut.is_none() && !link.up.vanishes && !link.down.vanishes;
            is_whole && !link.is_left_by_relay && link.down.arrived > 0
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
