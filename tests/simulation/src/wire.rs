//! A simulated connection, as the relay sees it: what has come is read, what it writes leaves
//! as fast as the network takes it.

use std::{
    collections::VecDeque,
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use seqline_protocol::{Encoding, ErrorCode};
use seqline_relay::{
    frames::Outgoing,
    session::{Backlog, Event},
    wire::{Incoming, Wire},
};

use crate::exits::{Exit, Exits};

/// Which connection, over all processes of the relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineId(pub u32);

/// Frames that a network holds before what writes to it has to wait.
const NETWORK_FRAMES_MAX: usize = 64;

/// Frames that are read before what waits is written.
const READS_MAX: usize = 32;

/// The relay's end of a connection, as the world holds it.
#[derive(Debug)]
pub struct Line {
    state: Mutex<LineState>,
}

#[derive(Debug)]
struct LineState {
    inbound: VecDeque<(Encoding, Bytes)>,
    has_ended: bool,
    /// Frames that the network takes before the device has read one.
    room: usize,
    waker: Option<Waker>,
    backlog_max: Backlog,
}

impl Line {
    /// One on which nothing was said yet.
    #[must_use]
    pub fn open() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(LineState {
                inbound: VecDeque::new(),
                has_ended: false,
                room: NETWORK_FRAMES_MAX,
                waker: None,
                backlog_max: Backlog::default(),
            }),
        })
    }

    /// A frame has come.
    pub fn arrive(&self, encoding: Encoding, payload: Bytes) {
        self.change(|state| state.inbound.push_back((encoding, payload)));
    }

    /// The device has read a frame, or it was lost on its way.
    pub fn make_room(&self) {
        self.change(|state| state.room += 1);
    }

    /// The network takes so much less from now on.
    pub fn narrow(&self, frames: usize) {
        self.change(|state| state.room = state.room.saturating_sub(frames));
    }

    /// The network takes so much more again.
    pub fn widen(&self, frames: usize) {
        self.change(|state| state.room += frames);
    }

    /// The other side is gone, and the relay knows.
    pub fn end(&self) {
        self.change(|state| state.has_ended = true);
    }

    /// The most that ever waited for the network.
    #[must_use]
    pub fn backlog_max(&self) -> Backlog {
        self.state().backlog_max
    }

    fn change(&self, change: impl FnOnce(&mut LineState)) {
        let waker = {
            let mut state = self.state();
            change(&mut state);
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn state(&self) -> MutexGuard<'_, LineState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the relay's [`Connection`](seqline_relay::connection::Connection) moves frames with.
#[derive(Debug)]
pub struct SimulatedWire {
    id: LineId,
    line: Arc<Line>,
    exits: Arc<Exits>,
    outgoing: VecDeque<Outgoing>,
    bytes: usize,
    reads: usize,
}

impl SimulatedWire {
    /// One end of a line.
    #[must_use]
    pub fn new(id: LineId, line: Arc<Line>, exits: Arc<Exits>) -> Self {
        Self {
            id,
            line,
            exits,
            outgoing: VecDeque::new(),
            bytes: 0,
            reads: 0,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>, may_read: bool) -> Poll<Incoming> {
        let line = Arc::clone(&self.line);
        let mut state = line.state();
        if state.has_ended {
            return Poll::Ready(Incoming::Ended);
        }
        if may_read
            && (self.reads < READS_MAX || self.outgoing.is_empty())
            && let Some((encoding, payload)) = state.inbound.pop_front()
        {
            self.reads += 1;
            return Poll::Ready(Incoming::Event(Event::Frame { encoding, payload }));
        }
        self.reads = 0;
        if self.write(&mut state) {
            return Poll::Ready(Incoming::Progress);
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Whether anything was written.
    fn write(&mut self, state: &mut LineState) -> bool {
        let mut has_written = false;
        while state.room > 0
            && let Some(frame) = self.outgoing.pop_front()
        {
            state.room -= 1;
            self.bytes -= frame.payload.len();
            self.exits.push(Exit::Frame(self.id, frame));
            has_written = true;
        }
        has_written
    }
}

impl Wire for SimulatedWire {
    const SHOWS_SILENCE: bool = true;

    fn queue(&mut self, frame: Outgoing) {
        self.bytes += frame.payload.len();
        self.outgoing.push_back(frame);
        let mut state = self.line.state();
        let max = &mut state.backlog_max;
        max.frames = max.frames.max(self.outgoing.len());
        max.bytes = max.bytes.max(self.bytes);
    }

    fn backlog(&self) -> Backlog {
        Backlog {
            frames: self.outgoing.len(),
            bytes: self.bytes,
        }
    }

    async fn next(&mut self, may_read: bool) -> Incoming {
        poll_fn(|cx| self.poll(cx, may_read)).await
    }

    async fn close(&mut self, code: ErrorCode) {
        let flush = poll_fn(|cx| {
            let line = Arc::clone(&self.line);
            let mut state = line.state();
            self.write(&mut state);
            if self.outgoing.is_empty() || state.has_ended {
                return Poll::Ready(());
            }
            state.waker = Some(cx.waker().clone());
            Poll::Pending
        });
        flush.await;
        self.exits.push(Exit::Closed(self.id, code));
        let ended = poll_fn(|cx| {
            let mut state = self.line.state();
            if state.has_ended {
                return Poll::Ready(());
            }
            state.waker = Some(cx.waker().clone());
            Poll::Pending
        });
        ended.await;
    }
}

impl Drop for SimulatedWire {
    fn drop(&mut self) {
        self.exits.push(Exit::Dropped(self.id));
    }
}
