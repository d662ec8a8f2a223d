use seqline_protocol::{
    ClientFrame, ConvId, ConvSeq, ErrorCode, Kind, RelayFrame, RequestId, Send, Target,
    limits::{BODY_BYTES_MAX, SEND_WINDOW},
};

use super::support::*;
use crate::{
    frames::Shared,
    session::{Backlog, Effect, Event},
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
fn only_direct_conversations_of_ones_own_can_be_sent_to() {
    let mut desk = Desk::open(0);
    for target in ["dm:bob:carol", "group:g", "channel:c", "room:r"] {
        let foreign = send_with(|send| send.to = Target::Conv(ConvId::new(target).unwrap()));
        assert_eq!(
            refusal(&desk.cause(foreign)),
            (ErrorCode::ConversationUnknown, false),
            "{target}"
        );
    }
    let own = send_with(|send| send.to = Target::Conv(conv()));
    assert!(matches!(desk.cause(own)[..], [Effect::Submit(_)]));
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

#[test]
fn failing_storage_closes_so_that_the_client_sends_again_in_order() {
    for (error, code) in [
        (StoreError::Busy(String::new()), ErrorCode::Overloaded),
        (StoreError::Failed(String::new()), ErrorCode::Internal),
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

#[test]
fn marks_and_recalls_are_answered_by_their_request() {
    let mut desk = Desk::open(0);
    let (one, two) = (RequestId::new(1).unwrap(), RequestId::new(2).unwrap());
    let conv_seq = ConvSeq::new(4).unwrap();
    desk.cause(ClientFrame::Read {
        req: one,
        conv: conv(),
        conv_seq,
    });
    desk.cause(ClientFrame::Recall {
        req: two,
        conv: conv(),
        conv_seq,
    });
    let done = desk.feed(Event::Committed(Ok(Ok(Done::Applied))));
    assert_eq!(done, [RelayFrame::Done { req: one }]);
    let refused = Event::Committed(Ok(Err(Refusal::RecallRefused(120))));
    let effects = desk.feed_for_effects(refused);
    assert_eq!(refusal(&effects), (ErrorCode::RecallRefused, false));
    assert!(
        matches!(frames(&effects)[..], [RelayFrame::Error { req: Some(req), .. }] if req == two)
    );
}

fn typing(to: Target, body: &str) -> ClientFrame {
    ClientFrame::Ephemeral {
        to,
        kind: Kind::new("typing").unwrap(),
        body: body.to_owned(),
    }
}

#[test]
fn an_ephemeral_goes_to_the_other_and_is_never_stored() {
    let mut desk = Desk::open(0);
    let effects = desk.cause(typing(Target::Conv(conv()), "…"));
    let [Effect::Relay { to, frame }] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!(*to, *account("bob"));
    let RelayFrame::Ephemeral {
        sender, conv: at, ..
    } = seqline_protocol::decode(
        seqline_protocol::Encoding::Text,
        &frame.encoded(seqline_protocol::Encoding::Text).payload,
    )
    .unwrap()
    else {
        panic!()
    };
    assert_eq!((sender, at), (account("alice").user.clone(), conv()));

    let to_self = desk.cause(typing(Target::User(account("alice").user.clone()), ""));
    assert!(to_self.is_empty());
    let large = desk.cause(typing(Target::Conv(conv()), &"x".repeat(1025)));
    assert_eq!(refusal(&large), (ErrorCode::BodyTooLarge, false));
    let foreign = ConvId::new("dm:bob:carol").unwrap();
    let foreign = desk.cause(typing(Target::Conv(foreign), ""));
    assert_eq!(refusal(&foreign), (ErrorCode::ConversationUnknown, false));
}

#[test]
fn an_ephemeral_for_a_busy_socket_is_dropped() {
    let frame = || {
        std::sync::Arc::new(Shared::new(RelayFrame::Ephemeral {
            conv: conv(),
            sender: account("bob").user.clone(),
            kind: Kind::text(),
            body: String::new(),
        }))
    };
    let mut desk = Desk::open(0);
    assert_eq!(desk.feed(Event::Ephemeral(frame())).len(), 1);
    desk.session.set_backlog(Backlog {
        frames: 1,
        bytes: 9,
    });
    assert!(desk.feed(Event::Ephemeral(frame())).is_empty());
    assert!(Desk::new().feed(Event::Ephemeral(frame())).is_empty());
}
