//! A connection without a network: a test says when the device takes what is written to it.

use std::{
    collections::VecDeque,
    future::poll_fn,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};

use seqline_protocol::{
    ClientFrame, Encoded, Encoding, ErrorCode, RelayFrame, decode_binary, encode,
};
use seqline_relay::{
    frames::Outgoing,
    session::{Backlog, Event},
    wire::{Incoming, Wire},
};
use tokio::{sync::Notify, time::timeout};

use crate::support::PATIENCE;

/// The device's end.
#[derive(Clone, Default)]
pub(super) struct Line(Arc<Shared>);

/// The relay's end.
pub(super) struct LineWire(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    written: Notify,
}

#[derive(Default)]
struct State {
    incoming: VecDeque<Vec<u8>>,
    queued: VecDeque<Outgoing>,
    queued_bytes: usize,
    most: Backlog,
    taken: VecDeque<Outgoing>,
    is_stuck: bool,
    waker: Option<Waker>,
}

impl Line {
    pub(super) fn wire(&self) -> LineWire {
        LineWire(Arc::clone(&self.0))
    }

    /// Whether the device takes nothing from now on.
    pub(super) fn set_stuck(&self, is_stuck: bool) {
        self.change(|state| state.is_stuck = is_stuck);
    }

    /// The most that ever waited.
    pub(super) fn most(&self) -> Backlog {
        self.0.state.lock().unwrap().most
    }

    pub(super) fn say(&self, frame: &ClientFrame) {
        let Encoded::Binary(bytes) = encode(Encoding::Binary, frame) else {
            unreachable!()
        };
        self.change(|state| state.incoming.push_back(bytes));
    }

    /// The next frame that the device takes.
    pub(super) async fn next(&self) -> RelayFrame {
        let taken = async {
            loop {
                let frame = self.0.state.lock().unwrap().taken.pop_front();
                match frame {
                    Some(frame) => return decode_binary(&frame.payload).unwrap(),
                    None => self.0.written.notified().await,
                }
            }
        };
        timeout(PATIENCE, taken).await.expect("something comes")
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.0.state.lock().unwrap();
        change(&mut state);
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
    }
}

impl LineWire {
    fn poll(&self, cx: &mut Context<'_>, may_read: bool) -> Poll<Incoming> {
        let mut state = self.0.state.lock().unwrap();
        if !state.is_stuck && !state.queued.is_empty() {
            let queued = std::mem::take(&mut state.queued);
            state.taken.extend(queued);
            state.queued_bytes = 0;
            self.0.written.notify_one();
            return Poll::Ready(Incoming::Progress);
        }
        if may_read && let Some(frame) = state.incoming.pop_front() {
            return Poll::Ready(Incoming::Event(Event::Frame {
                encoding: Encoding::Binary,
                payload: frame.into(),
            }));
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Wire for LineWire {
    const SHOWS_SILENCE: bool = true;

    fn queue(&mut self, frame: Outgoing) {
        let mut state = self.0.state.lock().unwrap();
        state.queued_bytes += frame.payload.len();
        state.queued.push_back(frame);
        state.most.frames = state.most.frames.max(state.queued.len());
        state.most.bytes = state.most.bytes.max(state.queued_bytes);
    }

    fn backlog(&self) -> Backlog {
        let state = self.0.state.lock().unwrap();
        Backlog {
            frames: state.queued.len(),
            bytes: state.queued_bytes,
        }
    }

    async fn next(&mut self, may_read: bool) -> Incoming {
        poll_fn(|cx| self.poll(cx, may_read)).await
    }

    async fn close(&mut self, code: ErrorCode) {
        panic!("closed: {code}");
    }
}
