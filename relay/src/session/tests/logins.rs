//! A session whose turn to log in has to come first.

use seqline_protocol::{ClientFrame, ErrorCode, RelayFrame};

use super::support::*;
use crate::{
    api::ApiError,
    session::{Effect, Event},
    store::{Done, Op, StoreError},
};

fn in_line() -> (Desk, crate::admission::Admitted) {
    let mut desk = Desk::new();
    let taken = desk.logins.try_enter().unwrap();
    let hello = desk.hello();
    let effects = desk.cause(ClientFrame::Hello(hello));
    assert!(matches!(effects[..], [Effect::Admit]), "{effects:?}");
    assert!(desk.session.is_in_line());
    assert!(!desk.session.wants_input());
    (desk, taken)
}

#[test]
fn nothing_is_done_for_a_device_before_its_turn() {
    let (mut desk, taken) = in_line();
    assert_eq!(desk.session.wait(desk.now), None);
    drop(taken);
    let place = desk.logins.try_enter().unwrap();
    let effects = desk.feed_for_effects(Event::Admitted(Ok(place)));
    assert!(matches!(effects[..], [Effect::Open { .. }]), "{effects:?}");
    assert!(!desk.session.is_in_line());
    welcome(&desk.feed(Event::Opened(Ok(position(3)))));
}

#[test]
fn one_that_is_not_to_wait_is_told_when_to_come() {
    let (mut desk, _taken) = in_line();
    let refused = ApiError {
        retry_after_ms: Some(4_321),
        ..ApiError::new(ErrorCode::Overloaded, "later")
    };
    let effects = desk.feed_for_effects(Event::Admitted(Err(refused)));
    assert_eq!(refusal(&effects), (ErrorCode::Overloaded, true));
    let [
        RelayFrame::Error {
            retry_after_ms,
            retryable: true,
            ..
        },
    ] = frames(&effects)[..]
    else {
        panic!("{effects:?}")
    };
    assert_eq!(retry_after_ms, Some(4_321));
}

#[test]
fn a_relay_that_stops_ends_the_wait() {
    let (mut desk, _taken) = in_line();
    let effects = desk.feed_for_effects(Event::Drain);
    assert!(matches!(effects[..], [Effect::Close(ErrorCode::Draining)]));
}

/// So log-ins never are more than their part of what the writer has to do.
#[test]
fn the_place_is_held_until_the_device_is_noted() {
    for result in [
        Ok(Ok(Done::Applied)),
        Err(StoreError::Failed("disk full".to_owned())),
    ] {
        let mut desk = Desk::new();
        let hello = desk.hello();
        desk.say(ClientFrame::Hello(hello));
        assert_eq!(desk.logins.under_way(), 1);
        let effects = desk.feed_for_effects(Event::Opened(Ok(position(0))));
        let is_noted = |effect: &Effect| matches!(effect, Effect::Submit(Op::Connected(_)));
        assert!(effects.iter().any(is_noted));
        assert_eq!(desk.logins.under_way(), 1);
        desk.feed(Event::Committed(result));
        assert_eq!(desk.logins.under_way(), 0);
        assert!(desk.session.wants_input());
    }
}

#[test]
fn a_database_that_takes_no_writes_holds_the_place_for_a_second() {
    let mut desk = Desk::new();
    let hello = desk.hello();
    desk.say(ClientFrame::Hello(hello));
    assert!(desk.pass_s(4).is_empty());
    assert_eq!(desk.logins.under_way(), 1, "it is not welcomed yet");
    desk.feed(Event::Opened(Ok(position(0))));
    assert_eq!(
        desk.session.wait(desk.now),
        Some(std::time::Duration::from_secs(1))
    );
    assert!(desk.pass_s(1).is_empty());
    assert_eq!(desk.logins.under_way(), 0);
    assert!(desk.session.wait(desk.now) > Some(std::time::Duration::from_secs(1)));
}

#[test]
fn the_place_is_given_back_with_the_session() {
    let mut desk = Desk::new();
    let hello = desk.hello();
    desk.say(ClientFrame::Hello(hello));
    let failed = StoreError::Failed("disk".to_owned());
    desk.feed(Event::Opened(Err(failed)));
    assert_eq!(desk.logins.under_way(), 0);
}
