//! What is kept on the device: its id, its position, its outbox.
//!
//! Changes are gathered while an input is handled and written as one. Only one write is
//! under way at a time, so writes cannot overtake each other; what changes meanwhile
//! goes into the next one, the last value of each record only.
//!
//! What would be lost with the process is written at once. What would only be done once more
//! (the app gets an entry again, the relay a message that it has) waits a little for company:
//! so the writes of what happened before are hardly ever in the way of a message.

use seqline_protocol::{
    AppId, ConvId, DeviceId, Epoch, PublicPlace, Seq, UserId, from_cbor, to_cbor,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    input::{Draft, WriteId},
    output::{Output, StoreOp},
    rhythm::Path,
};

const DEVICE: &str = "device";
const POSITION: &str = "position";
const OUTBOX: &str = "outbox/";
const CROWD: &str = "crowd/";
/// With the version of its form: a later one is kept beside it, and this one left alone.
const PATHS: &str = "paths/1";
/// How long to leave a store alone that has just failed.
const RETRY_AFTER_MS: u64 = 5_000;
/// How long what can wait waits.
const LAZY_MS: u64 = 50;

/// Whose records these are, and how far they got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    pub(crate) app: AppId,
    pub(crate) user: UserId,
    pub(crate) epoch: Epoch,
    pub(crate) cursor: Seq,
    /// Not there in records of earlier versions, which knew no views.
    #[serde(default)]
    pub(crate) public: PublicPlace,
}

/// How far the app took a large conversation's own timeline.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CrowdRecord {
    pub(crate) cursor: Seq,
    /// Not read before the app took the user's own timeline up to here; zero: read.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) from: Seq,
    /// The user does not belong to it now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) left: bool,
}

fn is_zero(seq: &Seq) -> bool {
    *seq == Seq::ZERO
}

/// A message in the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OutboxRecord {
    pub(crate) draft: Draft,
    /// Why it failed, for people; absent while it is on its way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) failed: Option<String>,
}

/// What the store held at the start.
#[derive(Debug, Default)]
pub(crate) struct Restored {
    pub(crate) device: Option<DeviceId>,
    pub(crate) position: Option<Position>,
    /// By place.
    pub(crate) outbox: Vec<(u64, OutboxRecord)>,
    pub(crate) crowds: Vec<(ConvId, CrowdRecord)>,
    pub(crate) paths: Vec<Path>,
    /// Names of records that could not be read.
    pub(crate) corrupt: Vec<String>,
}

impl Restored {
    pub(crate) fn from_records(records: Vec<(String, Vec<u8>)>) -> Self {
        let mut restored = Self::default();
        for (key, value) in records {
            if restored.take(&key, &value).is_none() {
                restored.corrupt.push(key);
            }
        }
        restored
    }

    /// None if the record cannot be read.
    fn take(&mut self, key: &str, value: &[u8]) -> Option<()> {
        if key == DEVICE {
            self.device = Some(read(value)?);
        } else if key == POSITION {
            self.position = Some(read(value)?);
        } else if key == PATHS {
            self.paths = read(value)?;
        } else if let Some(place) = key.strip_prefix(OUTBOX) {
            let place = u64::from_str_radix(place, 16).ok()?;
            let after = self.outbox.partition_point(|(earlier, _)| *earlier < place);
            self.outbox.insert(after, (place, read(value)?));
        } else if let Some(conv) = key.strip_prefix(CROWD) {
            self.crowds.push((ConvId::new(conv).ok()?, read(value)?));
        }
        // Any other record is of a later version: none of our business.
        Some(())
    }
}

fn read<T: DeserializeOwned>(value: &[u8]) -> Option<T> {
    from_cbor(value)
}

/// The last value of each record that changed; none for one that is to go.
type Changes = Vec<(String, Option<Vec<u8>>)>;

/// The changes that are not yet kept.
#[derive(Debug, Default)]
pub(crate) struct StoreWriter {
    pending: Changes,
    under_way: Option<(WriteId, Changes)>,
    last_write: u32,
    /// Something of `pending` cannot wait.
    is_urgent: bool,
    /// When the rest is written, at the latest.
    write_by_ms: Option<u64>,
    failing: bool,
    retry_at_ms: Option<u64>,
}

impl StoreWriter {
    pub(crate) fn put_device(&mut self, device: &DeviceId) {
        self.put(DEVICE.to_owned(), device);
        self.hurry();
    }

    /// Can wait: a position that is behind is one from which more comes again.
    pub(crate) fn put_position(&mut self, position: &Position) {
        self.put(POSITION.to_owned(), position);
    }

    /// What is known of each kind of network.
    pub(crate) fn put_paths(&mut self, paths: &[Path]) {
        self.put(PATHS.to_owned(), &paths);
    }

    /// Keeps a message at its place; gives the write after which it counts as kept, or
    /// none while the store fails: then sending does not wait for it.
    pub(crate) fn put_outbox(&mut self, place: u64, record: &OutboxRecord) -> Option<WriteId> {
        self.put(outbox_key(place), record);
        self.hurry();
        (!self.failing).then(|| self.next_write())
    }

    /// Can wait: a message that the relay has is sent once more, and known there.
    pub(crate) fn delete_outbox(&mut self, place: u64) {
        self.change(outbox_key(place), None);
    }

    pub(crate) fn put_crowd(&mut self, conv: &ConvId, record: &CrowdRecord) {
        self.put(crowd_key(conv), record);
    }

    pub(crate) fn delete_crowd(&mut self, conv: &ConvId) {
        self.change(crowd_key(conv), None);
    }

    /// Forgets a record that cannot be read: told of once, it is in nobody's way.
    pub(crate) fn delete_corrupt(&mut self, key: String) {
        self.change(key, None);
    }

    /// Nothing of what has changed can wait: the process may end, or its timers stop.
    pub(crate) fn hurry(&mut self) {
        self.is_urgent |= !self.pending.is_empty();
    }

    /// Starts the next write, if it is time for one and nothing is under way.
    pub(crate) fn flush(&mut self, now_ms: u64) -> Option<Output> {
        if self.pending.is_empty() {
            return None;
        }
        let write_by_ms = *self.write_by_ms.get_or_insert(now_ms + LAZY_MS);
        if self.under_way.is_some()
            || self.retry_at_ms.is_some_and(|at_ms| now_ms < at_ms)
            || (!self.is_urgent && now_ms < write_by_ms)
        {
            return None;
        }
        let write = self.next_write();
        self.last_write = write.0;
        self.is_urgent = false;
        self.write_by_ms = None;
        self.retry_at_ms = None;
        let changes = std::mem::take(&mut self.pending);
        let ops = changes.iter().map(|(key, value)| match value {
            Some(value) => StoreOp::Put(key.clone(), value.clone()),
            None => StoreOp::Delete(key.clone()),
        });
        let output = Output::Persist(write, ops.collect());
        self.under_way = Some((write, changes));
        Some(output)
    }

    /// The store answered. Gives true if that is news about the write under way.
    pub(crate) fn persisted(&mut self, write: WriteId) -> bool {
        let known = self
            .under_way
            .take_if(|(under_way, _)| *under_way == write)
            .is_some();
        self.failing &= !known;
        known
    }

    /// The store failed: what it did not take is tried again later, unless overwritten
    /// meanwhile. Gives true for the first failure in a row.
    pub(crate) fn failed(&mut self, write: WriteId, now_ms: u64) -> bool {
        let Some((_, changes)) = self.under_way.take_if(|(under_way, _)| *under_way == write)
        else {
            return false;
        };
        for (key, value) in changes {
            if !self.pending.iter().any(|(changed, _)| *changed == key) {
                self.pending.push((key, value));
            }
        }
        self.retry_at_ms = Some(now_ms + RETRY_AFTER_MS);
        !std::mem::replace(&mut self.failing, true)
    }

    pub(crate) fn deadline_ms(&self) -> Option<u64> {
        let write_by_ms = self.write_by_ms.filter(|_| self.under_way.is_none());
        self.retry_at_ms.or(write_by_ms)
    }

    fn change(&mut self, key: String, value: Option<Vec<u8>>) {
        // What changed last is the likeliest to change again.
        match self
            .pending
            .iter_mut()
            .rev()
            .find(|(changed, _)| *changed == key)
        {
            Some((_, pending)) => *pending = value,
            None => self.pending.push((key, value)),
        }
    }

    fn next_write(&self) -> WriteId {
        WriteId(self.last_write + 1)
    }

    fn put<T: Serialize>(&mut self, key: String, value: &T) {
        self.change(key, Some(to_cbor(value)));
    }
}

/// Fixed width, so that the order of keys is the order of places.
fn outbox_key(place: u64) -> String {
    format!("{OUTBOX}{place:016x}")
}

fn crowd_key(conv: &ConvId) -> String {
    [CROWD, conv.as_str()].concat()
}
