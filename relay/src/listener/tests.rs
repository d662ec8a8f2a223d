//! In virtual time: a peer at one end of a pipe, the listener at the other.

use std::{sync::Arc, time::Duration};

use axum::{Extension, Router, routing::get};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex},
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{FULL, Listener, ListenerRules, Visitor};
use crate::{
    counters::Counters,
    limits::{HEADER_WAIT_MS, LINGER_BYTES_MAX, LINGER_MS, LINGERING_MAX, WRITE_STALL_MS},
};

const LARGE_BYTES: usize = 1024 * 1024;
const PIPE_BYTES: usize = 4096;
const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: relay\r\n\r\n";

struct Desk {
    listener: Arc<Listener>,
    counters: Arc<Counters>,
    stop: CancellationToken,
}

impl Desk {
    fn new() -> Self {
        let address =
            |Extension(visitor): Extension<Visitor>| async move { visitor.address.to_string() };
        let router = Router::new()
            .route("/", get(address))
            .route("/large", get(|| async { vec![b'x'; LARGE_BYTES] }));
        let counters = Arc::new(Counters::default());
        let rules = ListenerRules::default();
        let visitors = rules.visitors();
        let listener = Listener::new(router, rules, visitors, Arc::clone(&counters));
        Self {
            listener: Arc::new(listener),
            counters,
            stop: CancellationToken::new(),
        }
    }

    /// A peer, and the task that speaks with it.
    fn connect(&self) -> (DuplexStream, JoinHandle<()>) {
        let (peer, io) = duplex(PIPE_BYTES);
        let listener = Arc::clone(&self.listener);
        let stop = self.stop.clone();
        let address = [192, 0, 2, 7].into();
        let visit = listener.visitors.enter(Some(address)).unwrap();
        let task = tokio::spawn(async move { listener.speak(io, address, visit, stop).await });
        (peer, task)
    }

    fn ended(&self) -> [u64; 3] {
        let counters = &self.counters;
        [
            counters.visitors_slow.get(),
            counters.visitors_malformed.get(),
            counters.visitors_stalled.get(),
        ]
    }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

async fn rest(peer: &mut DuplexStream) -> String {
    let mut rest = Vec::new();
    peer.read_to_end(&mut rest).await.unwrap();
    String::from_utf8(rest).unwrap()
}

#[tokio::test(start_paused = true)]
async fn headers_that_come_a_byte_at_a_time_are_not_waited_for() {
    let desk = Desk::new();
    let (mut peer, task) = desk.connect();
    let began = Instant::now();
    let drip = async {
        for byte in GET.iter().cycle().take(100) {
            sleep(ms(1_000)).await;
            if peer.write_all(&[*byte]).await.is_err() {
                return;
            }
        }
    };
    tokio::join!(drip, task).1.unwrap();
    assert_eq!(
        began.elapsed(),
        ms(HEADER_WAIT_MS + 1_000),
        "the write that failed"
    );
    assert_eq!(desk.ended(), [1, 0, 0]);
    assert!(desk.listener.visitors.is_empty(), "there is room again");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_asks_nothing_more_is_closed() {
    let desk = Desk::new();
    let (mut peer, task) = desk.connect();
    sleep(ms(HEADER_WAIT_MS - 1)).await;
    peer.write_all(GET).await.unwrap();
    sleep(ms(HEADER_WAIT_MS - 1)).await;
    peer.write_all(GET).await.unwrap();
    let asked = Instant::now();
    task.await.unwrap();
    assert_eq!(asked.elapsed(), ms(HEADER_WAIT_MS));
    let text = rest(&mut peer).await;
    assert_eq!(text.matches("200 OK").count(), 2, "{text}");
    assert!(text.ends_with("192.0.2.7"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn headers_without_end_are_refused() {
    let lines = |count: usize| {
        (0..count)
            .map(|n| format!("x-{n}: {n}\r\n"))
            .collect::<String>()
    };
    for (head, what) in [
        (format!("GET / HTTP/1.1\r\n{}", lines(10_000)), "many"),
        (
            format!("GET / HTTP/1.1\r\nx: {}", "x".repeat(100_000)),
            "long",
        ),
        (format!("GET /{}", "x".repeat(100_000)), "a long address"),
        ("\0\x16\x03\x01 what is this\r\n\r\n".to_owned(), "no HTTP"),
    ] {
        let desk = Desk::new();
        let (peer, task) = desk.connect();
        let (mut reader, mut writer) = tokio::io::split(peer);
        let mut answer = String::new();
        // It may be cut off while it still writes.
        let write = writer.write_all(head.as_bytes());
        let (_, read, done) = tokio::join!(write, reader.read_to_string(&mut answer), task);
        read.unwrap();
        done.unwrap();
        let status = answer.split(' ').nth(1).unwrap_or_default();
        assert!(["400", "414", "431"].contains(&status), "{what}: {answer}");
        assert_eq!(desk.ended(), [0, 1, 0], "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_does_not_read_an_answer_is_cut_off() {
    let desk = Desk::new();
    let (mut peer, task) = desk.connect();
    peer.write_all(b"GET /large HTTP/1.1\r\nhost: relay\r\n\r\n")
        .await
        .unwrap();
    let asked = Instant::now();
    let ended = timeout(ms(2 * WRITE_STALL_MS), task).await;
    ended.expect("it is cut off").unwrap();
    assert_eq!(asked.elapsed(), ms(WRITE_STALL_MS));
    assert_eq!(desk.ended(), [0, 0, 1]);
}

#[tokio::test(start_paused = true)]
async fn whoever_reads_slowly_gets_all() {
    let desk = Desk::new();
    let (mut peer, task) = desk.connect();
    peer.write_all(b"GET /large HTTP/1.1\r\nhost: relay\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut read = 0;
    let mut buffer = [0; PIPE_BYTES];
    loop {
        sleep(ms(WRITE_STALL_MS / 2)).await;
        match peer.read(&mut buffer).await.unwrap() {
            0 => break,
            bytes => read += bytes,
        }
    }
    assert!(read > LARGE_BYTES, "{read}");
    task.await.unwrap();
    assert_eq!(desk.ended(), [0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn whoever_still_writes_is_heard_out_for_a_while() {
    let desk = Desk::new();
    let (peer, task) = desk.connect();
    let (mut reader, mut writer) = tokio::io::split(peer);
    let mut answer = String::new();
    let began = Instant::now();
    let flood = async {
        writer.write_all(b"no HTTP at all\r\n\r\n").await.unwrap();
        let mut written = 0;
        while writer.write_all(&[b'x'; PIPE_BYTES]).await.is_ok() {
            written += PIPE_BYTES as u64;
        }
        written
    };
    let (written, read, _) = tokio::join!(flood, reader.read_to_string(&mut answer), task);
    read.unwrap();
    assert!(answer.contains("400"), "{answer}");
    assert!(written >= LINGER_BYTES_MAX, "{written}");
    assert!(
        written <= LINGER_BYTES_MAX + 4 * PIPE_BYTES as u64,
        "{written}"
    );
    assert!(began.elapsed() <= ms(LINGER_MS));
}

#[tokio::test(start_paused = true)]
async fn whoever_stays_silent_is_not_heard_out_for_long() {
    let desk = Desk::new();
    let (mut peer, task) = desk.connect();
    let refused = Instant::now();
    peer.write_all(b"no HTTP at all\r\n\r\n").await.unwrap();
    task.await.unwrap();
    assert!(desk.listener.visitors.is_empty(), "no place is taken by it");
    assert_eq!(desk.listener.lingering.free(), LINGERING_MAX - 1);
    rest(&mut peer).await;
    while desk.listener.lingering.free() < LINGERING_MAX {
        sleep(ms(1)).await;
    }
    // Timers are exact to a millisecond.
    let heard_out = refused.elapsed();
    assert!((ms(LINGER_MS)..ms(LINGER_MS + 5)).contains(&heard_out));
}

#[tokio::test(start_paused = true)]
async fn when_it_stops_what_is_under_way_is_finished() {
    let desk = Desk::new();
    let (mut idle, idle_task) = desk.connect();
    let (mut busy, busy_task) = desk.connect();
    busy.write_all(b"GET /large HTTP/1.1\r\nhost: relay\r\n\r\n")
        .await
        .unwrap();
    sleep(ms(1)).await;
    desk.stop.cancel();
    idle_task.await.unwrap();
    assert_eq!(rest(&mut idle).await, "");
    assert!(rest(&mut busy).await.len() > LARGE_BYTES);
    busy_task.await.unwrap();
}

#[test]
fn the_answer_of_a_full_relay_is_as_long_as_it_says() {
    let text = std::str::from_utf8(FULL).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(&format!("content-length: {}\r\n", body.len())));
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["error"]["code"], "overloaded");
}
