//! What is traced of a connection's messages: those that it brings, and those that it hands over.

use seqline_protocol::Seq;

use crate::{
    session::{Event, Observation, Query},
    store::{Op, PageRange, Send},
    traces::{Role, TraceParent, TraceSpan, Traces},
};

/// Holds next to nothing while nothing is traced.
pub(super) struct Traced {
    traces: Traces,
    /// Of the message that the app's server is being asked about.
    asking: Option<TraceSpan>,
    /// The device was told to pull this.
    owed: Option<Owed>,
    /// It was told to pull since what is handed over now was taken.
    was_put_off: bool,
}

struct Owed {
    head: Seq,
    parent: TraceParent,
}

/// A message is being handed over.
pub(super) struct Handing {
    span: TraceSpan,
    head: Seq,
}

impl Traced {
    pub(super) fn new(traces: Traces) -> Self {
        Self {
            traces,
            asking: None,
            owed: None,
            was_put_off: false,
        }
    }

    /// A message is asked about before it is stored.
    pub(super) fn checked(&mut self, send: &Send) -> Option<TraceParent> {
        self.asking = self.traces.begin_send(send, None);
        self.asking.as_ref().map(TraceSpan::parent)
    }

    /// That message is not wanted.
    pub(super) fn refused(&mut self) {
        if let Some(mut span) = self.asking.take() {
            span.fail("rejected");
        }
    }

    /// An operation goes to the writer.
    pub(super) fn submitted(&mut self, op: &Op) -> Option<TraceSpan> {
        match op {
            Op::Send(send) => {
                let asked = self.asking.take();
                asked.or_else(|| self.traces.begin_send(send, None))
            }
            _ => None,
        }
    }

    /// Something came for the session.
    pub(super) fn begin_handing(&mut self, mail: &Event) -> Option<Handing> {
        let (name, trace, head) = match mail {
            Event::Push(push) => ("push", push.trace(), push.last()),
            Event::Missed { head, trace, .. } => ("notify", *trace, *head),
            _ => return None,
        };
        let span = self.traces.go_on(name, Role::Producer, trace)?;
        self.was_put_off = false;
        Some(Handing { span, head })
    }

    /// It is on the wire, or the device has to pull it.
    pub(super) fn end_handing(&mut self, handing: Option<Handing>) {
        if let Some(Handing { mut span, head }) = handing {
            span.set("seqline.pull", self.was_put_off);
            if self.was_put_off {
                let parent = span.parent();
                self.owed = Some(Owed { head, parent });
            }
        }
    }

    pub(super) fn observed(&mut self, observation: Observation) {
        self.was_put_off |= observation == Observation::Gap;
    }

    /// The device pulls.
    pub(super) fn pulled(&mut self, query: &Query) -> Option<TraceSpan> {
        let owed = self.owed.as_ref()?;
        match query {
            Query::Page(page) if matches!(page.range, PageRange::After(after) if after < owed.head) =>
            {
                let parent = Some(owed.parent);
                self.owed = None;
                self.traces.go_on("pull", Role::Producer, parent)
            }
            _ => None,
        }
    }
}
