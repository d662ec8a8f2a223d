//! What goes wrong in the world, and who comes and goes meanwhile.

use seqline_core::Input;
use seqline_protocol::{ConvId, Item};

use super::{
    relay::Net,
    world::{COMING_AND_GOING, DEVICES, FAULTS_UNTIL_MS, GROUPS, Happening, World},
};

impl World {
    /// Somebody joins or leaves a group.
    pub(super) fn toggle_member(&mut self) {
        if self.now_ms > FAULTS_UNTIL_MS {
            return;
        }
        let conv = ConvId::new(GROUPS[self.rng.usize(0..GROUPS.len())].0).unwrap();
        let user = super::user(COMING_AND_GOING[self.rng.usize(0..COMING_AND_GOING.len())]);
        for (net, frame) in self.relay.toggle_member(&conv, &user) {
            self.down(net, &frame);
        }
        let soon = self.rng.u8(0..3) == 0;
        self.later(1, if soon { 50 } else { 8_000 }, Happening::Member);
    }

    /// An operator changes a broadcast, or a user sees others.
    pub(super) fn change_mailbox(&mut self) {
        if self.now_ms > FAULTS_UNTIL_MS {
            return;
        }
        let users = DEVICES.map(super::user);
        if self.relay.mailbox.change(&mut self.rng, &users) && self.rng.bool() {
            for (net, frame) in self.relay.notify_public(&mut self.rng) {
                self.down(net, &frame);
            }
        }
        let soon = self.rng.u8(0..3) == 0;
        self.later(1, if soon { 50 } else { 8_000 }, Happening::Operator);
    }

    pub(super) fn fault(&mut self) {
        if self.now_ms > FAULTS_UNTIL_MS {
            // No more of them. Black holes stay: the devices have to find out.
            return;
        }
        let victim = self.rng.usize(0..self.devices.len());
        match self.rng.u8(0..7) {
            0 | 1 => self.cut_device(victim),
            2 => {
                if let Some(wire) = self.devices[victim].net.and_then(|n| self.nets.get_mut(&n)) {
                    wire.black_hole = true;
                }
            }
            3 => self.crash_relay(),
            4 => self.restart_device(victim, false),
            5 if self.rng.u8(0..4) == 0 => self.restart_device(victim, true),
            _ => self.feed(victim, Input::Background(self.now_ms.is_multiple_of(2))),
        }
        self.later(200, 4_000, Happening::Fault);
    }

    pub(super) fn cut_device(&mut self, n: usize) {
        if let Some(net) = self.devices[n].net {
            self.cut(net);
        }
    }

    pub(super) fn cut(&mut self, net: Net) {
        if let Some(wire) = self.nets.get_mut(&net)
            && !std::mem::replace(&mut wire.cut, true)
        {
            self.later(1, 300, Happening::Closed(net));
        }
    }

    pub(super) fn crash_relay(&mut self) {
        self.relay.crash();
        let all: Vec<_> = self.nets.keys().copied().collect();
        for net in all {
            self.cut(net);
        }
    }

    /// The process ended. What it wrote is on its way, and may take longer than what the next
    /// process says.
    fn orphan(&mut self, net: Net) {
        let later_ms = self.rng.u64(0..500);
        let is_of_it =
            |happening: &Happening| matches!(happening, Happening::ToRelay(of, _) if *of == net);
        let written: Vec<_> = self
            .queue
            .extract_if(.., |_, happening| is_of_it(happening))
            .collect();
        for ((at_ms, _), frame) in written {
            self.at(at_ms + later_ms, frame);
        }
        self.at(self.now_ms + later_ms + 200, Happening::Closed(net));
    }

    /// The process ends: what is not in the store is gone, a write may or may not be. All
    /// is gone if the app is installed anew.
    pub(super) fn restart_device(&mut self, n: usize, anew: bool) {
        if self.rng.bool() {
            // Neither kept nor at the relay when the process ends.
            self.send(n);
        }
        match self.devices[n].net {
            // It will be another device, whose order is its own.
            _ if anew => self.cut_device(n),
            Some(net) if self.nets.contains_key(&net) => self.orphan(net),
            _ => {}
        }
        let lost: Vec<_> = self
            .queue
            .iter()
            .filter_map(|(key, h)| {
                matches!(h, Happening::Persisted(m, ..) if *m == n).then_some(*key)
            })
            .collect();
        for key in lost {
            if let Some(Happening::Persisted(_, incarnation, _, ops)) = self.queue.remove(&key)
                && incarnation == self.devices[n].incarnation
                && self.rng.bool()
            {
                self.persist(n, ops);
            }
        }
        if anew {
            self.devices[n].store.clear();
        }
        let session = self.session(self.devices[n].store.clone());
        let node = &mut self.devices[n];
        let before = node.app.own_seq;
        node.session = session;
        node.incarnation += 1;
        node.net = None;
        node.wake_at_ms = None;
        let cursor = node.session.stats().cursor;
        // Entries that are not for apps are passed without them.
        let is_app_behind = self
            .relay
            .timelines
            .get(&node.user)
            .is_some_and(|timeline| {
                timeline.iter().any(|entry| {
                    (before.next()..=cursor).contains(&entry.seq)
                        && !matches!(entry.item, Item::Crowd { .. })
                })
            });
        assert!(!is_app_behind, "the cursor ran ahead of the app");
        node.app.restart(cursor, &node.store);
        // What the store did not have yet was never promised to be sent.
        let kept: Vec<String> = node
            .store
            .values()
            .map(|v| String::from_utf8_lossy(v).into())
            .collect();
        let stored: Vec<_> = self.relay.messages.iter().map(|m| m.body.clone()).collect();
        let is_lost = |body: &&String| {
            let in_record = format!("{body}h");
            !stored.contains(body) && !kept.iter().any(|record| record.contains(&in_record))
        };
        let lost = node.sent_bodies.iter().filter(is_lost).cloned();
        node.doubtful.extend(lost);
        assert!(
            anew || node.told.is_disjoint(&node.doubtful),
            "told to be on its way, and lost: {:?} of {:?}",
            node.doubtful,
            node.told,
        );
        if anew {
            node.told.clear();
        }
        if self.rng.bool() {
            self.send(n);
        }
        self.feed(n, Input::Connect);
    }
}
