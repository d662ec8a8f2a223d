use std::sync::Arc;

use futures_util::future::BoxFuture;
use seqline_protocol::{ClientFrame, ErrorCode, RelayFrame, RequestId, limits::BODY_BYTES_MAX};

use super::support::*;
use crate::{
    check::{Check, Rejected},
    session::{Effect, Event},
    store::{Op, Send},
};

/// Is asked about everything but what says "free"; the tests answer in its place.
struct OnForMost;

impl Check for OnForMost {
    fn is_on_for(&self, send: &Send) -> bool {
        send.body != "free"
    }

    fn ask(&self, _: Send) -> BoxFuture<'_, Result<Send, Rejected>> {
        unreachable!("the session does not ask by itself")
    }
}

fn desk() -> Desk {
    Desk::open_with_check(Arc::new(OnForMost))
}

fn asked(effects: &[Effect]) -> Send {
    match effects {
        [.., Effect::Check(send)] => send.clone(),
        other => panic!("not asked: {other:?}"),
    }
}

/// The ids of what was handed to the writer.
fn submitted(effects: &[Effect]) -> Vec<&str> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Submit(Op::Send(send)) => Some(send.client_msg_id.as_str()),
            Effect::Submit(_) => Some("other"),
            _ => None,
        })
        .collect()
}

fn rejected(is_retryable: bool) -> Event {
    Event::Checked(Err(Rejected {
        reason: "not with these words".to_owned(),
        is_retryable,
    }))
}

#[test]
fn what_comes_after_a_message_that_is_checked_waits_for_it() {
    let mut desk = desk();
    let first = asked(&desk.cause(send("m1")));
    assert!(desk.cause(send_saying("m2", "free")).is_empty());
    let mark = ClientFrame::Read {
        req: RequestId::new(1).unwrap(),
        conv: conv(),
        conv_seq: seqline_protocol::ConvSeq::ZERO,
    };
    assert!(desk.cause(mark).is_empty());
    assert!(desk.cause(send("m3")).is_empty());
    let effects = desk.feed_for_effects(Event::Checked(Ok(Box::new(first))));
    assert_eq!(submitted(&effects), ["m1", "m2", "other"]);
    let third = asked(&effects);
    assert_eq!(third.client_msg_id.as_str(), "m3");
    let effects = desk.feed_for_effects(Event::Checked(Ok(Box::new(third))));
    assert_eq!(submitted(&effects), ["m3"]);
    assert_eq!(
        submitted(&desk.cause(send_saying("m4", "free"))),
        ["m4"],
        "nothing waits any more"
    );
}

#[test]
fn a_rejected_message_is_answered_and_the_others_go_on() {
    for is_retryable in [false, true] {
        let mut desk = desk();
        desk.cause(send_saying("m1", "free"));
        desk.cause(send("m2"));
        desk.cause(send_saying("m3", "free"));
        let effects = desk.feed_for_effects(rejected(is_retryable));
        assert_eq!(refusal(&effects), (ErrorCode::Rejected, false));
        let frames = frames(&effects);
        let [
            RelayFrame::Error {
                message,
                retryable,
                client_msg_id: Some(id),
                ..
            },
        ] = &frames[..]
        else {
            panic!("{frames:?}")
        };
        assert_eq!((id.as_str(), *retryable), ("m2", is_retryable));
        assert_eq!(message, "not with these words");
        assert_eq!(submitted(&effects), ["m3"]);
        // The answers of the others are about the others.
        for (n, expected) in [(1, "m1"), (2, "m3")] {
            let frames = desk.feed(stored(n));
            assert!(
                matches!(&frames[..], [RelayFrame::Sent { client_msg_id, .. }] if client_msg_id.as_str() == expected),
                "{frames:?}"
            );
        }
    }
}

#[test]
fn a_rewritten_message_keeps_the_digest_of_what_was_sent_and_the_bounds() {
    let mut desk = desk();
    let asked_about = asked(&desk.cause(send("m1")));
    let digest = asked_about.digest_of();
    let rewritten = Send {
        body: "milder".to_owned(),
        ..asked_about.clone()
    };
    let effects = desk.feed_for_effects(Event::Checked(Ok(Box::new(rewritten))));
    let [Effect::Submit(Op::Send(stored))] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!((stored.body.as_str(), stored.digest), ("milder", digest));

    desk.cause(send("m2"));
    let oversized = Send {
        body: "x".repeat(BODY_BYTES_MAX + 1),
        ..asked_about
    };
    let effects = desk.feed_for_effects(Event::Checked(Ok(Box::new(oversized))));
    assert_eq!(refusal(&effects), (ErrorCode::Rejected, false));
}

#[test]
fn draining_waits_for_the_check() {
    let mut desk = desk();
    let first = asked(&desk.cause(send("m1")));
    assert!(desk.feed_for_effects(Event::Drain).is_empty());
    desk.feed_for_effects(Event::Checked(Ok(Box::new(first))));
    let last = desk.feed_for_effects(stored(1));
    assert!(matches!(
        last.last(),
        Some(Effect::Close(ErrorCode::Draining))
    ));
}
