//! The same sessions, over HTTP.

use seqline_protocol::{
    ClientFrame, Encoding, ErrorCode, KickReason, Payload, PollAnswer, PollRequest, RelayFrame, Seq,
};
use tokio::{task::yield_now, time::timeout};

use crate::support::{Client, PATIENCE, Polled, Relay, Wish, poll, refused, request, send};

const JSON: (&str, &str) = ("content-type", "application/json");

fn ping(nonce: u32) -> ClientFrame {
    ClientFrame::Ping { nonce }
}

fn pong_of(frame: &RelayFrame) -> u32 {
    match frame {
        RelayFrame::Pong { nonce, .. } => *nonce,
        other => panic!("not a pong: {other:?}"),
    }
}

fn receive(number: u32, wait_ms: u32) -> PollRequest {
    PollRequest {
        receive: Some(number),
        wait_ms: Some(wait_ms),
        ..PollRequest::default()
    }
}

/// A request's refusal: status and code.
async fn code_of(polled: &Polled<'_>, request: &PollRequest) -> (u16, String) {
    let refused = refused(&polled.ask(request).await);
    (refused.status, refused.code)
}

#[tokio::test]
async fn a_session_over_http_is_one_like_any_other() {
    let relay = Relay::start().await;
    for (encoding, user) in [(Encoding::Text, "alice"), (Encoding::Binary, "anna")] {
        let mut polled = Polled::dial(&relay, encoding).await;
        let welcome = polled.hello(user, "phone").await;
        assert_eq!((welcome.user.as_str(), welcome.head), (user, Seq::ZERO));
        let (mut bob, welcome) = Client::open(&relay, "bob", "laptop").await;
        polled.say(&[send("bob", "m1", "hello \u{1F600}")]).await;
        let RelayFrame::Sent { conv_seq, seq, .. } = polled.next().await else {
            panic!("`sent` comes before the own push")
        };
        assert_eq!((conv_seq.get(), seq.get()), (1, 1));
        assert!(matches!(polled.next().await, RelayFrame::Push { .. }));
        let (entries, _) = bob.pull(welcome.head).await;
        assert_eq!(entries.len(), 1);
        bob.say(&ClientFrame::Ack {
            cursor: entries[0].seq,
        })
        .await;
        assert!(
            matches!(polled.next().await, RelayFrame::Push { .. }),
            "the receipt"
        );
    }
}

#[tokio::test]
async fn what_is_sent_again_is_taken_once_and_an_answer_is_given_again() {
    let relay = Relay::start().await;
    let polled = Polled::dial(&relay, Encoding::Text).await;
    let first = polled.saying(1, &[ping(1)]);
    for _ in 0..3 {
        assert_eq!(polled.ok(&first).await, PollAnswer::default());
    }
    let answer = polled.ok(&receive(1, 25_000)).await;
    assert_eq!(answer.frames.len(), 1);
    polled.ok(&polled.saying(2, &[ping(2)])).await;
    assert_eq!(polled.ok(&receive(1, 25_000)).await, answer);
    let next = polled.ok(&receive(2, 25_000)).await;
    assert_ne!(next, answer);
    assert_eq!(next.frames.len(), 1, "once, though it was sent three times");
    for out_of_order in [receive(1, 0), receive(4, 0), polled.saying(4, &[ping(4)])] {
        let refused = code_of(&polled, &out_of_order).await;
        assert_eq!(refused, (409, "request_out_of_order".to_owned()));
    }
    // It goes on all the same.
    polled.ok(&polled.saying(3, &[ping(3)])).await;
    assert_eq!(polled.ok(&receive(3, 25_000)).await.frames.len(), 1);
}

#[tokio::test]
async fn sending_does_not_wait_behind_receiving() {
    let relay = Relay::start().await;
    let polled = Polled::dial(&relay, Encoding::Text).await;
    let forever = receive(1, u32::MAX);
    let waiting = polled.ask(&forever);
    let sending = async {
        // Whether the other one is there already or not: this one is answered at once.
        polled.ok(&polled.saying(1, &[ping(9)])).await;
    };
    let (waited, ()) = timeout(PATIENCE, async { tokio::join!(waiting, sending) })
        .await
        .expect("neither waits for the other");
    assert_eq!(waited.status, 200);
}

#[tokio::test]
async fn an_unknown_connection_is_told_to_open_a_new_one() {
    let relay = Relay::start().await;
    let (mut polled, _) = Polled::open(&relay, "alice", "phone").await;
    let (other, _) = Polled::open(&relay, "bob", "phone").await;
    let own = polled.connection.clone();
    for guess in [
        own[..31].to_owned(),
        own.to_uppercase() + "0",
        "0".repeat(32),
    ] {
        polled.connection = guess;
        for request in [receive(2, 0), polled.saying(2, &[ping(1)])] {
            let refused = code_of(&polled, &request).await;
            assert_eq!(refused, (410, "connection_unknown".to_owned()));
        }
    }
    assert_ne!(other.connection, own);
    polled.connection = own;
    polled.say(&[ping(1)]).await;
    assert_eq!(
        pong_of(&polled.next().await),
        1,
        "nothing has happened to it"
    );

    let leave = PollRequest {
        close: true,
        ..PollRequest::default()
    };
    polled.ok(&leave).await;
    while polled.ask(&receive(3, 0)).await.status != 410 {
        yield_now().await;
    }
    drop(other);
}

#[tokio::test]
async fn what_is_no_request_is_refused_and_changes_nothing() {
    let relay = Relay::start().await;
    let (mut polled, _) = Polled::open(&relay, "alice", "phone").await;
    let named = |rest: &str| format!("{{\"connection\":\"{}\",{rest}}}", polled.connection);
    let many = vec!["\"x\""; 257].join(",");
    for (body, status, code) in [
        (String::new(), 400, "frame_malformed"),
        ("{".to_owned(), 400, "frame_malformed"),
        ("[]".to_owned(), 400, "frame_malformed"),
        (named("\"send\":-1"), 400, "field_invalid"),
        (named("\"send\":2,\"frames\":{}"), 400, "field_invalid"),
        (named("\"send\":2,\"frames\":[1]"), 400, "field_invalid"),
        (named("\"frames\":[\"x\"]"), 400, "field_invalid"),
        (named("\"send\":2,\"receive\":2"), 400, "field_invalid"),
        (
            named(&format!("\"send\":2,\"frames\":[{many}]")),
            400,
            "field_invalid",
        ),
        ("{\"receive\":1}".to_owned(), 400, "field_invalid"),
        ("{\"close\":true}".to_owned(), 400, "field_invalid"),
        (
            named(&format!("\"x\":\"{}\"", "x".repeat(256 * 1024))),
            413,
            "frame_too_large",
        ),
    ] {
        let refused = refused(&poll(&relay, &[JSON], body.as_bytes()).await);
        assert_eq!(
            (refused.status, refused.code.as_str()),
            (status, code),
            "{body:.80}"
        );
    }
    for headers in [&[][..], &[("content-type", "text/plain")]] {
        let refused = refused(&poll(&relay, headers, b"{}").await);
        assert_eq!(
            (refused.status, refused.code.as_str()),
            (415, "content_type_unsupported")
        );
    }
    polled.encoding = Encoding::Binary;
    let refused = code_of(&polled, &receive(2, 0)).await;
    assert_eq!(refused, (415, "content_type_unsupported".to_owned()));
    polled.encoding = Encoding::Text;
    polled.say(&[ping(1)]).await;
    assert_eq!(pong_of(&polled.next().await), 1);
}

#[tokio::test]
async fn a_bad_frame_is_answered_as_on_a_socket() {
    let relay = Relay::start().await;
    for (frame, code, close) in [
        ("nonsense".to_owned(), ErrorCode::FrameMalformed, Some(4000)),
        ("x".repeat(65_537), ErrorCode::FrameTooLarge, Some(4001)),
        (
            "{\"ack\":{\"cursor\":1}}".to_owned(),
            ErrorCode::HelloExpected,
            Some(4002),
        ),
        ("{\"wave\":{}}".to_owned(), ErrorCode::FrameUnknown, None),
    ] {
        let mut polled = Polled::dial(&relay, Encoding::Text).await;
        let saying = PollRequest {
            send: Some(1),
            frames: vec![Payload(frame.into_bytes())],
            ..PollRequest::default()
        };
        polled.ok(&saying).await;
        match polled.next().await {
            RelayFrame::Error { code: told, .. } => assert_eq!(told, code),
            other => panic!("{other:?}"),
        }
        if let Some(close) = close {
            assert_eq!(polled.closed().await, close);
        }
    }
}

#[tokio::test]
async fn a_device_that_connects_again_replaces_its_older_session() {
    let relay = Relay::start().await;
    let (mut polled, _) = Polled::open(&relay, "alice", "phone").await;
    let (mut socket, _) = Client::open(&relay, "alice", "phone").await;
    assert!(matches!(
        polled.next().await,
        RelayFrame::Kick {
            reason: KickReason::Replaced,
            ..
        }
    ));
    assert_eq!(polled.closed().await, 4020);
    let (_again, _) = Polled::open(&relay, "alice", "phone").await;
    assert!(matches!(socket.next().await, RelayFrame::Kick { .. }));
    assert_eq!(socket.closed().await, 4020);
}

#[tokio::test]
async fn too_many_connections_are_refused_and_room_is_given_again() {
    let relay = Relay::start_with(Wish {
        sessions_max: 1,
        ..Wish::default()
    })
    .await;
    let (polled, _) = Polled::open(&relay, "alice", "phone").await;
    let reply = poll(&relay, &[JSON], b"{}").await;
    let told = refused(&reply);
    assert_eq!((told.status, told.code.as_str()), (503, "overloaded"));
    let leave = PollRequest {
        close: true,
        ..PollRequest::default()
    };
    polled.ok(&leave).await;
    timeout(PATIENCE, async {
        while poll(&relay, &[JSON], b"{}").await.status != 200 {
            yield_now().await;
        }
    })
    .await
    .expect("there is room again");
}

#[tokio::test]
async fn pages_of_allowed_origins_may_poll_and_others_may_not() {
    let relay = Relay::start_with(Wish {
        allowed_origins: vec!["https://chat.example".to_owned()],
        ..Wish::default()
    })
    .await;
    let origin = ("origin", "https://chat.example");
    let reply = request(
        relay.running.address(),
        "OPTIONS",
        "/v1/poll",
        &[
            origin,
            ("access-control-request-method", "POST"),
            (
                "access-control-request-headers",
                "content-type,seqline-route",
            ),
        ],
        "",
    )
    .await;
    assert_eq!(reply.status, 204);
    let allowed = reply.header("access-control-allow-headers");
    assert!(allowed.contains("content-type") && allowed.contains("seqline-route"));
    assert!(
        reply
            .header("access-control-allow-methods")
            .contains("POST")
    );
    let reply = poll(&relay, &[JSON, origin], b"{}").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("access-control-allow-origin"), origin.1);
    assert_eq!(reply.header("vary"), "origin");

    let reply = request(
        relay.running.address(),
        "POST",
        "/v1/poll",
        &[JSON, ("origin", "https://evil.example")],
        "{}",
    )
    .await;
    assert_eq!(refused(&reply).code, "origin_forbidden");
}

#[tokio::test]
async fn everyone_is_told_and_closed_when_the_relay_stops() {
    let relay = Relay::start().await;
    let address = relay.running.address();
    let (mut polled, _) = Polled::open(&relay, "alice", "phone").await;
    polled.say(&[send("carol", "m1", "")]).await;
    let connection = polled.connection.clone();
    let stopping = tokio::spawn(relay.running.stop());
    // By hand from here on, as the relay that is asked is not ours any more.
    let mut texts = String::new();
    for number in 2.. {
        let body = format!("{{\"connection\":\"{connection}\",\"receive\":{number}}}");
        let reply = request(address, "POST", "/v1/poll", &[JSON], body).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        texts.push_str(reply.text());
        if reply.json()["close"].is_number() {
            break;
        }
    }
    for part in ["sent", "goaway", "\"close\":4041"] {
        assert!(texts.contains(part), "{part} is not in {texts}");
    }
    let body = format!("{{\"connection\":\"{connection}\",\"close\":true}}");
    let reply = request(address, "POST", "/v1/poll", &[JSON], body).await;
    assert_eq!(reply.status, 200);
    stopping.await.unwrap();
}

#[tokio::test]
async fn counts_what_polls() {
    let relay = Relay::start().await;
    let (polled, _) = Polled::open(&relay, "alice", "phone").await;
    let (_socket, _) = Client::open(&relay, "bob", "phone").await;
    polled.ok(&polled.saying(1, &[])).await;
    let metrics = relay.get("/metrics").await;
    for line in [
        "seqline_connections 2",
        "seqline_polling_connections 1",
        "seqline_poll_requests_total 4",
        "seqline_poll_repeats_total 1",
    ] {
        let mut lines = metrics.text().lines();
        assert!(lines.any(|one| one == line), "{line}");
    }
}

#[tokio::test]
async fn a_slow_reader_is_pushed_no_more_and_loses_nothing() {
    let relay = Relay::start().await;
    let (mut polled, _) = Polled::open(&relay, "alice", "phone").await;
    let (mut bob, _) = Client::open(&relay, "bob", "phone").await;
    let body = "x".repeat(8 * 1024);
    for n in 0..300 {
        bob.store("alice", &format!("m{n}"), &body).await;
    }
    let mut cursor = 0;
    let mut head = 0;
    while head == 0 {
        match polled.next().await {
            RelayFrame::Push { entries, .. } => {
                for entry in entries {
                    assert_eq!(entry.seq.get(), cursor + 1);
                    cursor += 1;
                }
            }
            RelayFrame::Notify { head: told, .. } => head = told.get(),
            other => panic!("{other:?}"),
        }
    }
    assert!(cursor < 300, "the rest is told of by one number");
}
