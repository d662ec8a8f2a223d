//! Much at one moment, once all is well: what nothing hinders arrives at once, and nobody is
//! handed more than is agreed.

use std::collections::{BTreeMap, BTreeSet};

use seqline_protocol::{
    ClientFrame, ClientMsgId, Encoded, Entry, Item, RelayFrame, Seq, decode,
    limits::{PUSH_WINDOW, SEND_WINDOW},
};
use seqline_relay::frames::Outgoing;

use super::{World, link::LinkId};
use crate::{
    model::{Checked, Promise, ensure},
    plan::{Device, To},
    wire::LineId,
};

/// Who is connected while nothing is wrong is told of a message within this time. Shorter than what
/// makes devices look by themselves.
pub(super) const TOLD_WITHIN_MS: u64 = 15_000;

/// What a device sends, of so many that the app's server does.
const OWN_PART: u16 = 4;

/// Messages that were sent at one moment when all had converged.
#[derive(Debug)]
pub(super) struct Coda {
    /// Since when everyone is connected; none while somebody's token, say, is renewed.
    all_in_since_ms: Option<u64>,
    /// The first of the server's calls.
    first: u32,
    /// What is on its way on each connection.
    flights: BTreeMap<LinkId, Flight>,
}

/// What one side gave and the other one did not acknowledge.
#[derive(Debug, Default)]
struct Flight {
    unanswered: BTreeSet<ClientMsgId>,
    /// Some are sent again while their answer is on its way.
    answered: BTreeSet<ClientMsgId>,
    acked: Option<Seq>,
}

impl Flight {
    /// Who sees an own message knows that it is stored.
    fn shows(&mut self, entries: &[Entry]) {
        for entry in entries {
            if let Item::Message(message) = &entry.item {
                self.answers(&message.client_msg_id);
            }
        }
    }

    fn answers(&mut self, id: &ClientMsgId) {
        self.unanswered.remove(id);
        self.answered.insert(id.clone());
    }

    fn is_pushed(&mut self, entries: &[Entry]) -> Checked {
        let seqs = || entries.iter().map(|entry| entry.seq.get());
        let before = seqs().min().map_or(0, |first| first - 1);
        let acked = self.acked.get_or_insert(Seq::saturating(before));
        let ahead = seqs().max().unwrap_or(0).saturating_sub(acked.get());
        ensure(ahead <= PUSH_WINDOW as u64, Promise::Bounded, || {
            format!("a device is pushed {ahead} entries beyond what it has acknowledged")
        })
    }
}

impl Coda {
    pub(super) fn all_in_since_ms(&self) -> Option<u64> {
        self.all_in_since_ms
    }

    pub(super) fn note(&mut self, all_are_in: bool, now_ms: u64) {
        let since_ms = self.all_in_since_ms.unwrap_or(now_ms);
        self.all_in_since_ms = all_are_in.then_some(since_ms);
    }

    /// Whether the server waits for an answer.
    pub(super) fn is_underway<T>(&self, calls: &BTreeMap<u32, T>) -> bool {
        calls.range(self.first..).next().is_some()
    }

    fn said_by_device(&mut self, link: LinkId, frame: ClientFrame) -> Checked {
        let flight = self.flights.entry(link).or_default();
        match frame {
            ClientFrame::Send(send) if !flight.answered.contains(&send.client_msg_id) => {
                flight.unanswered.insert(send.client_msg_id);
            }
            ClientFrame::Ack { cursor } => flight.acked = flight.acked.max(Some(cursor)),
            _ => {}
        }
        let count = flight.unanswered.len();
        ensure(count <= SEND_WINDOW, Promise::Bounded, || {
            format!("a device has sent {count} messages and waits for answers")
        })
    }

    fn said_by_relay(&mut self, link: LinkId, frame: &RelayFrame) -> Checked {
        let flight = self.flights.entry(link).or_default();
        match frame {
            RelayFrame::Sent { client_msg_id, .. }
            | RelayFrame::Error {
                client_msg_id: Some(client_msg_id),
                ..
            } => {
                flight.answers(client_msg_id);
            }
            RelayFrame::Push {
                conv: None,
                entries,
                ..
            } => {
                flight.shows(entries);
                return flight.is_pushed(entries);
            }
            RelayFrame::Page { entries, .. } => flight.shows(entries),
            // It starts over from there.
            RelayFrame::Reset { head, .. } => flight.acked = flight.acked.max(Some(*head)),
            _ => {}
        }
        Ok(())
    }
}

impl World<'_> {
    pub(super) fn play_coda(&mut self) -> Checked {
        self.count("coda");
        self.coda = Some(Coda {
            all_in_since_ms: Some(self.now_ms),
            first: self.last_call + 1,
            flights: BTreeMap::new(),
        });
        let devices = &self.plan.setup.devices;
        let (Some(from), Some(to)) = (devices.first().copied(), devices.last().copied()) else {
            return Ok(());
        };
        for _ in 0..self.plan.setup.coda {
            self.send_as_server(from, To::User(to));
        }
        for _ in 0..self.plan.setup.coda / OWN_PART {
            self.send(Device(0), To::User(to))?;
        }
        Ok(())
    }

    /// A frame leaves a device.
    pub(super) fn watch_up(&mut self, link: LinkId, frame: &Encoded) -> Checked {
        let Some(coda) = self.large_coda() else {
            return Ok(());
        };
        match decode(frame.encoding(), frame.as_bytes()) {
            Ok(frame) => coda.said_by_device(link, frame),
            Err(_) => Ok(()),
        }
    }

    /// A frame leaves the relay.
    pub(super) fn watch_down(&mut self, line: LineId, frame: &Outgoing) -> Checked {
        let link = self.lines.get(&line).copied();
        let (Some(link), Some(coda)) = (link, self.large_coda()) else {
            return Ok(());
        };
        match decode(frame.encoding, &frame.payload) {
            Ok(frame) => coda.said_by_relay(link, &frame),
            Err(_) => Ok(()),
        }
    }

    /// The coda, if there is enough in it to be held back.
    fn large_coda(&mut self) -> Option<&mut Coda> {
        let is_large = usize::from(self.plan.setup.coda) > PUSH_WINDOW;
        self.coda.as_mut().filter(|_| is_large)
    }
}
