//! Which acknowledgements are worth telling the store: those that take a message of
//! someone else. One is under way at a time; what comes meanwhile makes one more.

use seqline_protocol::Seq;

#[derive(Debug, Default)]
pub(super) struct Delivery {
    /// The last message of someone else that the device was handed.
    received: Seq,
    /// The device's app took everything up to here.
    acked: Seq,
    /// The store knows up to here, or is being told.
    told: Seq,
    is_telling: bool,
}

impl Delivery {
    /// The device comes with a cursor; the store knows of `told`.
    pub(super) fn open(&mut self, cursor: Seq, told: Seq) {
        self.told = told;
        self.received = cursor;
        self.acked = cursor;
    }

    /// The device was handed messages of others, up to this one.
    pub(super) fn handed(&mut self, received: Option<Seq>) {
        self.received = self.received.max(received.unwrap_or_default());
    }

    pub(super) fn acked(&mut self, cursor: Seq) {
        self.acked = self.acked.max(cursor);
    }

    /// The store has it up to here.
    pub(super) fn told(&mut self, upto: Seq) {
        self.is_telling = false;
        self.told = self.told.max(upto);
    }

    /// The store did not take it. Told again with what is acknowledged next, or the next ping.
    pub(super) fn not_told(&mut self) {
        self.is_telling = false;
    }

    /// What to tell the store now, if anything.
    pub(super) fn next(&mut self) -> Option<Seq> {
        let is_due = !self.is_telling && self.acked > self.told && self.received > self.told;
        is_due.then(|| {
            self.is_telling = true;
            self.acked
        })
    }
}
