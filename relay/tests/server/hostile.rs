//! Peers that hold up, flood and overdo it: each ends in bounded time, is counted, and nobody else
//! is affected.

use std::{net::SocketAddr, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use seqline_protocol::{ClientFrame, ErrorCode, Item, RelayFrame, Seq};
use seqline_relay::{
    listener::ListenerRules,
    traffic::{Addresses, Rate, TrafficRules},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tungstenite::{
    Bytes, Message,
    client::IntoClientRequest as _,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

use crate::support::{Client, PATIENCE, Relay, Wish, request, send};

/// This machine is a proxy, which says for whom it asks.
fn behind_proxy() -> Addresses {
    Addresses {
        trusted_proxies: vec!["127.0.0.1".parse().unwrap()],
        uncounted: Vec::new(),
    }
}

fn with_traffic(mut traffic_rules: TrafficRules) -> Wish {
    let addresses = behind_proxy();
    traffic_rules.addresses = addresses.clone();
    Wish {
        listener_rules: ListenerRules {
            addresses,
            ..ListenerRules::default()
        },
        traffic_rules,
        ..Wish::default()
    }
}

/// Everything that comes until the relay ends the connection.
async fn rest(socket: &mut TcpStream) -> String {
    let mut rest = Vec::new();
    // It may be reset at last, having said what it had to.
    let _ = timeout(PATIENCE, socket.read_to_end(&mut rest))
        .await
        .expect("it ends in time");
    String::from_utf8_lossy(&rest).into_owned()
}

async fn say(address: SocketAddr, text: &str) -> TcpStream {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(text.as_bytes()).await.unwrap();
    socket
}

/// A socket for someone at an address, or the status of why not.
async fn dial_for(relay: &Relay, address: &str) -> Result<Client, u16> {
    let mut request = relay.socket_url().into_client_request().unwrap();
    let headers = request.headers_mut();
    headers.insert("x-forwarded-for", address.parse().unwrap());
    match tokio_tungstenite::connect_async(request).await {
        Ok((socket, _)) => Ok(Client {
            socket,
            encoding: seqline_protocol::Encoding::Binary,
        }),
        Err(tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn headers_that_never_end_are_not_waited_for() {
    let relay = Relay::start_with(Wish {
        listener_rules: ListenerRules {
            header_wait_ms: 200,
            ..ListenerRules::default()
        },
        ..Wish::default()
    })
    .await;
    let (mut witness, _) = Client::open(&relay, "alice", "phone").await;
    let mut socket = say(relay.running.address(), "GET / HTTP/1.1\r\nhost: ").await;
    assert_eq!(rest(&mut socket).await, "");
    assert_eq!(relay.running.counters().visitors_slow.get(), 1);
    witness.store("bob", "m1", "undisturbed").await;
}

#[tokio::test]
async fn a_body_that_stalls_is_not_waited_for() {
    let relay = Relay::start().await;
    let address = relay.running.address();
    let token = relay.token("alice");
    let stalled = |path: &str, status: &'static str| {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: relay\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: 100\r\n\r\n{{"
        );
        async move {
            let mut socket = say(address, &head).await;
            let answer = rest(&mut socket).await;
            assert!(answer.starts_with(status), "{answer}");
        }
    };
    tokio::join!(
        stalled("/v1/groups/get", "HTTP/1.1 503"),
        stalled("/v1/poll", "HTTP/1.1 408"),
    );
}

#[tokio::test]
async fn a_frame_far_too_large_is_answered_before_the_connection_ends() {
    let relay = Relay::start().await;
    for _ in 0..3 {
        let (client, _) = Client::open(&relay, "alice", "phone").await;
        let (mut writer, mut reader) = client.socket.split();
        let frame = Message::Binary(vec![b'x'; 8 * 1024 * 1024].into());
        let read = async {
            loop {
                match reader.next().await {
                    Some(Ok(Message::Close(frame))) => break frame.unwrap().code.into(),
                    Some(Ok(_)) => {}
                    other => panic!("cut off: {other:?}"),
                }
            }
        };
        let (_, code) = timeout(PATIENCE, async { tokio::join!(writer.send(frame), read) })
            .await
            .unwrap();
        assert_eq!(Some(code), ErrorCode::FrameTooLarge.close_code());
    }
    assert_eq!(relay.refusals(ErrorCode::FrameTooLarge), 3);
}

#[tokio::test]
async fn fragments_without_end_are_one_frame_too_large() {
    let relay = Relay::start().await;
    let (mut client, _) = Client::open(&relay, "alice", "phone").await;
    let fragment = |opcode| Frame::message(vec![b'x'; 16 * 1024], OpCode::Data(opcode), false);
    client.say_raw(Message::Frame(fragment(Data::Binary))).await;
    for _ in 0..32 {
        let frame = Message::Frame(fragment(Data::Continue));
        if client.socket.send(frame).await.is_err() {
            break;
        }
    }
    let closed = client.closed().await;
    assert_eq!(Some(closed), ErrorCode::FrameTooLarge.close_code());
}

#[tokio::test]
async fn a_flood_of_pings_ends() {
    let relay = Relay::start_with(with_traffic(TrafficRules {
        frames_per_connection: Rate::per_second(1, 50),
        ..TrafficRules::default()
    }))
    .await;
    let (mut client, _) = Client::open(&relay, "alice", "phone").await;
    for _ in 0..50 {
        client.say_raw(Message::Ping(Bytes::new())).await;
    }
    let closed = loop {
        if let Some(Ok(Message::Close(frame))) = client.socket.next().await {
            break frame.unwrap().code.into();
        }
    };
    assert_eq!(Some(closed), ErrorCode::RateLimited.close_code());
    assert_eq!(relay.refusals(ErrorCode::RateLimited), 1);
}

#[tokio::test]
async fn whoever_says_no_more_leaves_nothing_behind() {
    let relay = Relay::start().await;
    let (mut client, _) = Client::open(&relay, "alice", "phone").await;
    let tokio_tungstenite::MaybeTlsStream::Plain(socket) = client.socket.get_mut() else {
        unreachable!("no TLS")
    };
    socket.shutdown().await.unwrap();
    assert!(client.socket.next().await.is_none_or(|end| end.is_err()));
    let (mut client, _) = Client::open(&relay, "alice", "tablet").await;
    client.socket.close(None).await.unwrap();
    let after = Message::Binary(vec![b'x'; 1024].into());
    assert!(client.socket.send(after).await.is_err());
    while client.socket.next().await.is_some() {}
    let gone = "seqline_connections 0\n";
    while !relay.get("/metrics").await.text().contains(gone) {}
}

#[tokio::test]
async fn visitors_beyond_the_limit_are_turned_away_and_sessions_are_none() {
    let relay = Relay::start_with(Wish {
        listener_rules: ListenerRules {
            visitors_max: 2,
            ..ListenerRules::default()
        },
        ..Wish::default()
    })
    .await;
    let mut sessions = Vec::new();
    for device in ["phone", "tablet", "desktop"] {
        sessions.push(Client::open(&relay, "alice", device).await.0);
    }
    let address = relay.running.address();
    let idle = TcpStream::connect(address).await.unwrap();
    let mut silent = Client::dial(&relay.socket_url()).await;
    let mut third = TcpStream::connect(address).await.unwrap();
    let answer = rest(&mut third).await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert_eq!(relay.running.counters().visitors_refused.get(), 1);
    let token = relay.token("bob");
    silent.hello(&token, "phone", None).await;
    sessions[0].store("bob", "m1", "undisturbed").await;
    relay.get("/healthz").await;
    drop(idle);
}

#[tokio::test]
async fn a_sender_in_a_hurry_is_slowed_down_and_loses_nothing() {
    const COUNT: usize = 60;
    let relay = Relay::start_with(with_traffic(TrafficRules {
        sends_per_user: Rate::per_second(1, 10),
        ..TrafficRules::default()
    }))
    .await;
    let mut acknowledged = 0;
    let mut connections = 0;
    while acknowledged < COUNT {
        connections += 1;
        let (mut client, _) = Client::open(&relay, "alice", "phone").await;
        for n in acknowledged..COUNT {
            let frame = send("bob", &format!("m{n}"), &n.to_string());
            let encoded = seqline_protocol::encode(client.encoding, &frame);
            let seqline_protocol::Encoded::Binary(bytes) = encoded else {
                unreachable!("it is binary")
            };
            // What is not read any more may not be taken any more.
            let _ = client.socket.send(Message::Binary(bytes.into())).await;
        }
        let wait_ms = loop {
            match client.next().await {
                RelayFrame::Sent { .. } => acknowledged += 1,
                RelayFrame::Error {
                    code,
                    retry_after_ms,
                    client_msg_id,
                    ..
                } => {
                    assert_eq!(code, ErrorCode::RateLimited);
                    assert_eq!(client_msg_id.unwrap().as_str(), format!("m{acknowledged}"));
                    break retry_after_ms.unwrap();
                }
                _ => {}
            }
            if acknowledged == COUNT {
                break 0;
            }
        };
        relay.pass(Duration::from_millis(u64::from(wait_ms) + 9_000));
    }
    assert_eq!(connections, COUNT / 10);
    let (mut bob, _) = Client::open(&relay, "bob", "phone").await;
    let entries = bob.pull_all(Seq::ZERO).await.into_iter();
    let bodies: Vec<_> = entries
        .filter_map(|entry| match entry.item {
            Item::Message(message) => Some(message.body),
            _ => None,
        })
        .collect();
    let expected: Vec<_> = (0..COUNT).map(|n| n.to_string()).collect();
    assert_eq!(bodies, expected);
}

#[tokio::test]
async fn requests_of_one_address_are_limited_with_a_hint() {
    let relay = Relay::start_with(with_traffic(TrafficRules {
        requests_per_address: Rate::per_second(1, 3),
        ..TrafficRules::default()
    }))
    .await;
    let ask = |forwarded: &'static str| {
        let headers = [("x-forwarded-for", forwarded)];
        let address = relay.running.address();
        async move { request(address, "GET", "/v1/info", &headers, "").await }
    };
    for _ in 0..3 {
        assert_eq!(ask("192.0.2.1").await.status, 200);
    }
    let reply = ask("203.0.113.5, 192.0.2.1").await;
    assert_eq!(reply.status, 429);
    assert_eq!(reply.header("retry-after"), "1");
    assert_eq!(reply.json()["error"]["code"], "rate_limited");
    assert_eq!(reply.json()["error"]["retryable"], true);
    assert!(reply.json()["error"]["retry_after_ms"].as_u64().unwrap() <= 1_000);
    assert_eq!(ask("192.0.2.2").await.status, 200);
    relay.pass(Duration::from_secs(1));
    assert_eq!(ask("192.0.2.1").await.status, 200);
    assert_eq!(relay.refusals(ErrorCode::RateLimited), 1);
}

#[tokio::test]
async fn bad_tokens_of_one_address_are_limited_on_both_ways_in() {
    let relay = Relay::start_with(with_traffic(TrafficRules {
        failed_logins_per_address: Rate::per_second(1, 2),
        ..TrafficRules::default()
    }))
    .await;
    let mut client = dial_for(&relay, "192.0.2.1").await.ok().unwrap();
    client.say_hello("no.good.token", "phone", None).await;
    let closed = client.closed().await;
    assert_eq!(Some(closed), ErrorCode::TokenInvalid.close_code());
    let call = |forwarded: &'static str, token: String| {
        let address = relay.running.address();
        async move {
            let bearer = format!("Bearer {token}");
            let headers = [
                ("x-forwarded-for", forwarded),
                ("authorization", bearer.as_str()),
                ("content-type", "application/json"),
            ];
            request(address, "POST", "/v1/devices/list", &headers, "{}").await
        }
    };
    let bad = || "no.good.token".to_owned();
    assert_eq!(call("192.0.2.1", bad()).await.status, 401);
    let token = relay.token("alice");
    assert_eq!(call("192.0.2.1", token.clone()).await.status, 429);
    assert_eq!(call("192.0.2.2", token.clone()).await.status, 200);
    let mut client = dial_for(&relay, "192.0.2.1").await.ok().unwrap();
    client.say_hello(&token, "phone", None).await;
    let closed = client.closed().await;
    assert_eq!(Some(closed), ErrorCode::RateLimited.close_code());
    relay.pass(Duration::from_secs(1));
    assert_eq!(call("192.0.2.1", token).await.status, 200);
}

#[tokio::test]
async fn an_address_and_a_user_have_only_so_many_connections() {
    let relay = Relay::start_with(with_traffic(TrafficRules {
        sessions_per_address_max: 2,
        sessions_per_user_max: 2,
        ..TrafficRules::default()
    }))
    .await;
    let token = relay.token("alice");
    let mut first = dial_for(&relay, "192.0.2.1").await.ok().unwrap();
    let second = dial_for(&relay, "192.0.2.1").await.ok().unwrap();
    assert_eq!(dial_for(&relay, "192.0.2.1").await.err(), Some(429));
    first.hello(&token, "phone", None).await;
    let mut tablet = dial_for(&relay, "192.0.2.2").await.ok().unwrap();
    tablet.hello(&token, "tablet", None).await;
    let mut third = dial_for(&relay, "192.0.2.2").await.ok().unwrap();
    third.say_hello(&token, "desktop", None).await;
    let RelayFrame::Error {
        code,
        retry_after_ms,
        ..
    } = third.next().await
    else {
        panic!("a third device came in")
    };
    assert_eq!(code, ErrorCode::RateLimited);
    assert_eq!(retry_after_ms, Some(10_000));
    // The same device again takes no second place.
    let mut again = dial_for(&relay, "192.0.2.3").await.ok().unwrap();
    again.hello(&token, "tablet", None).await;
    let mut bob = dial_for(&relay, "192.0.2.3").await.ok().unwrap();
    bob.hello(&relay.token("bob"), "phone", None).await;
    first.say(&ClientFrame::Ping { nonce: 1 }).await;
    drop(second);
}
