//! A connection that polls, as a wire.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use seqline_protocol::{Encoding, ErrorCode};
use tokio::{
    sync::mpsc,
    time::{Instant, Sleep, sleep_until},
};

use super::{
    exchange::{Ask, Exchange},
    registry::Listing,
};
use crate::{
    counters::Counters,
    frames::Outgoing,
    session::{Backlog, Event},
    wire::{Incoming, Wire},
};

pub(super) struct PollingWire {
    encoding: Encoding,
    asks: mpsc::Receiver<Ask>,
    exchange: Exchange,
    alarm: Pin<Box<Sleep>>,
    /// Requests find the way here for as long.
    _listing: Listing,
}

impl PollingWire {
    pub(super) fn new(
        encoding: Encoding,
        asks: mpsc::Receiver<Ask>,
        listing: Listing,
        counters: Arc<Counters>,
    ) -> Self {
        let exchange = Exchange::new(encoding, counters, Instant::now());
        Self {
            encoding,
            asks,
            alarm: Box::pin(sleep_until(exchange.deadline())),
            exchange,
            _listing: listing,
        }
    }

    /// What is read next is answered together with what was read before, as on a socket.
    fn poll(&mut self, cx: &mut Context<'_>, may_read: bool) -> Poll<Incoming> {
        self.take_asks(cx);
        if may_read && let Some(payload) = self.exchange.next_frame() {
            return Poll::Ready(Incoming::Event(Event::Frame {
                encoding: self.encoding,
                payload,
            }));
        }
        if self.exchange.is_left() {
            return Poll::Ready(Incoming::Ended);
        }
        if self.exchange.hand_out(Instant::now()) {
            return Poll::Ready(Incoming::Progress);
        }
        self.poll_time(cx)
    }

    fn take_asks(&mut self, cx: &mut Context<'_>) {
        let now = Instant::now();
        self.exchange.take_parked(now);
        while let Poll::Ready(Some(ask)) = self.asks.poll_recv(cx) {
            self.exchange.take(ask, now);
        }
        self.exchange.poll_abandoned(cx, now);
    }

    fn poll_time(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        let deadline = self.exchange.deadline();
        if self.alarm.deadline() != deadline {
            self.alarm.as_mut().reset(deadline);
        }
        if self.alarm.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        Poll::Ready(if self.exchange.expire(Instant::now()) {
            Incoming::Progress
        } else {
            Incoming::Ended
        })
    }

    /// Hands out what is left, also again if it was lost, until the client says that it has it.
    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            self.take_asks(cx);
            self.exchange.drop_incoming();
            self.exchange.take_parked(Instant::now());
            if self.exchange.is_left() {
                return Poll::Ready(());
            }
            if !self.exchange.hand_out(Instant::now()) {
                break;
            }
        }
        match self.poll_time(cx) {
            Poll::Ready(Incoming::Ended) => Poll::Ready(()),
            _ => Poll::Pending,
        }
    }
}

impl Wire for PollingWire {
    const SHOWS_SILENCE: bool = false;

    fn queue(&mut self, frame: Outgoing) {
        self.exchange.queue(frame);
    }

    fn backlog(&self) -> Backlog {
        self.exchange.backlog()
    }

    async fn next(&mut self, may_read: bool) -> Incoming {
        poll_fn(|cx| self.poll(cx, may_read)).await
    }

    fn shrink(&mut self) {
        self.exchange.shrink();
    }

    async fn close(&mut self, code: ErrorCode) {
        self.exchange.close(code.close_code().unwrap_or(1000));
        poll_fn(|cx| self.poll_close(cx)).await;
    }
}
