use seqline_protocol::{
    ClientFrame, ErrorCode, Kind, Priority, RelayFrame, RequestId, Secret, Target, UserId,
};

use super::support::*;
use crate::{
    session::{Effect, Event},
    traffic::{Rate, TrafficRules},
};

/// The code, the hint, and what it is about, of the error before a close.
fn told(effects: &[Effect]) -> (ErrorCode, Option<u32>, Option<String>) {
    let (
        Some(RelayFrame::Error {
            code,
            retry_after_ms,
            client_msg_id,
            retryable: true,
            ..
        }),
        Some(Effect::Close(closed)),
    ) = (frames(effects).pop(), effects.last())
    else {
        panic!("{effects:?}");
    };
    assert_eq!(code, *closed);
    let about = client_msg_id.map(|id| id.to_string());
    (code, retry_after_ms, about)
}

#[test]
fn a_message_too_many_ends_the_session_once_those_before_are_answered() {
    let mut desk = Desk::open_within(TrafficRules {
        sends_per_user: Rate::per_second(1, 2),
        ..TrafficRules::default()
    });
    assert_eq!(desk.cause(send("m1")).len(), 1);
    assert_eq!(desk.cause(send("m2")).len(), 1);
    assert!(desk.cause(send("m3")).is_empty(), "not yet");
    assert!(!desk.session.wants_input());
    assert!(desk.cause(send("m4")).is_empty(), "nor ever");
    assert_eq!(desk.feed(stored(1)).len(), 1);
    let effects = desk.feed_for_effects(stored(2));
    assert!(matches!(frames(&effects)[..], [RelayFrame::Sent { .. }, _]));
    let about = Some("m3".to_owned());
    assert_eq!(told(&effects), (ErrorCode::RateLimited, Some(1_000), about));
}

#[test]
fn a_message_too_many_is_taken_after_the_wait() {
    let mut desk = Desk::open_within(TrafficRules {
        sends_per_user: Rate::per_second(1, 1),
        ..TrafficRules::default()
    });
    for n in 1..10 {
        assert_eq!(desk.cause(send(&format!("m{n}"))).len(), 1, "{n}");
        desk.feed(stored(n));
        desk.pass_s(1);
    }
}

#[test]
fn frames_and_pings_too_many_end_the_session() {
    let limits = TrafficRules {
        frames_per_connection: Rate::per_second(1, 10),
        ..TrafficRules::default()
    };
    // One was its `hello`.
    let mut desk = Desk::open_within(limits.clone());
    for _ in 1..10 {
        assert_eq!(desk.say(ClientFrame::Ping { nonce: 1 }).len(), 1);
    }
    let effects = desk.cause(ClientFrame::Ping { nonce: 1 });
    assert_eq!(told(&effects).0, ErrorCode::RateLimited);

    let mut desk = Desk::open_within(limits);
    for _ in 1..10 {
        assert!(desk.feed_for_effects(Event::Control).is_empty());
    }
    let effects = desk.feed_for_effects(Event::Control);
    assert_eq!(told(&effects).0, ErrorCode::RateLimited);
}

#[test]
fn calls_and_joins_too_many_end_the_session() {
    let call = |req: u64, method: &str| ClientFrame::Call {
        req: RequestId::new(req).unwrap(),
        method: method.to_owned(),
        params: "{}".to_owned(),
    };
    let limits = TrafficRules {
        calls_per_user: Rate::per_second(1, 3),
        joins_per_user: Rate::per_second(1, 1),
        ..TrafficRules::default()
    };
    for methods in [
        ["groups.get", "groups.get", "groups.get", "groups.get"],
        ["groups.get", "groups.get", "rooms.join", "groups.join"],
    ] {
        let mut desk = Desk::open_within(limits.clone());
        for (req, method) in (0..).zip(&methods[..3]) {
            assert_eq!(desk.cause(call(req, method)).len(), 1, "{method}");
        }
        assert!(desk.cause(call(3, methods[3])).is_empty());
        for req in 0..3 {
            let req = RequestId::new(req).unwrap();
            let result = Ok("{}".to_owned());
            let effects = desk.feed_for_effects(Event::Called { req, result });
            let is_last = matches!(effects.last(), Some(Effect::Close(_)));
            assert_eq!(is_last, req.get() == 2);
        }
    }
}

#[test]
fn ephemerals_too_many_are_lost_and_counted() {
    let mut desk = Desk::open_within(TrafficRules {
        ephemerals_per_user: Rate::per_second(1, 1),
        ..TrafficRules::default()
    });
    let typing = || ClientFrame::Ephemeral {
        to: Target::User(UserId::new("bob").unwrap()),
        kind: Kind::new("typing").unwrap(),
        body: String::new(),
        priority: Priority::Normal,
    };
    let relayed = desk.cause(typing());
    assert!(matches!(relayed[..], [Effect::Relay { .. }]), "{relayed:?}");
    let lost = desk.cause(typing());
    assert!(
        matches!(lost[..], [Effect::Count(ErrorCode::RateLimited)]),
        "{lost:?}"
    );
    assert!(desk.session.wants_input());
}

#[test]
fn log_ins_too_many_are_told_to_wait() {
    let limits = TrafficRules {
        logins_per_address: Rate::per_second(1, 10),
        failed_logins_per_address: Rate::per_second(1, 1),
        ..TrafficRules::default()
    };
    let mut desk = Desk::new_from([192, 0, 2, 1], limits.clone());
    for _ in 0..10 {
        let now = desk.now.uptime;
        let address = Some([192, 0, 2, 1].into());
        desk.traffic().log_in(address, now).unwrap();
    }
    let hello = desk.hello();
    let effects = desk.cause(ClientFrame::Hello(hello));
    assert_eq!(told(&effects), (ErrorCode::RateLimited, Some(1_000), None));

    let mut desk = Desk::new_from([192, 0, 2, 1], limits);
    let mut hello = desk.hello();
    hello.token = Secret::new("no.good.token");
    let refused = desk.cause(ClientFrame::Hello(hello));
    assert_eq!(refusal(&refused).0, ErrorCode::TokenInvalid);
    let address = Some([192, 0, 2, 1].into());
    let again = desk.traffic().log_in(address, desk.now.uptime);
    assert_eq!(again.unwrap_err().code, ErrorCode::RateLimited);
}

#[test]
fn a_device_too_many_is_told_to_wait() {
    let mut desk = Desk::new();
    let hello = desk.hello();
    desk.cause(ClientFrame::Hello(hello));
    let effects = desk.feed_for_effects(Event::Crowded);
    assert_eq!(told(&effects).0, ErrorCode::RateLimited);
}
