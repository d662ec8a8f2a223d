use seqline_protocol::{
    ClientFrame, ErrorCode, RelayFrame, RequestId,
    limits::{FRAME_BYTES_MAX, METHOD_BYTES_MAX},
};

use super::support::*;
use crate::{
    api::ApiError,
    limits::{CALL_PARAMS_BYTES_MAX, CALLS_PENDING_MAX},
    session::{Effect, Event},
};

fn call(n: u64, method: &str, params: &str) -> ClientFrame {
    ClientFrame::Call {
        req: RequestId::new(n).unwrap(),
        method: method.to_owned(),
        params: params.to_owned(),
    }
}

fn ended(n: u64, result: Result<&str, ApiError>) -> Event {
    Event::Called {
        req: RequestId::new(n).unwrap(),
        result: result.map(str::to_owned),
    }
}

#[test]
fn a_call_goes_out_as_this_user_and_its_answer_comes_back_by_its_request() {
    let mut desk = Desk::open(0);
    let effects = desk.cause(call(1, "groups.get", "{}"));
    let [
        Effect::Call {
            account: who,
            method,
            params,
            ..
        },
    ] = &effects[..]
    else {
        panic!("{effects:?}")
    };
    assert_eq!(*who, account("alice"));
    assert_eq!((method.as_str(), params.as_str()), ("groups.get", "{}"));
    desk.cause(call(2, "groups.members", "{}"));
    // In any order.
    for n in [2, 1] {
        let frames = desk.feed(ended(n, Ok("{\"a\":1}")));
        let expected = RelayFrame::Result {
            req: RequestId::new(n).unwrap(),
            value: "{\"a\":1}".to_owned(),
        };
        assert_eq!(frames, [expected]);
    }
}

#[test]
fn a_call_that_fails_ends_nothing_but_itself() {
    let mut desk = Desk::open(0);
    for code in [ErrorCode::NotAllowed, ErrorCode::Internal] {
        desk.cause(call(5, "x", "{}"));
        let effects = desk.feed_for_effects(ended(5, Err(ApiError::new(code, "why"))));
        assert!(
            effects
                .iter()
                .all(|effect| !matches!(effect, Effect::Close(_)))
        );
        assert!(matches!(
            &frames(&effects)[..],
            [RelayFrame::Error { code: of, req: Some(req), message, .. }]
                if *of == code && req.get() == 5 && message == "why"
        ));
        assert!(desk.session.wants_input());
    }
}

#[test]
fn what_is_too_long_is_refused() {
    let mut desk = Desk::open(0);
    let long_name = call(1, &"m".repeat(METHOD_BYTES_MAX + 1), "{}");
    let long_params = call(1, "m", &"x".repeat(CALL_PARAMS_BYTES_MAX + 1));
    for frame in [long_name, long_params] {
        assert_eq!(
            refusal(&desk.cause(frame)),
            (ErrorCode::FieldInvalid, false)
        );
    }
    desk.cause(call(1, "m", "{}"));
    let value = "\"".repeat(FRAME_BYTES_MAX / 2);
    let effects = desk.feed_for_effects(ended(1, Ok(&value)));
    assert_eq!(refusal(&effects), (ErrorCode::FieldInvalid, false));
}

#[test]
fn no_more_is_read_than_may_be_under_way() {
    let mut desk = Desk::open(0);
    for n in 0..CALLS_PENDING_MAX as u64 {
        assert!(desk.session.wants_input());
        desk.cause(call(n, "m", "{}"));
    }
    assert!(!desk.session.wants_input());
    assert!(
        desk.pass_s(600).is_empty(),
        "and the client's silence is not its fault"
    );
    desk.feed(ended(0, Ok("{}")));
    assert!(desk.session.wants_input());
}

#[test]
fn draining_waits_for_what_was_called() {
    let mut desk = Desk::open(0);
    desk.cause(call(1, "m", "{}"));
    assert!(desk.feed_for_effects(Event::Drain).is_empty());
    let last = desk.feed_for_effects(ended(1, Ok("{}")));
    assert!(matches!(frames(&last)[..], [RelayFrame::Result { .. }]));
    assert!(matches!(
        last.last(),
        Some(Effect::Close(ErrorCode::Draining))
    ));
}
