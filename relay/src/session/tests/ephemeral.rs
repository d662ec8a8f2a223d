use seqline_protocol::{ClientFrame, ConvId, ErrorCode, Kind, Priority, RelayFrame, Target};

use super::support::*;
use crate::{
    api::ApiError,
    frames::Shared,
    limits::{CALLS_PENDING_MAX, OUTGOING_NOTICE_FRAMES_MAX},
    session::{Backlog, Effect, Event},
};

fn typing(to: Target, body: &str) -> ClientFrame {
    ClientFrame::Ephemeral {
        to,
        kind: Kind::new("typing").unwrap(),
        body: body.to_owned(),
        priority: Priority::Normal,
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

#[test]
fn a_groups_members_are_told_by_someone_who_knows_them() {
    let mut desk = Desk::open(0);
    let group = ConvId::new("group:tea").unwrap();
    let effects = desk.cause(typing(Target::Conv(group.clone()), "…"));
    assert!(matches!(
        &effects[..],
        [Effect::RelayToGroup { from, conv, .. }]
            if *from == account("alice") && *conv == group
    ));
    assert!(desk.feed(Event::Relayed(Ok(()))).is_empty());
    desk.cause(typing(Target::Conv(group), "…"));
    let error = ApiError::new(ErrorCode::NotAllowed, "too many");
    let effects = desk.feed_for_effects(Event::Relayed(Err(error)));
    assert_eq!(refusal(&effects), (ErrorCode::NotAllowed, false));
}

#[test]
fn a_comment_goes_to_its_room_with_its_priority() {
    let mut desk = Desk::open(0);
    let room = ConvId::new("room:live").unwrap();
    let effects = desk.cause(ClientFrame::Ephemeral {
        to: Target::Conv(room.clone()),
        kind: Kind::text(),
        body: "hi".to_owned(),
        priority: Priority::Low,
    });
    assert!(matches!(
        &effects[..],
        [Effect::Comment { conv, body, priority: Priority::Low, .. }]
            if *conv == room && body == "hi"
    ));
    // Said too much: lost, and no reason to end the session.
    let error = ApiError::new(ErrorCode::RateLimited, "slower");
    assert!(desk.feed_for_effects(Event::Relayed(Err(error))).is_empty());
    assert!(desk.session.wants_input());
}

#[test]
fn only_so_many_wait_to_be_relayed() {
    let mut desk = Desk::open(0);
    let group = || Target::Conv(ConvId::new("group:tea").unwrap());
    for _ in 0..CALLS_PENDING_MAX {
        assert!(desk.session.wants_input());
        desk.cause(typing(group(), ""));
    }
    assert!(!desk.session.wants_input());
    desk.feed(Event::Relayed(Ok(())));
    assert!(desk.session.wants_input());
}

#[test]
fn a_notice_is_dropped_for_a_slow_socket() {
    let frame = || {
        let event = crate::frames::event("room", &"anything");
        Event::Notice(std::sync::Arc::new(Shared::new(event)))
    };
    let mut desk = Desk::open(0);
    for (frames, told) in [
        (OUTGOING_NOTICE_FRAMES_MAX - 1, 1),
        (OUTGOING_NOTICE_FRAMES_MAX, 0),
    ] {
        desk.session.set_backlog(Backlog { frames, bytes: 9 });
        assert_eq!(desk.feed(frame()).len(), told);
    }
}
