use seqline_protocol::{
    ClientFrame, Encoding, Epoch, ErrorCode, RelayFrame, RequestId, ResetReason, Resume, Secret,
    Start,
};

use super::support::*;
use crate::{
    auth::Scope,
    session::{DevicePolicy, Effect, Event},
    store::{Op, Position, StoreError},
};

#[test]
fn a_good_hello_opens_and_is_welcomed() {
    let mut desk = Desk::new();
    let hello = desk.hello();
    let effects = desk.cause(ClientFrame::Hello(hello));
    let [
        Effect::Open {
            account: who,
            device,
            platform,
            policy,
        },
    ] = &effects[..]
    else {
        panic!("{effects:?}")
    };
    assert_eq!(*who, account("alice"));
    assert_eq!((device.as_str(), platform.as_str()), ("phone", "test"));
    assert_eq!(*policy, DevicePolicy::Any);
    assert!(!desk.session.wants_input());
    let frames = desk.feed(Event::Opened(Ok(position(5))));
    let welcome = welcome(&frames);
    assert_eq!(welcome.user, account("alice").user);
    assert_eq!(
        (welcome.cursor, welcome.head, welcome.reset),
        (seq(0), seq(5), None)
    );
    assert_eq!(welcome.session, "session-1");
    assert_eq!(welcome.now_us, desk.now.wall);
    assert_eq!(
        welcome.token_expires_us.get(),
        desk.now.wall.get() + 3_600_000_000
    );
    assert!(desk.session.wants_input());
}

#[test]
fn answers_in_the_encoding_of_the_hello() {
    for encoding in [Encoding::Text, Encoding::Binary] {
        let mut desk = Desk::new();
        let hello = ClientFrame::Hello(desk.hello());
        let payload = seqline_protocol::encode(encoding, &hello)
            .as_bytes()
            .to_vec()
            .into();
        desk.feed_for_effects(Event::Frame { encoding, payload });
        let effects = desk.feed_for_effects(Event::Opened(Ok(position(0))));
        assert!(
            effects
                .iter()
                .any(|effect| matches!(effect, Effect::Write(frame) if frame.encoding == encoding))
        );
    }
}

#[test]
fn a_device_goes_on_from_where_it_can() {
    let floor_3 = Position {
        floor: seq(3),
        ..position(9)
    };
    let at = |epoch, cursor| {
        Some(Resume {
            epoch: Epoch::new(epoch).unwrap(),
            cursor: seq(cursor),
        })
    };
    for (resume, start, cursor, reset) in [
        (None, Start::Oldest, 2, None),
        (None, Start::Newest, 9, None),
        (at(7, 2), Start::Newest, 2, None),
        (at(7, 9), Start::Oldest, 9, None),
        (at(7, 1), Start::Oldest, 9, Some(ResetReason::BelowFloor)),
        (at(7, 10), Start::Oldest, 9, Some(ResetReason::AheadOfHead)),
        (at(8, 5), Start::Oldest, 9, Some(ResetReason::EpochChanged)),
    ] {
        let mut desk = Desk::new();
        let mut hello = desk.hello();
        (hello.resume, hello.start) = (resume, start);
        desk.say(ClientFrame::Hello(hello));
        let frames = desk.feed(Event::Opened(Ok(floor_3.clone())));
        let welcome = welcome(&frames);
        assert_eq!(
            (welcome.cursor, welcome.reset),
            (seq(cursor), reset),
            "{resume:?} {start:?}"
        );
        assert_eq!(welcome.head, seq(9));
    }
}

#[test]
fn a_commit_while_the_position_is_read_is_not_lost() {
    let mut desk = Desk::new();
    let mut hello = desk.hello();
    hello.start = Start::Newest;
    desk.say(ClientFrame::Hello(hello));
    assert!(desk.feed(push(6..=6)).is_empty());
    // The list of crowds is as old as the position: the device starts there, and pulls.
    let frames = desk.feed(Event::Opened(Ok(position(5))));
    let welcome = welcome(&frames);
    assert_eq!((welcome.cursor, welcome.head), (seq(5), seq(6)));

    // One that resumes behind it is told that there is more.
    let mut desk = Desk::new();
    let mut hello = desk.hello();
    hello.resume = Some(Resume {
        epoch: position(5).epoch,
        cursor: seq(5),
    });
    desk.say(ClientFrame::Hello(hello));
    desk.feed(push(6..=6));
    let frames = desk.feed(Event::Opened(Ok(position(5))));
    let welcome = super::support::welcome(&frames);
    assert_eq!((welcome.cursor, welcome.head), (seq(5), seq(6)));
}

#[test]
fn what_is_not_a_good_hello_is_refused() {
    type Spoil = fn(&Desk, &mut seqline_protocol::Hello);
    let cases: [(ErrorCode, Spoil); 7] = [
        (ErrorCode::VersionUnsupported, |_, hello| hello.version = 0),
        (ErrorCode::VersionUnsupported, |_, hello| {
            hello.version = 999;
        }),
        (ErrorCode::FieldInvalid, |_, hello| {
            hello.host = "x".repeat(65);
        }),
        (ErrorCode::FieldInvalid, |_, hello| {
            hello.app_version = Some("x".repeat(65));
        }),
        (ErrorCode::TokenInvalid, |_, hello| {
            hello.token = Secret::new("nonsense");
        }),
        (ErrorCode::TokenExpired, |desk, hello| {
            hello.token = desk.token("alice", Scope::User, 0);
        }),
        (ErrorCode::ScopeForbidden, |desk, hello| {
            hello.token = desk.token("alice", Scope::Server, 60);
        }),
    ];
    for (code, spoil) in cases {
        let mut desk = Desk::new();
        let mut hello = desk.hello();
        spoil(&desk, &mut hello);
        let effects = desk.cause(ClientFrame::Hello(hello));
        assert_eq!(refusal(&effects).0, code);
    }
}

#[test]
fn hello_comes_first_and_once() {
    let mut desk = Desk::new();
    let effects = desk.cause(ClientFrame::Ack { cursor: seq(1) });
    assert_eq!(refusal(&effects), (ErrorCode::HelloExpected, true));

    let mut desk = Desk::open(0);
    let hello = desk.hello();
    let effects = desk.cause(ClientFrame::Hello(hello));
    assert_eq!(refusal(&effects), (ErrorCode::HelloExpected, true));
}

#[test]
fn a_ping_before_hello_is_answered_and_buys_no_time() {
    let mut desk = Desk::new();
    assert!(desk.pass_s(9).is_empty());
    let frames = desk.say(ClientFrame::Ping { nonce: 7 });
    assert!(matches!(frames[..], [RelayFrame::Pong { nonce: 7, .. }]));
    assert_eq!(refusal(&desk.pass_s(1)), (ErrorCode::HelloTimeout, true));
}

#[test]
fn storage_that_fails_at_the_start_is_no_ones_fault() {
    let mut desk = Desk::new();
    let hello = desk.hello();
    desk.say(ClientFrame::Hello(hello));
    let failed = StoreError::Failed("disk".to_owned());
    let effects = desk.feed_for_effects(Event::Opened(Err(failed)));
    assert_eq!(refusal(&effects), (ErrorCode::Internal, true));
}

#[test]
fn an_ack_that_was_lost_with_the_last_connection_is_made_up_for() {
    let mut desk = Desk::new();
    let mut hello = desk.hello();
    hello.resume = Some(Resume {
        epoch: position(0).epoch,
        cursor: seq(4),
    });
    desk.say(ClientFrame::Hello(hello));
    let known = Position {
        delivered: seq(2),
        ..position(9)
    };
    let effects = desk.feed_for_effects(Event::Opened(Ok(known)));
    let told = effects
        .iter()
        .any(|effect| matches!(effect, Effect::Submit(Op::Delivered(op)) if op.cursor == seq(4)));
    assert!(told, "{effects:?}");
}

#[test]
fn a_token_is_replaced_by_one_of_the_same_user_only() {
    let mut desk = Desk::open(0);
    let req = RequestId::new(3).unwrap();
    let fresh = desk.token("alice", Scope::User, 7200);
    let frames = desk.say(ClientFrame::Refresh { req, token: fresh });
    let [
        RelayFrame::Refreshed {
            req: of,
            token_expires_us,
        },
    ] = frames[..]
    else {
        panic!("{frames:?}")
    };
    assert_eq!(of, req);
    let left_us = token_expires_us.get() - desk.now.wall.get();
    assert!(left_us.abs_diff(7200 * 1_000_000) < 1_000_000, "{left_us}");
    let foreign = desk.token("bob", Scope::User, 7200);
    let effects = desk.cause(ClientFrame::Refresh {
        req,
        token: foreign,
    });
    assert_eq!(refusal(&effects), (ErrorCode::TokenMismatch, false));
    assert!(desk.session.wants_input());
}
