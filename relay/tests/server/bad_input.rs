//! Whatever comes in: a coded answer, a count, and no harm to anyone else.

use std::time::Duration;

use seqline_protocol::{ErrorCode, RelayFrame, Seq, limits::FRAME_BYTES_MAX};
use seqline_relay::auth::Scope;
use tungstenite::{
    Message,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

use crate::support::{Client, Relay};

fn text(text: &str) -> Message {
    Message::Text(text.to_owned().into())
}

fn binary(bytes: &[u8]) -> Message {
    Message::Binary(bytes.to_vec().into())
}

/// A text frame of bytes that are no text.
fn not_utf8() -> Message {
    let payload = vec![b'"', 0xff, 0xfe, b'"'];
    Message::Frame(Frame::message(payload, OpCode::Data(Data::Text), true))
}

fn nested(depth: usize) -> String {
    format!(
        "{{\"ping\":{{\"nonce\":{}1{}}}}}",
        "[".repeat(depth),
        "]".repeat(depth)
    )
}

fn nested_cbor(depth: usize) -> Vec<u8> {
    let mut bytes = b"\xa1\x64ping\xa1\x65nonce".to_vec();
    bytes.extend(std::iter::repeat_n(0x81, depth));
    bytes.push(1);
    bytes
}

fn a_send(body: &str) -> String {
    format!(
        "{{\"send\":{{\"client_msg_id\":\"bad\",\"to\":{{\"user\":\"bob\"}},\
         \"kind\":\"text\",\"body\":{body}}}}}"
    )
}

#[tokio::test]
async fn every_kind_of_it_gets_its_code_and_nothing_is_stored() {
    let relay = Relay::start().await;
    let (mut witness, _) = Client::open(&relay, "bob", "phone").await;
    let cases = [
        ("no JSON", text("{\"ping\""), ErrorCode::FrameMalformed),
        ("empty text", text(""), ErrorCode::FrameMalformed),
        ("a list", text("[]"), ErrorCode::FrameMalformed),
        (
            "two frames in one",
            text("{\"ping\":{\"nonce\":1},\"state\":{}}"),
            ErrorCode::FrameMalformed,
        ),
        ("invalid UTF-8", not_utf8(), ErrorCode::FrameMalformed),
        ("no CBOR", binary(b"\xff"), ErrorCode::FrameMalformed),
        ("empty binary", binary(b""), ErrorCode::FrameMalformed),
        (
            "truncated CBOR",
            binary(b"\xa1\x64ping\xa1\x65non"),
            ErrorCode::FrameMalformed,
        ),
        (
            "CBOR that announces 2^62 bytes",
            binary(b"\xa1\x7b\x40\0\0\0\0\0\0\0"),
            ErrorCode::FrameMalformed,
        ),
        (
            "CBOR with invalid UTF-8",
            binary(b"\xa1\x64pin\xff\x01"),
            ErrorCode::FrameMalformed,
        ),
        (
            "bytes after the end",
            binary(b"\xa1\x64ping\xa1\x65nonce\x01\x00"),
            ErrorCode::FrameMalformed,
        ),
        (
            "deep JSON",
            text(&nested(10_000)),
            ErrorCode::FrameMalformed,
        ),
        (
            "deep CBOR",
            binary(&nested_cbor(10_000)),
            ErrorCode::FrameMalformed,
        ),
        (
            "unknown frame",
            text("{\"explode\":{}}"),
            ErrorCode::FrameUnknown,
        ),
        (
            "a relay's frame",
            text("{\"kick\":{\"reason\":\"replaced\",\"message\":\"\"}}"),
            ErrorCode::FrameUnknown,
        ),
        (
            "wrong type",
            text("{\"ping\":{\"nonce\":\"x\"}}"),
            ErrorCode::FieldInvalid,
        ),
        (
            "missing field",
            text("{\"ping\":{}}"),
            ErrorCode::FieldInvalid,
        ),
        (
            "negative cursor",
            text("{\"pull\":{\"req\":1,\"after\":-1}}"),
            ErrorCode::FieldInvalid,
        ),
        (
            "fractional cursor",
            text("{\"ack\":{\"cursor\":1.5}}"),
            ErrorCode::FieldInvalid,
        ),
        (
            "a seq beyond 2^53-1",
            text("{\"ack\":{\"cursor\":9007199254740992}}"),
            ErrorCode::FieldInvalid,
        ),
        (
            "a future cursor",
            text("{\"pull\":{\"req\":1,\"after\":9007199254740991}}"),
            ErrorCode::FieldInvalid,
        ),
        (
            "no limit",
            text("{\"pull\":{\"req\":1,\"after\":0,\"limit\":0}}"),
            ErrorCode::FieldInvalid,
        ),
        (
            "a bad id",
            text(
                "{\"send\":{\"client_msg_id\":\"a b\",\"to\":{\"user\":\"bob\"},\"kind\":\"text\",\"body\":\"\"}}",
            ),
            ErrorCode::FieldInvalid,
        ),
        (
            "a bad kind",
            text(
                "{\"send\":{\"client_msg_id\":\"a\",\"to\":{\"user\":\"bob\"},\"kind\":\"A B\",\"body\":\"\"}}",
            ),
            ErrorCode::FieldInvalid,
        ),
        (
            "a body that is no text",
            text(&a_send("{}")),
            ErrorCode::FieldInvalid,
        ),
        (
            "a huge body",
            text(&a_send(&format!("\"{}\"", "x".repeat(33 * 1024)))),
            ErrorCode::BodyTooLarge,
        ),
        (
            "a foreign conversation",
            text("{\"history\":{\"req\":1,\"conv\":\"dm:carol:dave\"}}"),
            ErrorCode::ConversationUnknown,
        ),
        (
            "a second hello",
            text("{\"hello\":{\"version\":1,\"token\":\"\",\"device\":\"d\",\"host\":\"h\"}}"),
            ErrorCode::HelloExpected,
        ),
        (
            "a frame over the limit",
            text(&" ".repeat(FRAME_BYTES_MAX + 1)),
            ErrorCode::FrameTooLarge,
        ),
        (
            "a binary one over the limit",
            binary(&vec![0; FRAME_BYTES_MAX + 1]),
            ErrorCode::FrameTooLarge,
        ),
    ];
    for (name, message, code) in cases {
        let before = relay.refusals(code);
        let (mut client, _) = Client::open(&relay, "alice", "phone").await;
        client.say_raw(message).await;
        let RelayFrame::Error {
            code: got,
            message,
            retryable,
            ..
        } = client.next().await
        else {
            panic!("{name}: no error")
        };
        assert_eq!(got, code, "{name}: {message}");
        assert!(!message.is_empty());
        assert_eq!(retryable, code.is_retryable());
        assert_eq!(relay.refusals(code), before + 1, "{name} is counted");
        match code.close_code() {
            Some(close) => assert_eq!(client.closed().await, close, "{name}"),
            None => {
                client
                    .say(&seqline_protocol::ClientFrame::Ping { nonce: 5 })
                    .await;
                let pong = client.next().await;
                assert!(
                    matches!(pong, RelayFrame::Pong { nonce: 5, .. }),
                    "{name}: stays open"
                );
            }
        }
    }
    assert!(
        witness.pull_all(Seq::ZERO).await.is_empty(),
        "nothing was stored"
    );
    witness.store("alice", "m1", "all well").await;
}

#[tokio::test]
async fn every_bad_token_gets_its_code() {
    let relay = Relay::start().await;
    let minute = Duration::from_secs(60);
    let good = relay.token("alice");
    let (message, _) = good.rsplit_once('.').unwrap();
    let foreign = relay.token_of("other", "alice", Scope::User, minute);
    let (_, foreign_signature) = foreign.rsplit_once('.').unwrap();
    // {"alg":"none"} and the claims of the good one.
    let none = format!(
        "eyJhbGciOiJub25lIn0.{}.",
        message.split_once('.').unwrap().1
    );
    for (name, token, code) in [
        ("no token", String::new(), ErrorCode::TokenInvalid),
        ("alg none", none, ErrorCode::TokenInvalid),
        ("no signature", message.to_owned(), ErrorCode::TokenInvalid),
        (
            "another app's signature",
            format!("{message}.{foreign_signature}"),
            ErrorCode::TokenInvalid,
        ),
        (
            "expired",
            relay.token_of("app", "alice", Scope::User, Duration::ZERO),
            ErrorCode::TokenExpired,
        ),
        (
            "a server's",
            relay.token_of("app", "alice", Scope::Server, minute),
            ErrorCode::ScopeForbidden,
        ),
    ] {
        let before = relay.refusals(code);
        let mut client = Client::dial(&relay.socket_url()).await;
        client.say_hello(&token, "phone", None).await;
        let RelayFrame::Error { code: got, .. } = client.next().await else {
            panic!("{name}: let in")
        };
        assert_eq!(got, code, "{name}");
        assert_eq!(client.closed().await, code.close_code().unwrap(), "{name}");
        assert_eq!(relay.refusals(code), before + 1, "{name} is counted");
    }
}

#[tokio::test]
async fn another_apps_token_opens_another_world() {
    let relay = Relay::start().await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    alice.store("bob", "m1", "for this app").await;
    let mut foreign = Client::dial(&relay.socket_url()).await;
    let token = relay.token_of("other", "bob", Scope::User, Duration::from_secs(60));
    let welcome = foreign.hello(&token, "phone", None).await;
    assert_eq!((welcome.app.as_str(), welcome.head), ("other", Seq::ZERO));
    assert!(foreign.pull_all(Seq::ZERO).await.is_empty());
}
