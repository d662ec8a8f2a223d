use std::pin::pin;

use bytes::Bytes;
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use tokio::io::{AsyncWriteExt as _, DuplexStream, duplex};
use tokio_tungstenite::WebSocketStream;

use super::*;

type Client = WebSocketStream<DuplexStream>;

/// A relay's end, and a client's.
async fn pair() -> (SocketWire<DuplexStream>, Client) {
    let (here, there) = duplex(1024 * 1024);
    let client = WebSocketStream::from_raw_socket(there, Role::Client, None).await;
    (SocketWire::new(here), client)
}

async fn received(wire: &mut SocketWire<DuplexStream>) -> Bytes {
    loop {
        match wire.next(true).await {
            Incoming::Event(Event::Frame { payload, .. }) => return payload,
            Incoming::Progress | Incoming::Event(Event::Control) => {}
            Incoming::Event(event) => panic!("{event:?}"),
            Incoming::Ended => panic!("it ended"),
        }
    }
}

/// As far as it goes without anything new.
fn settle(wire: &mut SocketWire<DuplexStream>) {
    while let Some(incoming) = wire.next(true).now_or_never() {
        assert!(matches!(
            incoming,
            Incoming::Progress | Incoming::Event(Event::Control)
        ));
    }
}

fn frame(length: usize) -> Outgoing {
    Outgoing {
        encoding: Encoding::Binary,
        payload: vec![7; length].into(),
    }
}

#[tokio::test]
async fn an_idle_socket_holds_no_buffer_and_works_on() {
    let (mut wire, mut client) = pair().await;
    assert!(wire.codec.is_none());
    for round in 0..3_u8 {
        let message = Message::binary(vec![round; 60_000]);
        client.send(message).await.unwrap();
        assert_eq!(received(&mut wire).await.len(), 60_000);
        wire.queue(frame(60_000));
        settle(&mut wire);
        assert_eq!(client.next().await.unwrap().unwrap().len(), 60_000);
        assert!(wire.codec.is_some());
        wire.shrink();
        assert!(wire.codec.is_none());
        assert_eq!(wire.outgoing.capacity(), 0);
        // Reading is what a connection does all the time: it takes no memory.
        settle(&mut wire);
        assert!(wire.codec.is_none());
    }
}

#[tokio::test]
async fn whatever_is_not_finished_is_kept() {
    let first_fragment: &[u8] = &[0x02, 0x82, 0, 0, 0, 0, 1, 2];
    let ping: &[u8] = &[0x89, 0x80, 0, 0, 0, 0];
    let last_fragment: &[u8] = &[0x80, 0x81, 0, 0, 0, 0, 3];
    let bytes = [first_fragment, ping, last_fragment].concat();
    for at in 1..bytes.len() {
        let (here, mut there) = duplex(1024);
        let mut wire = SocketWire::new(here);
        let (before, after) = bytes.split_at(at);
        there.write_all(before).await.unwrap();
        settle(&mut wire);
        wire.shrink();
        assert!(wire.codec.is_some(), "after {at} bytes");
        there.write_all(after).await.unwrap();
        assert_eq!(received(&mut wire).await[..], [1, 2, 3], "after {at} bytes");
    }
}

#[tokio::test]
async fn what_was_read_and_not_asked_for_yet_is_kept() {
    let (mut wire, mut client) = pair().await;
    client.feed(Message::binary(vec![1])).await.unwrap();
    client.feed(Message::binary(vec![2])).await.unwrap();
    client.flush().await.unwrap();
    assert_eq!(received(&mut wire).await[..], [1]);
    wire.shrink();
    assert_eq!(received(&mut wire).await[..], [2]);
}

#[tokio::test]
async fn what_the_other_side_does_not_take_is_kept() {
    let (here, there) = duplex(1024);
    let mut client = WebSocketStream::from_raw_socket(there, Role::Client, None).await;
    let mut wire = SocketWire::new(here);
    wire.queue(frame(60_000));
    settle(&mut wire);
    wire.shrink();
    let read = async {
        let message = client.next().await.unwrap().unwrap();
        assert_eq!(message.len(), 60_000);
    };
    let mut read = pin!(read);
    loop {
        tokio::select! {
            biased;
            () = &mut read => break,
            incoming = wire.next(true) => assert!(matches!(incoming, Incoming::Progress)),
        }
    }
    settle(&mut wire);
    wire.shrink();
    assert!(wire.codec.is_none());
}

#[tokio::test]
async fn a_socket_at_rest_says_goodbye_and_hears_it() {
    let (mut wire, mut client) = pair().await;
    wire.shrink();
    let answer = async {
        let farewell = client.next().await.unwrap().unwrap();
        assert!(farewell.is_close());
        assert!(client.next().await.is_none());
    };
    let close = async move { wire.close(ErrorCode::Draining).await };
    tokio::join!(close, answer);

    let (mut wire, mut client) = pair().await;
    let leave = async {
        client.close(None).await.unwrap();
        while client.next().await.is_some() {}
    };
    let serve = async move { while !matches!(wire.next(true).await, Incoming::Ended) {} };
    tokio::join!(serve, leave);
}

#[tokio::test]
async fn a_socket_at_rest_that_is_cut_off_has_ended() {
    let (mut wire, client) = pair().await;
    drop(client);
    assert!(matches!(wire.next(true).await, Incoming::Ended));
}
