//! Moves frames between devices and the relay, late, or not at all.

use bytes::Bytes;
use seqline_core::{ConnId, Input};
use seqline_protocol::{Encoded, Encoding};
use seqline_relay::frames::Outgoing;

use super::{
    Event, World,
    device::{ProcessId, Role},
    link::{Cut, LinkId, UpFrame},
};
use crate::{
    model::Checked,
    plan::Way,
    wire::{Line, LineId},
};

impl World<'_> {
    /// The connection that a process means, if it still has it.
    pub(super) fn link_of(&self, process: ProcessId, conn: ConnId) -> Option<LinkId> {
        let link = self.processes[process.0].link?;
        (self.links[link.0].conn == conn).then_some(link)
    }

    /// A connection reaches the relay, if there is one.
    pub(super) fn opened(&mut self, id: LinkId) -> Checked {
        let link = &self.links[id.0];
        if link.is_left_by_device || link.cut.is_some() {
            return Ok(());
        }
        let line_id = LineId(u32::try_from(id.0).unwrap_or(u32::MAX));
        let line = Line::open();
        let is_in = self
            .relay
            .as_ref()
            .is_some_and(|relay| relay.accept(line_id, std::sync::Arc::clone(&line)));
        if !is_in {
            self.count("refused_connection");
            let latency_ms = self.plan.setup.latency_ms;
            self.soon(latency_ms, Event::Ended(id, None));
            return Ok(());
        }
        self.count("connected");
        let link = &mut self.links[id.0];
        link.line = Some((line_id, line));
        let (process, conn) = (link.process, link.conn);
        self.lines.insert(line_id, id);
        let cursor = self.processes[process.0].session.stats().cursor;
        let device = self.processes[process.0].device;
        let node = &mut self.devices[device];
        node.cursor_told = cursor.get();
        node.epoch_told = node.epoch;
        self.feed(process, Input::Opened(conn))
    }

    /// A device writes.
    pub(super) fn send_up(&mut self, id: LinkId, frame: &Encoded) {
        let (now_ms, latency_ms) = (self.now_ms, self.plan.setup.latency_ms);
        let link = &mut self.links[id.0];
        if link.up.vanishes || link.cut.is_some() {
            return;
        }
        let at_ms = link.arrives_at_ms(Way::Up, now_ms, latency_ms);
        let cuts = spend(&mut link.up.cut_after);
        let payload = Bytes::copy_from_slice(frame.as_bytes());
        self.at(at_ms, Event::Up(id, frame.encoding(), payload));
        if let Some(late_ms) = cuts {
            self.cut(id, late_ms);
        }
    }

    /// A frame arrives at the relay.
    pub(super) fn up(&mut self, id: LinkId, encoding: Encoding, payload: Bytes) {
        let link = &mut self.links[id.0];
        if let Some(cut) = link.cut {
            // What opens a session does not come late: it would end a newer one.
            match cut.late_at_ms {
                Some(late_at_ms) if link.up.arrived > 0 => {
                    if self.now_ms < late_at_ms {
                        return link.late.push((encoding, payload));
                    }
                }
                _ => return,
            }
        }
        if link.is_left_by_device && link.up.arrived == 0 {
            return;
        }
        let mut frames = std::mem::take(&mut link.late);
        frames.push((encoding, payload));
        self.arrive(id, frames);
    }

    /// What was on its way when a connection was cut arrives.
    pub(super) fn late(&mut self, id: LinkId) {
        let frames = std::mem::take(&mut self.links[id.0].late);
        if !frames.is_empty() {
            self.count("late_frames");
            self.arrive(id, frames);
        }
    }

    fn arrive(&mut self, id: LinkId, frames: Vec<UpFrame>) {
        let link = &mut self.links[id.0];
        for (encoding, payload) in frames {
            link.up.arrived += 1;
            self.trace.note(&payload, id.0 as u64);
            if let Some((_, line)) = &link.line {
                line.arrive(encoding, payload);
            }
        }
    }

    /// The relay has written.
    pub(super) fn send_down(&mut self, line: LineId, frame: Outgoing) {
        let Some(id) = self.lines.get(&line).copied() else {
            return;
        };
        self.trace.note(&frame.payload, id.0 as u64);
        let (now_ms, latency_ms) = (self.now_ms, self.plan.setup.latency_ms);
        let link = &mut self.links[id.0];
        if link.down.vanishes || link.cut.is_some() {
            return;
        }
        let at_ms = link.arrives_at_ms(Way::Down, now_ms, latency_ms);
        let cuts = spend(&mut link.down.cut_after);
        self.at(at_ms, Event::Down(id, frame));
        if let Some(late_ms) = cuts {
            self.cut(id, late_ms);
        }
    }

    /// A frame arrives at the device.
    pub(super) fn down(&mut self, id: LinkId, frame: Outgoing) -> Checked {
        let link = &mut self.links[id.0];
        if link.cut.is_some() || link.is_left_by_device || link.down.vanishes {
            return Ok(());
        }
        link.down.arrived += 1;
        let (process, conn) = (link.process, link.conn);
        if let Some((_, line)) = &link.line {
            line.make_room();
        }
        let Some(frame) = encoded(frame) else {
            return Ok(());
        };
        self.feed(process, Input::Received(conn, frame))
    }

    /// The device learns that a connection has ended.
    pub(super) fn ended(&mut self, id: LinkId, code: Option<u16>) -> Checked {
        let link = &mut self.links[id.0];
        if link.is_left_by_device {
            return Ok(());
        }
        link.is_left_by_device = true;
        let (process, conn) = (link.process, link.conn);
        if !link.is_left_by_relay && link.cut.is_none() && !link.up.vanishes {
            self.soon(self.plan.setup.latency_ms, Event::Left(id));
        }
        if self.processes[process.0].link == Some(id) {
            self.processes[process.0].link = None;
        }
        self.feed(process, Input::Closed { conn, code })
    }

    /// The relay learns it.
    pub(super) fn left(&mut self, id: LinkId) {
        let link = &mut self.links[id.0];
        if std::mem::replace(&mut link.is_left_by_relay, true) {
            return;
        }
        if let Some((_, line)) = &link.line {
            line.end();
        }
    }

    /// A device closes a connection. Its last frames are ahead of that.
    pub(super) fn leave(&mut self, id: LinkId) {
        let (now_ms, latency_ms) = (self.now_ms, self.plan.setup.latency_ms);
        let link = &mut self.links[id.0];
        link.is_left_by_device = true;
        if link.cut.is_some() || link.up.vanishes {
            return;
        }
        let at_ms = link.arrives_at_ms(Way::Up, now_ms, latency_ms);
        self.at(at_ms, Event::Left(id));
    }

    /// A connection breaks. Both sides learn it, each at its time.
    pub(super) fn cut(&mut self, id: LinkId, late_ms: Option<u64>) {
        let now_ms = self.now_ms;
        let link = &mut self.links[id.0];
        if link.cut.is_some() {
            return;
        }
        let late_at_ms = late_ms.map(|late_ms| now_ms + late_ms);
        link.cut = Some(Cut { late_at_ms });
        let relay_after_ms = match late_ms {
            Some(late_ms) => late_ms + 1,
            None => link.rng.u64(1..=300),
        };
        let device_after_ms = link.rng.u64(1..=300);
        self.after(device_after_ms, Event::Ended(id, None));
        if let Some(late_ms) = late_ms {
            self.after(late_ms, Event::Late(id));
        }
        self.after(relay_after_ms, Event::Left(id));
        self.count("cut");
    }

    /// The current connection of a device.
    pub(super) fn current_link(&self, device: usize) -> Option<LinkId> {
        let current = self.devices[device].current;
        let process = &self.processes[current.0];
        debug_assert!(process.role == Role::Current, "the current one");
        process.link
    }
}

/// Counts a frame. Gives how a connection is cut after it, if it is.
fn spend(cut_after: &mut Option<(u8, Option<u64>)>) -> Option<Option<u64>> {
    let (left, late_ms) = cut_after.as_mut()?;
    if *left == 0 {
        return Some(*late_ms);
    }
    *left -= 1;
    None
}

fn encoded(frame: Outgoing) -> Option<Encoded> {
    Some(match frame.encoding {
        Encoding::Text => Encoded::Text(String::from_utf8(frame.payload.into()).ok()?),
        Encoding::Binary => Encoded::Binary(frame.payload.into()),
    })
}
