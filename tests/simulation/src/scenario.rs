//! Makes plans from seeds: mostly small ones, some large.

use crate::plan::{Action, Broadcast, Device, Fault, Plan, Setup, Step, To, User, Way};

/// How large a scenario is.
#[derive(Debug, Clone, Copy)]
struct Size {
    users: u8,
    devices: u8,
    steps: usize,
    faults: usize,
    span_ms: u64,
}

const SMALL: Size = Size {
    users: 3,
    devices: 3,
    steps: 6,
    faults: 2,
    span_ms: 3_000,
};

const MEDIUM: Size = Size {
    users: 3,
    devices: 4,
    steps: 20,
    faults: 5,
    span_ms: 12_000,
};

const LARGE: Size = Size {
    users: 8,
    devices: 12,
    steps: 80,
    faults: 14,
    span_ms: 60_000,
};

/// The plan of a seed. The same seed gives the same plan, until this code changes.
#[must_use]
pub fn plan(seed: u64) -> Plan {
    let mut rng = fastrand::Rng::with_seed(seed ^ 0x5e91_1e00);
    let size = match rng.u8(0..100) {
        0..84 => SMALL,
        84..98 => MEDIUM,
        _ => LARGE,
    };
    Maker { rng, size }.plan(seed)
}

struct Maker {
    rng: fastrand::Rng,
    size: Size,
}

impl Setup {
    /// Whether the first group is one short of being large.
    fn is_growing(&self) -> bool {
        let members = self.groups.first().map_or(0, Vec::len);
        members + 1 == self.crowd_members_min as usize
    }
}

impl Maker {
    fn plan(&mut self, seed: u64) -> Plan {
        let setup = self.setup();
        let mut steps = Vec::new();
        // What is about something comes after there may be something.
        let count = self.rng.usize(2..=self.size.steps);
        for _ in 0..count {
            let action = self.action(&setup);
            self.add(&mut steps, &setup, &action);
        }
        if setup.is_growing() {
            self.grow(&mut steps, &setup);
        }
        for _ in 0..self.rng.usize(1..=self.size.faults) {
            let fault = self.fault(&setup);
            self.add(&mut steps, &setup, &Action::Fault(fault));
        }
        if setup.sync_ttl_ms < setup.heal_at_ms && self.rng.bool() {
            let sleep = self.long_sleep(&setup);
            steps.push(sleep);
        }
        steps.sort_by_key(|step| step.at_ms);
        Plan {
            why: String::new(),
            seed,
            setup,
            steps,
        }
    }

    fn setup(&mut self) -> Setup {
        let users = self.rng.u8(2..=self.size.users);
        let devices = self
            .rng
            .u8(users.min(self.size.devices)..=self.size.devices);
        let mut devices: Vec<User> = (0..devices).map(|n| User(n % users)).collect();
        if self.rng.bool() {
            devices.push(User(0));
        }
        let mut groups = Vec::new();
        for _ in 0..self.rng.u8(0..=2) {
            groups.push(self.members(users));
        }
        let mut channels = Vec::new();
        if self.rng.u8(0..4) == 0 {
            channels.push(self.members(users));
        }
        let mut crowd_members_min = self.rng.u32(2..=5);
        if let Some(group) = groups.first_mut()
            && users > 2
            && self.rng.u8(0..3) == 0
        {
            // It becomes large while everything goes on.
            group.truncate(usize::from(users) - 1);
            crowd_members_min = u32::try_from(group.len()).unwrap_or(2) + 1;
        }
        Setup {
            devices,
            groups,
            channels,
            crowd_members_min,
            heal_at_ms: self.size.span_ms,
            commit_ms: self.pick(&[0, 0, 5, 40, 200]),
            latency_ms: self.pick(&[1, 20, 60, 60, 400]),
            token_ttl_ms: self.pick(&[30_000, 3_600_000, 3_600_000]),
            sync_ttl_ms: if self.rng.u8(0..6) == 0 {
                self.size.span_ms / 3
            } else {
                3_600_000
            },
            public_poll_ms: 1_000,
            // Now and then more than a device is pushed, and more than may wait for it.
            coda: if self.rng.u8(0..60) == 0 { 700 } else { 1 },
        }
    }

    /// A device sleeps for longer than entries are kept.
    fn long_sleep(&mut self, setup: &Setup) -> Step {
        let at_ms = self.rng.u64(0..setup.heal_at_ms / 3);
        let fault = Fault::Suspend {
            device: self.device(setup),
            for_ms: setup.heal_at_ms - at_ms,
            clock_stops: self.rng.bool(),
        };
        Step {
            at_ms,
            action: Action::Fault(fault),
        }
    }

    /// The users who are missing in the first group come, one after the other.
    fn grow(&mut self, steps: &mut Vec<Step>, setup: &Setup) {
        let users = setup.devices.iter().map(|user| user.0).max().unwrap_or(0);
        let members = setup.groups.first().cloned().unwrap_or_default();
        let missing = (0..=users).map(User).filter(|user| !members.contains(user));
        for user in missing {
            let invite = Action::Invite {
                group: 0,
                users: vec![user],
            };
            self.add(steps, setup, &invite);
        }
    }

    /// What becomes of a broadcast that was made.
    fn follow_up(&mut self, steps: &mut Vec<Step>, setup: &Setup, made_at_ms: u64) {
        let mut at_ms = made_at_ms;
        for number in 0..self.rng.u8(1..=4) {
            at_ms = self.rng.u64(at_ms..=setup.heal_at_ms);
            let action = match number {
                0 if self.rng.bool() => Broadcast::Stage {
                    back: 0,
                    percent: self.rng.u8(0..=100),
                },
                0 | 1 => Broadcast::Publish {
                    back: 0,
                    wave_ms: self.rng.bool().then_some(200),
                },
                _ => self.broadcast(),
            };
            steps.push(Step {
                at_ms,
                action: Action::Broadcast(action),
            });
        }
    }

    /// Some users in any order, two at least.
    fn members(&mut self, users: u8) -> Vec<User> {
        let mut all: Vec<User> = (0..users).map(User).collect();
        self.rng.shuffle(&mut all);
        let count = self.rng.usize(2..=all.len());
        all.truncate(count);
        all
    }

    fn add(&mut self, steps: &mut Vec<Step>, setup: &Setup, action: &Action) {
        let at_ms = self.rng.u64(0..setup.heal_at_ms);
        let bursts = matches!(action, Action::Send { .. }) && self.rng.u8(0..4) == 0;
        let count = if bursts { self.rng.u64(2..=8) } else { 1 };
        for n in 0..count {
            steps.push(Step {
                at_ms: at_ms + n,
                action: action.clone(),
            });
        }
        if let Action::Broadcast(Broadcast::Draft | Broadcast::DraftForListed) = action {
            self.follow_up(steps, setup, at_ms);
        }
        // Who starts asks for a token.
        if let Action::Fault(Fault::TokenFails { device }) = action {
            steps.push(Step {
                at_ms: at_ms + 1,
                action: Action::Fault(Fault::Restart {
                    device: *device,
                    keeps_write: self.rng.bool(),
                }),
            });
        }
        // So that one is on its way over the socket at that moment.
        if let Action::SendTwin { device } = action
            && self.rng.bool()
        {
            let before_ms = self.rng.u64(0..=setup.latency_ms.min(at_ms));
            let to = self.to(setup);
            steps.push(Step {
                at_ms: at_ms - before_ms,
                action: Action::Send {
                    device: *device,
                    to,
                },
            });
        }
    }

    fn action(&mut self, setup: &Setup) -> Action {
        let device = self.device(setup);
        match self.rng.u8(0..41) {
            0..3 if !setup.groups.is_empty() => Action::Retry { device },
            18..20 => Action::SendTwin { device },
            20 => Action::ServerSend {
                user: self.user(setup),
                to: self.to(setup),
            },
            21..23 => Action::Recall { device },
            23..25 => Action::Edit { device },
            25..28 => Action::Read { device },
            28 => Action::Delete { device },
            29 if !setup.channels.is_empty() => Action::Follow { device, channel: 0 },
            29..32 if !setup.groups.is_empty() => Action::Invite {
                group: self.index(setup.groups.len()),
                users: vec![self.user(setup)],
            },
            32 if !setup.groups.is_empty() => {
                let group = self.index(setup.groups.len());
                // Its owner stays.
                let members = setup.groups.get(usize::from(group));
                let member = members.and_then(|members| members.get(1));
                Action::Remove {
                    group,
                    user: member.copied().unwrap_or(User(0)),
                }
            }
            33..36 => Action::Broadcast(self.broadcast()),
            36 => Action::Connect { device },
            37 => Action::Disconnect { device },
            38 => Action::Background {
                device,
                is_background: self.rng.bool(),
            },
            39 => Action::AllowList {
                user: self.user(setup),
                is_on: self.rng.u8(0..3) > 0,
            },
            _ => Action::Send {
                device,
                to: self.to(setup),
            },
        }
    }

    fn broadcast(&mut self) -> Broadcast {
        let back = self.rng.u8(0..3);
        match self.rng.u8(0..10) {
            0 => Broadcast::DraftForListed,
            1..3 => Broadcast::Draft,
            3..6 => Broadcast::Publish {
                back,
                wave_ms: self.rng.bool().then_some(200),
            },
            6 => Broadcast::Stage { back, percent: 50 },
            7 => Broadcast::Edit { back },
            8 => Broadcast::Stop { back },
            _ if self.rng.bool() => Broadcast::Recall { back },
            _ => Broadcast::Delete { back },
        }
    }

    fn fault(&mut self, setup: &Setup) -> Fault {
        let device = self.device(setup);
        let down_ms = self.pick(&[1, 50, 1_000, 4_000]);
        let for_ms = self.rng.u64(10..=setup.heal_at_ms);
        match self.rng.u8(0..32) {
            0..7 => Fault::Cut {
                device,
                way: self.way(),
                frames: self.rng.u8(0..6),
                late_ms: self.rng.bool().then_some(for_ms),
            },
            7..9 => Fault::HalfOpen {
                device,
                way: self.way(),
            },
            9..11 => Fault::Stall { device, for_ms },
            11 => Fault::SlowReader {
                device,
                frame_ms: self.rng.u64(20..=2_000),
            },
            12 => Fault::Offline { device, for_ms },
            13 => Fault::Suspend {
                device,
                for_ms,
                clock_stops: self.rng.bool(),
            },
            14..16 => Fault::Restart {
                device,
                keeps_write: self.rng.bool(),
            },
            16 => Fault::SecondTab { device },
            17 => Fault::HandlerFails {
                device,
                after: self.rng.u8(0..3),
            },
            18 => Fault::DeviceStoreFails { device },
            19 => Fault::DeviceClock {
                device,
                by_ms: self.rng.i64(-3_600_000..=3_600_000),
            },
            20 => Fault::TokenFails { device },
            21 => Fault::Crash { down_ms },
            22..26 => Fault::CrashAtCommit {
                commits: self.rng.u8(0..8),
                is_done: self.rng.u8(0..3) > 0,
                down_ms,
            },
            26 => Fault::Drain { down_ms: 1_000 },
            27 => Fault::CommitsFail {
                commits: self.rng.u8(1..4),
                // Who is connected would not be told of what was done: see plan::Fault.
                is_done: false,
            },
            28 => Fault::ReadsFail {
                reads: self.rng.u8(1..4),
            },
            29 => Fault::SlowStore {
                by_ms: self.rng.u64(10..=500),
                for_ms,
            },
            30 => Fault::RelayClock {
                by_ms: self.rng.i64(-5_000..=5_000),
            },
            _ => Fault::NewEpoch { down_ms },
        }
    }

    fn device(&mut self, setup: &Setup) -> Device {
        Device(self.index(setup.devices.len()))
    }

    fn user(&mut self, setup: &Setup) -> User {
        let index = usize::from(self.index(setup.devices.len()));
        setup.devices.get(index).copied().unwrap_or(User(0))
    }

    fn to(&mut self, setup: &Setup) -> To {
        match self.rng.u8(0..6) {
            0..3 if !setup.groups.is_empty() => To::Group(self.index(setup.groups.len())),
            3 if !setup.channels.is_empty() => To::Channel(0),
            _ => To::User(self.user(setup)),
        }
    }

    fn way(&mut self) -> Way {
        if self.rng.bool() { Way::Up } else { Way::Down }
    }

    fn index(&mut self, count: usize) -> u8 {
        let count = u8::try_from(count).unwrap_or(u8::MAX).max(1);
        self.rng.u8(0..count)
    }

    fn pick(&mut self, of: &[u64]) -> u64 {
        of.get(self.rng.usize(0..of.len())).copied().unwrap_or(0)
    }
}
