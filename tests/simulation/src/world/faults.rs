//! What goes wrong, and how it ends.

use seqline_core::Input;

use super::{Event, World, device::Role};
use crate::{
    model::Checked,
    plan::{Device, Fault},
};

/// What a network holds less for a device that reads slowly.
pub(super) const NARROWED_FRAMES: usize = 60;

impl World<'_> {
    pub(super) fn fault(&mut self, fault: &Fault) -> Checked {
        if self.is_healed {
            return Ok(());
        }
        match fault {
            Fault::Crash { down_ms } => {
                if self.relay.is_some() {
                    self.count("crash");
                }
                self.kill_relay(*down_ms);
            }
            Fault::NewEpoch { down_ms } => {
                if self.relay.is_some() {
                    self.count("new_epoch");
                    self.has_new_epoch = true;
                }
                self.kill_relay(*down_ms);
            }
            Fault::CrashAtCommit {
                commits,
                is_done,
                down_ms,
            } => {
                self.crash_down_ms = *down_ms;
                self.store.faults().crash_at = Some((*commits, *is_done));
            }
            Fault::Drain { down_ms } => {
                if let Some(relay) = &self.relay {
                    relay.drain();
                    self.count("drain");
                    self.after(*down_ms, Event::Stopped(self.starts));
                }
            }
            Fault::CommitsFail { commits, is_done } => {
                let mut faults = self.store.faults();
                faults.failing_commits = *commits;
                faults.failing_are_done = *is_done;
                drop(faults);
                self.count(if *is_done {
                    "commits_fail_and_are_done"
                } else {
                    "commits_fail"
                });
            }
            Fault::ReadsFail { reads } => {
                self.store.faults().failing_reads = *reads;
                self.count("reads_fail");
            }
            Fault::SlowStore { by_ms, for_ms } => {
                self.store.faults().slower_ms = *by_ms;
                self.count("slow_store");
                self.after(*for_ms, Event::StoreIsFast);
            }
            Fault::RelayClock { by_ms } => {
                self.outside.skew.add(*by_ms);
                self.count("relay_clock");
            }
            _ => return self.fault_of_device(fault),
        }
        Ok(())
    }

    fn fault_of_device(&mut self, fault: &Fault) -> Checked {
        let Some(device) = device_of(fault) else {
            return Ok(());
        };
        let index = usize::from(device.0);
        let Some(node) = self.devices.get_mut(index) else {
            return Ok(());
        };
        if node.sleeps_until_ms.is_some() {
            return Ok(());
        }
        match fault {
            Fault::HandlerFails { after, .. } => node.handler_fails = Some(*after),
            Fault::DeviceStoreFails { .. } => node.store_fails = true,
            Fault::TokenFails { .. } => node.token_fails = true,
            Fault::DeviceClock { by_ms, .. } => {
                node.skew.add(*by_ms);
                self.count("device_clock");
            }
            Fault::Suspend {
                for_ms,
                clock_stops,
                ..
            } => {
                node.sleeps_until_ms = Some(self.now_ms + for_ms);
                node.slept_at_ms = self.now_ms;
                node.clock_stops = *clock_stops;
                self.count(if *clock_stops {
                    "suspend_clock_stops"
                } else {
                    "suspend"
                });
                self.after(*for_ms, Event::Awake(index));
            }
            Fault::Offline { for_ms, .. } => {
                self.count("offline");
                self.after(*for_ms, Event::Online(index));
                if let Some(link) = self.current_link(index) {
                    self.cut(link, None);
                }
                return self.feed(self.devices[index].current, Input::Online(false));
            }
            Fault::Restart { keeps_write, .. } => return self.restart(index, *keeps_write),
            Fault::SecondTab { .. } => return self.open_second_tab(index),
            _ => self.fault_of_link(index, fault),
        }
        Ok(())
    }

    fn fault_of_link(&mut self, device: usize, fault: &Fault) {
        let Some(id) = self.current_link(device) else {
            return;
        };
        let link = &mut self.links[id.0];
        match fault {
            Fault::Cut {
                way,
                frames,
                late_ms,
                ..
            } => link.lane(*way).cut_after = Some((*frames, *late_ms)),
            Fault::HalfOpen { way, .. } => {
                link.lane(*way).vanishes = true;
                self.count("half_open");
            }
            Fault::Stall { for_ms, .. } => {
                link.stalled_until_ms = self.now_ms + for_ms;
                link.was_slow = true;
                self.count("stall");
            }
            Fault::SlowReader { frame_ms, .. } => {
                link.frame_ms = *frame_ms;
                link.was_slow = true;
                if let Some((_, line)) = &link.line {
                    line.narrow(NARROWED_FRAMES);
                }
                self.count("slow_reader");
            }
            _ => {}
        }
    }

    /// A process ends, and another one starts on what the store holds.
    fn restart(&mut self, device: usize, keeps_write: bool) -> Checked {
        self.count("restart");
        let current = self.devices[device].current;
        if let Some(link) = self.processes[current.0].link.take() {
            self.cut(link, None);
            self.links[link.0].is_left_by_device = true;
        }
        let process = &mut self.processes[current.0];
        process.role = Role::Ended;
        if let Some(writing) = process.writing.take()
            && keeps_write
        {
            self.keep(device, writing);
        }
        self.start_process(device)
    }

    /// The app is opened once more, on the same store.
    fn open_second_tab(&mut self, device: usize) -> Checked {
        self.count("second_tab");
        let node = &mut self.devices[device];
        node.had_tabs = true;
        let current = node.current;
        let process = &mut self.processes[current.0];
        process.role = Role::EarlierTab;
        if let Some(writing) = process.writing.clone() {
            self.keep(device, writing);
        }
        self.start_process(device)
    }

    /// What happens to a device that sleeps is put aside.
    pub(super) fn unless_asleep(&mut self, event: Event) -> Option<Event> {
        let process = match &event {
            Event::Opened(link) | Event::Down(link, _) | Event::Ended(link, _) => {
                self.links[link.0].process
            }
            Event::Wake(process)
            | Event::Token(process)
            | Event::Persisted(process, ..)
            | Event::Taken(process, ..) => *process,
            _ => return Some(event),
        };
        let node = &mut self.devices[self.processes[process.0].device];
        if node.sleeps_until_ms.is_none() {
            return Some(event);
        }
        node.missed.push(event);
        None
    }

    pub(super) fn awake(&mut self, device: usize) -> Checked {
        let now_ms = self.now_ms;
        let node = &mut self.devices[device];
        let Some(until_ms) = node.sleeps_until_ms else {
            return Ok(());
        };
        if until_ms > now_ms && !self.is_healed {
            return Ok(());
        }
        node.sleeps_until_ms = None;
        if std::mem::take(&mut node.clock_stops) {
            self.set_back(device);
        }
        let node = &mut self.devices[device];
        let missed = std::mem::take(&mut node.missed);
        for event in missed {
            self.happen(event)?;
        }
        let current = self.devices[device].current;
        self.feed(current, Input::Probe)
    }

    /// A device's clock of deadlines stood still while it slept: all its timers are that late.
    fn set_back(&mut self, device: usize) {
        let node = &mut self.devices[device];
        let slept_ms = self.now_ms - node.slept_at_ms;
        node.lag_ms += slept_ms;
        for id in 0..self.processes.len() {
            let process = &mut self.processes[id];
            if process.device == device
                && let Some(at_ms) = &mut process.wake_at_ms
            {
                *at_ms += slept_ms;
                let at_ms = *at_ms;
                self.at(at_ms, Event::Wake(super::ProcessId(id)));
            }
        }
    }

    pub(super) fn online(&mut self, device: usize) -> Checked {
        self.feed(self.devices[device].current, Input::Online(true))
    }
}

fn device_of(fault: &Fault) -> Option<Device> {
    Some(match fault {
        Fault::Cut { device, .. }
        | Fault::HalfOpen { device, .. }
        | Fault::Stall { device, .. }
        | Fault::SlowReader { device, .. }
        | Fault::Offline { device, .. }
        | Fault::Suspend { device, .. }
        | Fault::Restart { device, .. }
        | Fault::SecondTab { device }
        | Fault::HandlerFails { device, .. }
        | Fault::DeviceStoreFails { device }
        | Fault::DeviceClock { device, .. }
        | Fault::TokenFails { device } => *device,
        _ => return None,
    })
}
