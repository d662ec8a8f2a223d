use seqline_protocol::{ClientFrame, ConvId, ErrorCode, Kind, Priority, RelayFrame, Target};

use super::support::*;
use crate::{
    frames::Shared,
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
