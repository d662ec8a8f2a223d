//! How far users have come. Several marks of one batch are told once, at its end.

use std::collections::BTreeSet;

use seqline_protocol::{ConvId, ConvKind, ConvSeq, ErrorCode, Item, Receipt};
use seqline_relay::store::{Clear, Delivered, Op, Read};

use super::model::{Batch, Conv, Got, Model, News, Place};
use crate::support::user;

impl Model {
    pub(super) fn begin(&mut self, ops: &[Op]) {
        let mut batch = Batch::default();
        for op in ops {
            if let Op::Delivered(delivered) = op {
                let name = delivered.account.user.as_str();
                let head = self.timelines.get(name).map_or(0, Vec::len);
                let cursor = usize::try_from(delivered.cursor.get()).unwrap().min(head);
                let furthest = batch.cursors.entry(name.to_owned()).or_default();
                *furthest = cursor.max(*furthest);
            }
        }
        for (name, conv) in &self.convs {
            for (user, place) in &conv.members {
                batch
                    .marks
                    .insert((name.clone(), user.clone()), place.clone());
            }
        }
        self.batch = batch;
    }

    pub(super) fn deliver(&mut self, delivered: &Delivered) -> Got {
        let name = delivered.account.user.as_str();
        let upto = self.batch.cursors.get(name).copied().unwrap_or(0);
        let from = self.taken.get(name).copied().unwrap_or(0);
        let timeline = self.timelines.get(name).map_or(&[][..], Vec::as_slice);
        for news in timeline.get(from..upto).unwrap_or_default() {
            let News::Message(conv, at) = news else {
                continue;
            };
            let conv = self.convs.get_mut(conv).unwrap();
            let is_own = conv.messages[at - 1].message.sender.as_str() == name;
            if is_own || conv.is_crowd || conv.has_ended {
                continue;
            }
            if let Some(place) = conv.members.get_mut(name) {
                place.delivered = place.delivered.max(*at);
            }
        }
        self.taken.insert(name.to_owned(), from.max(upto));
        Got::UpTo(delivered.cursor.get())
    }

    pub(super) fn read(&mut self, read: &Read) -> Result<Got, ErrorCode> {
        let upto = usize::try_from(read.conv_seq.get()).unwrap();
        self.mark(&read.conv, read.account.user.as_str(), upto)?;
        Ok(Got::Applied)
    }

    pub(super) fn clear(&mut self, clear: &Clear) -> Result<Got, ErrorCode> {
        let name = clear.account.user.as_str();
        if self.mark(&clear.conv, name, usize::MAX)? {
            let conv = self.convs.get_mut(clear.conv.as_str()).unwrap();
            let place = conv.members.get_mut(name).unwrap();
            place.sees_after = conv.messages.len();
            place.is_cleared = true;
        }
        Ok(Got::Applied)
    }

    /// False where two users have not said anything yet.
    fn mark(&mut self, id: &ConvId, name: &str, upto: usize) -> Result<bool, ErrorCode> {
        let conv = self.convs.get_mut(id.as_str());
        let Some(conv) = conv else {
            return if id.kind() == ConvKind::Direct {
                Ok(false)
            } else {
                Err(ErrorCode::ConversationUnknown)
            };
        };
        let upto = upto.min(conv.messages.len());
        let place = conv.members.get_mut(name);
        let place = place.ok_or(ErrorCode::ConversationUnknown)?;
        place.read = place.read.max(upto);
        place.delivered = place.delivered.max(place.read);
        Ok(true)
    }

    pub(super) fn tell_marks(&mut self) {
        let mut told: Vec<(String, News)> = Vec::new();
        for (name, conv) in &self.convs {
            for (reader, place) in &conv.members {
                let key = (name.clone(), reader.clone());
                let before = self.batch.marks.get(&key);
                told.extend(marks_of(conv, reader, place, before));
            }
        }
        for (name, news) in told {
            self.tell(&name, news);
        }
    }
}

fn marks_of(
    conv: &Conv,
    reader: &str,
    place: &Place,
    before: Option<&Place>,
) -> Vec<(String, News)> {
    // Who came in this batch, also who went and came, began anew.
    let began = match before {
        Some(before)
            if before.joined_at == place.joined_at && before.joined_s == place.joined_s =>
        {
            before.clone()
        }
        _ => Place::new(place.joined_at, place.joined_s),
    };
    let mut told = Vec::new();
    let seq = |at: usize| ConvSeq::new(at as u64).unwrap();
    if place.read > began.read {
        let item = Item::Read {
            conv: conv.id.clone(),
            conv_seq: seq(place.read),
        };
        told.push((reader.to_owned(), News::other(item)));
    }
    let receivers: BTreeSet<&str> = if conv.is_direct() {
        let has_moved = place.read > began.read || place.delivered > began.delivered;
        let others = conv.members.keys().map(String::as_str);
        others.filter(|_| has_moved).collect()
    } else if conv.is_crowd || conv.has_ended {
        BTreeSet::new()
    } else {
        let read = &conv.messages[began.read..place.read];
        let senders = read.iter().map(|one| one.message.sender.as_str());
        senders
            .filter(|one| conv.members.contains_key(*one))
            .collect()
    };
    for receiver in receivers.into_iter().filter(|one| *one != reader) {
        let receipt = Receipt {
            conv: conv.id.clone(),
            user: user(reader),
            delivered: seq(place.delivered),
            read: seq(place.read),
        };
        told.push((receiver.to_owned(), News::other(Item::Receipt(receipt))));
    }
    told
}
