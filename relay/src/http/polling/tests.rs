//! In virtual time: a wire, and what its device asks.

use std::{sync::Arc, time::Duration};

use futures_util::future::{self, Either};
use seqline_protocol::{
    Encoding, ErrorCode, Payload, PollAnswer, PollRequest, Secret, decode_poll,
};
use tokio::{
    sync::oneshot,
    time::{Instant, sleep, timeout},
};

use super::{
    exchange::{Ask, Refused, Reply},
    registry::Polling,
    wire::PollingWire,
};
use crate::{
    counters::Counters,
    entropy::SystemEntropy,
    frames::Outgoing,
    limits::{OUTGOING_FRAMES_MAX, POLL_ANSWER_BYTES_MAX, POLL_ANSWER_FRAMES_MAX, POLL_IDLE_MS},
    session::Event,
    wire::{Incoming, Wire as _},
};

const WAIT_MS: u32 = 25_000;

struct Desk {
    polling: Arc<Polling>,
    connection: Secret,
    wire: PollingWire,
    counters: Arc<Counters>,
}

/// What waits for its answer.
struct Asked(oneshot::Receiver<Reply>);

impl Asked {
    fn so_far(&mut self) -> Option<Reply> {
        self.0.try_recv().ok()
    }

    fn answer(&mut self) -> PollAnswer {
        let body = self.so_far().expect("an answer").expect("no refusal");
        decode_poll(Encoding::Text, &body).unwrap()
    }

    fn texts(&mut self) -> Vec<String> {
        let frames = self.answer().frames.into_iter();
        frames
            .map(|Payload(bytes)| String::from_utf8(bytes).unwrap())
            .collect()
    }
}

fn send(number: u32, frames: &[&str]) -> PollRequest {
    PollRequest {
        send: Some(number),
        frames: frames.iter().map(|one| Payload((*one).into())).collect(),
        ..PollRequest::default()
    }
}

fn receive(number: u32) -> PollRequest {
    PollRequest {
        receive: Some(number),
        wait_ms: Some(WAIT_MS),
        ..PollRequest::default()
    }
}

fn goodbye() -> PollRequest {
    PollRequest {
        close: true,
        ..PollRequest::default()
    }
}

impl Desk {
    fn new() -> Self {
        let polling = Arc::new(Polling::new(WAIT_MS));
        let counters = Arc::new(Counters::default());
        let (listing, asks) = polling.list(&SystemEntropy, Encoding::Text);
        Self {
            connection: listing.connection().clone(),
            wire: PollingWire::new(Encoding::Text, asks, listing, Arc::clone(&counters)),
            polling,
            counters,
        }
    }

    fn ask(&self, request: PollRequest) -> Asked {
        let (asks, _) = self.polling.find(&self.connection).expect("it is listed");
        let (reply, replied) = oneshot::channel();
        asks.try_send(Ask { request, reply }).unwrap();
        Asked(replied)
    }

    fn queue(&mut self, text: &str) {
        self.wire.queue(Outgoing {
            encoding: Encoding::Text,
            payload: text.to_owned().into(),
        });
    }

    /// What is read until nothing more is to be done at this moment.
    async fn run(&mut self) -> Vec<String> {
        self.run_for(Duration::ZERO, true).await.0
    }

    /// What is read in a time; and whether the wire ended in it.
    async fn run_for(&mut self, time: Duration, may_read: bool) -> (Vec<String>, bool) {
        let mut read = Vec::new();
        let mut rest = Box::pin(sleep(time));
        loop {
            let next = Box::pin(self.wire.next(may_read));
            match future::select(next, &mut rest).await {
                Either::Left((Incoming::Event(Event::Frame { payload, .. }), _)) => {
                    read.push(String::from_utf8(payload.to_vec()).unwrap());
                }
                Either::Left((Incoming::Event(event), _)) => panic!("{event:?}"),
                Either::Left((Incoming::Progress, _)) => {}
                Either::Left((Incoming::Ended, _)) => return (read, true),
                Either::Right(_) => return (read, false),
            }
        }
    }

    fn repeats(&self) -> u64 {
        self.counters.poll_repeats.get()
    }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[tokio::test(start_paused = true)]
async fn what_is_sent_is_read_once_however_often_it_comes() {
    let mut desk = Desk::new();
    let mut first = desk.ask(send(1, &["a", "b"]));
    assert_eq!(desk.run().await, ["a", "b"]);
    assert_eq!(first.answer(), PollAnswer::default());
    let mut again = desk.ask(send(1, &["a", "b"]));
    let mut next = desk.ask(send(2, &["c"]));
    assert_eq!(desk.run().await, ["c"]);
    assert_eq!(again.answer(), PollAnswer::default());
    assert_eq!(next.answer(), PollAnswer::default());
    assert_eq!(desk.repeats(), 1);
    let mut ahead = desk.ask(send(4, &["e"]));
    assert_eq!(desk.run().await, [""; 0]);
    assert_eq!(ahead.so_far(), Some(Err(Refused::OutOfOrder)));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_read_yet_holds_up_what_is_sent_next() {
    let mut desk = Desk::new();
    let mut first = desk.ask(send(1, &["a"]));
    let mut second = desk.ask(send(2, &["b"]));
    let (read, _) = desk.run_for(ms(1), false).await;
    assert!(read.is_empty());
    assert!(first.so_far().is_some(), "taken in, in memory");
    assert_eq!(second.so_far(), None);
    let mut again = desk.ask(send(2, &["b"]));
    desk.run_for(ms(1), false).await;
    assert_eq!(second.so_far(), Some(Err(Refused::Overtaken)));
    // What comes the other way does not wait for it.
    let mut waiting = desk.ask(receive(1));
    desk.queue("x");
    desk.run_for(ms(1), false).await;
    assert_eq!(waiting.texts(), ["x"]);
    assert_eq!(desk.run().await, ["a", "b"]);
    assert_eq!(again.answer(), PollAnswer::default());
}

#[tokio::test(start_paused = true)]
async fn a_poll_is_answered_as_soon_as_there_is_something() {
    let mut desk = Desk::new();
    let mut waiting = desk.ask(receive(1));
    let (_, ended) = desk.run_for(ms(24_999), true).await;
    assert!(!ended);
    assert_eq!(waiting.so_far(), None);
    desk.queue("x");
    desk.queue("y");
    desk.run().await;
    assert_eq!(waiting.texts(), ["x", "y"], "what comes together, together");
    desk.queue("z");
    let mut next = desk.ask(receive(2));
    desk.run().await;
    assert_eq!(next.texts(), ["z"], "what was there before it asked");
}

#[tokio::test(start_paused = true)]
async fn a_poll_is_answered_in_time_also_with_nothing() {
    let mut desk = Desk::new();
    let begun = Instant::now();
    let mut waiting = desk.ask(receive(1));
    assert!(matches!(desk.wire.next(true).await, Incoming::Progress));
    assert_eq!(begun.elapsed(), ms(WAIT_MS.into()));
    assert_eq!(waiting.answer(), PollAnswer::default());
    let mut at_once = desk.ask(PollRequest {
        wait_ms: Some(0),
        ..receive(2)
    });
    desk.run_for(ms(1), true).await;
    assert_eq!(at_once.answer(), PollAnswer::default());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_lost_is_given_again_until_the_next_is_asked_for() {
    let mut desk = Desk::new();
    drop(desk.ask(receive(1)));
    desk.queue("x");
    let mut waiting = desk.ask(receive(1));
    desk.run().await;
    assert_eq!(waiting.texts(), ["x"]);
    desk.queue("y");
    for _ in 0..2 {
        let mut again = desk.ask(receive(1));
        desk.run().await;
        assert_eq!(again.texts(), ["x"], "the same, and nothing more");
    }
    let mut next = desk.ask(receive(2));
    desk.run().await;
    assert_eq!(next.texts(), ["y"]);
    for number in [0, 1, 4] {
        let mut other = desk.ask(receive(number));
        desk.run().await;
        assert_eq!(other.so_far(), Some(Err(Refused::OutOfOrder)), "{number}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_is_asked_again_takes_the_place_of_the_first() {
    let mut desk = Desk::new();
    let mut first = desk.ask(receive(1));
    desk.run().await;
    let mut second = desk.ask(receive(1));
    desk.run().await;
    assert_eq!(first.so_far(), Some(Err(Refused::Overtaken)));
    desk.queue("x");
    desk.run().await;
    assert_eq!(second.texts(), ["x"]);
}

#[tokio::test(start_paused = true)]
async fn one_that_asks_no_more_ends() {
    let begun = Instant::now();
    let mut desk = Desk::new();
    assert!(matches!(desk.wire.next(true).await, Incoming::Ended));
    assert_eq!(begun.elapsed(), ms(POLL_IDLE_MS), "never asked");

    let mut desk = Desk::new();
    let _sent = desk.ask(send(1, &["a"]));
    desk.run().await;
    let (_, ended) = desk.run_for(ms(POLL_IDLE_MS - 1), true).await;
    assert!(!ended, "since it asked last");
    let mut waiting = desk.ask(receive(1));
    let (_, ended) = desk.run_for(ms(WAIT_MS.into()), true).await;
    assert!(!ended && waiting.so_far().is_some(), "it has asked");
    let (_, ended) = desk.run_for(ms(POLL_IDLE_MS - 1), true).await;
    assert!(!ended, "since it was answered");
    let (_, ended) = desk.run_for(ms(1), true).await;
    assert!(ended);
    let connection = desk.connection.clone();
    drop(desk.wire);
    assert!(desk.polling.find(&connection).is_none());
    assert!(desk.polling.is_empty());
}

#[tokio::test(start_paused = true)]
async fn one_whose_poll_was_cut_off_has_time_to_ask_again() {
    let mut desk = Desk::new();
    let waiting = desk.ask(receive(1));
    desk.run_for(ms(20_000), true).await;
    drop(waiting);
    desk.queue("x");
    let (_, ended) = desk.run_for(ms(POLL_IDLE_MS - 1), true).await;
    assert!(!ended);
    assert_eq!(desk.wire.backlog().frames, 1, "kept for whoever asks next");
    let mut again = desk.ask(receive(1));
    desk.run().await;
    assert_eq!(again.texts(), ["x"]);
}

#[tokio::test(start_paused = true)]
async fn answers_are_bounded_and_the_rest_is_in_the_next() {
    let mut desk = Desk::new();
    for n in 0..OUTGOING_FRAMES_MAX + 10 {
        desk.queue(&n.to_string());
    }
    let large = "x".repeat(POLL_ANSWER_BYTES_MAX / 2);
    for _ in 0..3 {
        desk.queue(&large);
    }
    let mut counts = Vec::new();
    for number in 1..=3 {
        let mut waiting = desk.ask(receive(number));
        desk.run().await;
        counts.push(waiting.texts().len());
    }
    // So many frames; what fits beside a large one; as large as two of them.
    assert_eq!(counts, [POLL_ANSWER_FRAMES_MAX, 11, 2]);
    let backlog = desk.wire.backlog();
    assert_eq!((backlog.frames, backlog.bytes), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn the_client_ends_it_after_what_it_said() {
    let mut desk = Desk::new();
    let _sent = desk.ask(send(1, &["a"]));
    let mut leaving = desk.ask(goodbye());
    let (read, ended) = desk.run_for(ms(1), true).await;
    assert_eq!((read, ended), (vec!["a".to_owned()], true));
    assert_eq!(leaving.answer(), PollAnswer::default());
}

#[tokio::test(start_paused = true)]
async fn the_relay_ends_it_after_what_it_said() {
    let mut desk = Desk::new();
    desk.queue("last words");
    let mut unread = desk.ask(send(1, &["a"]));
    let mut waiting = desk.ask(receive(1));
    let polling = Arc::clone(&desk.polling);
    let connection = desk.connection.clone();
    let asks = move |request| {
        let (asks, _) = polling.find(&connection).unwrap();
        let (reply, replied) = oneshot::channel();
        asks.try_send(Ask { request, reply }).unwrap();
        Asked(replied)
    };
    {
        let mut closing = Box::pin(desk.wire.close(ErrorCode::Kicked));
        assert!(timeout(ms(1), &mut closing).await.is_err());
        assert!(
            unread.so_far().is_some(),
            "whoever sends is not kept waiting"
        );
        let told = waiting.answer();
        assert_eq!((told.frames.len(), told.close), (1, Some(4020)));

        let mut again = asks(receive(1));
        assert!(timeout(ms(1), &mut closing).await.is_err());
        assert_eq!(again.answer(), told, "it was lost");
        let _confirmed = asks(goodbye());
        assert!(timeout(ms(1), &mut closing).await.is_ok());
    }

    let mut desk = Desk::new();
    let begun = Instant::now();
    desk.wire.close(ErrorCode::Draining).await;
    assert_eq!(begun.elapsed(), ms(POLL_IDLE_MS), "and not for ever");
}
