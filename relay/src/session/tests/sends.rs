use seqline_protocol::{
    ClientFrame, ConvId, ErrorCode, Label, RelayFrame, Send, Target,
    limits::{BODY_BYTES_MAX, MENTIONS_MAX, SEND_WINDOW},
};

use super::support::*;
use crate::{
    session::{Effect, Event},
    store::{Done, Op, Refusal, StoreError},
};

fn send_with(change: impl FnOnce(&mut Send)) -> ClientFrame {
    let ClientFrame::Send(mut frame) = send("m1") else {
        unreachable!()
    };
    change(&mut frame);
    ClientFrame::Send(frame)
}

#[test]
fn a_send_is_confirmed_after_the_commit_and_not_before() {
    let mut desk = Desk::open(0);
    let effects = desk.cause(send("m1"));
    let [Effect::Submit(Op::Send(op))] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!(op.conv, conv());
    assert_eq!(op.from, account("alice"));
    let frames = desk.feed(stored(1));
    let [
        RelayFrame::Sent {
            client_msg_id,
            conv: to,
            ..
        },
    ] = &frames[..]
    else {
        panic!("{frames:?}")
    };
    assert_eq!((client_msg_id.as_str(), to), ("m1", &conv()));
}

#[test]
fn a_refused_message_fails_alone() {
    let mut desk = Desk::open(0);
    for (refusal_, code) in [
        (Refusal::IdConflict, ErrorCode::IdConflict),
        (Refusal::Expired, ErrorCode::FieldInvalid),
        (Refusal::ConversationUnknown, ErrorCode::ConversationUnknown),
    ] {
        desk.cause(send("m1"));
        let effects = desk.feed_for_effects(Event::Committed(Ok(Err(refusal_))));
        assert_eq!(refusal(&effects), (code, false));
        let frames = frames(&effects);
        assert!(matches!(
            &frames[..],
            [RelayFrame::Error { client_msg_id: Some(id), retryable: false, .. }]
                if id.as_str() == "m1"
        ));
    }
    assert!(desk.session.wants_input());
}

#[test]
fn a_body_is_measured_as_json_writes_it() {
    let mut desk = Desk::open(0);
    let fits = send_with(|send| send.body = "\"".repeat(BODY_BYTES_MAX / 2));
    assert!(matches!(desk.cause(fits)[..], [Effect::Submit(_)]));
    let over = send_with(|send| send.body = "\"".repeat(BODY_BYTES_MAX / 2 + 1));
    assert_eq!(refusal(&desk.cause(over)), (ErrorCode::BodyTooLarge, false));
}

#[test]
fn groups_and_channels_are_sent_to_and_the_store_knows_who_may() {
    for target in ["group:g", "channel:c", "dm:alice:bob"] {
        let mut desk = Desk::open(0);
        let to = ConvId::new(target).unwrap();
        let effects = desk.cause(send_with(|send| send.to = Target::Conv(to.clone())));
        let [Effect::Submit(Op::Send(op))] = &effects[..] else {
            panic!("{effects:?}")
        };
        assert_eq!(op.conv, to);
        assert!(!op.by_server);
    }
}

#[test]
fn what_cannot_be_sent_to_is_refused_and_rooms_say_how() {
    for (target, hint) in [("dm:bob:carol", "no part"), ("room:r", "rooms.send")] {
        let mut desk = Desk::open(0);
        let to = ConvId::new(target).unwrap();
        let effects = desk.cause(send_with(|send| send.to = Target::Conv(to)));
        assert_eq!(
            refusal(&effects),
            (ErrorCode::ConversationUnknown, false),
            "{target}"
        );
        let [RelayFrame::Error { message, .. }] = &frames(&effects)[..] else {
            panic!("{effects:?}")
        };
        assert!(message.contains(hint), "{message}");
    }
}

#[test]
fn everything_that_a_sender_says_reaches_the_store_with_its_digest() {
    let mut desk = Desk::open(0);
    let label = |text: &str| Some(Label::new(text).unwrap());
    let effects = desk.cause(send_with(|send| {
        send.key = label("order-7");
        send.replace = true;
        send.business = label("order");
        send.mentions = vec![account("bob").user.clone()];
    }));
    let [Effect::Submit(Op::Send(op))] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!((&op.key, op.replace), (&label("order-7"), true));
    assert_eq!(op.business, label("order"));
    assert_eq!(op.mentions, [account("bob").user.clone()]);
    assert_eq!(op.digest, op.digest_of());
}

#[test]
fn fields_that_make_no_sense_are_refused() {
    let users = |count| vec![account("bob").user.clone(); count];
    let too_many = send_with(|send| send.mentions = users(MENTIONS_MAX + 1));
    let keyless = send_with(|send| send.replace = true);
    for frame in [too_many, keyless] {
        let mut desk = Desk::open(0);
        assert_eq!(
            refusal(&desk.cause(frame)),
            (ErrorCode::FieldInvalid, false)
        );
    }
    let most = send_with(|send| send.mentions = users(MENTIONS_MAX));
    let effects = Desk::open(0).cause(most);
    assert!(matches!(effects[..], [Effect::Submit(_)]));
}

#[test]
fn no_more_is_read_than_the_window_holds() {
    let mut desk = Desk::open(0);
    for n in 0..SEND_WINDOW {
        assert!(desk.session.wants_input());
        desk.cause(send(&format!("m{n}")));
    }
    assert!(!desk.session.wants_input());
    desk.feed(stored(1));
    assert!(desk.session.wants_input());
}

/// Who has nothing to store goes on reading while a disk is full.
#[test]
fn a_device_that_cannot_be_noted_stays_and_is_noted_later() {
    let full = || Event::Committed(Err(StoreError::Full("no room".to_owned())));
    let mut desk = Desk::new();
    let hello = desk.hello();
    desk.say(ClientFrame::Hello(hello));
    desk.feed(Event::Opened(Ok(position(0))));
    assert!(desk.feed_for_effects(full()).is_empty());

    desk.cause(send("m1"));
    let effects = desk.feed_for_effects(stored(1));
    let is_noted = |effect: &Effect| matches!(effect, Effect::Submit(Op::Connected(_)));
    assert!(effects.iter().any(is_noted), "{effects:?}");
    desk.cause(send("m2"));
    desk.feed(Event::Committed(Ok(Ok(Done::Applied))));
    let effects = desk.feed_for_effects(full());
    assert_eq!(refusal(&effects), (ErrorCode::StorageUnavailable, true));
}

#[test]
fn failing_storage_closes_so_that_the_client_sends_again_in_order() {
    for (error, code) in [
        (StoreError::Busy(String::new()), ErrorCode::Overloaded),
        (StoreError::Failed(String::new()), ErrorCode::Internal),
        (
            StoreError::Full(String::new()),
            ErrorCode::StorageUnavailable,
        ),
    ] {
        let mut desk = Desk::open(0);
        desk.cause(send("m1"));
        desk.cause(send("m2"));
        let effects = desk.feed_for_effects(Event::Committed(Err(error.clone())));
        assert_eq!(refusal(&effects), (code, true));
        assert!(matches!(
            &frames(&effects)[..],
            [RelayFrame::Error { client_msg_id: Some(id), retryable: true, .. }]
                if id.as_str() == "m1"
        ));
        assert!(
            desk.feed_for_effects(Event::Committed(Err(error)))
                .is_empty()
        );
        assert!(
            desk.cause(send("m3")).is_empty(),
            "nothing more is taken in"
        );
    }
}
