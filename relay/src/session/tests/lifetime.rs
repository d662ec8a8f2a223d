use seqline_protocol::{ClientFrame, ErrorCode, Heartbeat, KickReason, RelayFrame, RequestId};

use super::support::*;
use crate::{
    auth::Scope,
    session::{Effect, Event, Session},
};

fn is_over(session: &mut Session) -> bool {
    !session.wants_input()
}

#[test]
fn who_says_nothing_is_sent_away() {
    let mut desk = Desk::new();
    assert!(desk.pass_s(9).is_empty());
    assert_eq!(refusal(&desk.pass_s(1)), (ErrorCode::HelloTimeout, true));
}

#[test]
fn silence_is_forgiven_for_two_heartbeats_and_ten_seconds() {
    let mut desk = Desk::open(0);
    assert!(desk.pass_s(59).is_empty());
    assert_eq!(desk.say(ClientFrame::Ping { nonce: 8 }).len(), 1);
    assert!(desk.pass_s(59).is_empty());
    assert_eq!(
        refusal(&desk.pass_s(1)),
        (ErrorCode::HeartbeatTimeout, true)
    );
    assert!(is_over(&mut desk.session));
}

#[test]
fn the_background_is_given_three_minutes() {
    let mut desk = Desk::open(0);
    desk.say(ClientFrame::State {
        background: true,
        interval_ms: None,
    });
    assert!(desk.pass_s(179).is_empty());
    assert_eq!(
        refusal(&desk.pass_s(1)),
        (ErrorCode::HeartbeatTimeout, true)
    );

    let mut desk = Desk::open(0);
    desk.say(ClientFrame::State {
        background: true,
        interval_ms: None,
    });
    desk.say(ClientFrame::State {
        background: false,
        interval_ms: None,
    });
    assert_eq!(refusal(&desk.pass_s(60)).0, ErrorCode::HeartbeatTimeout);

    let mut desk = Desk::new();
    let mut hello = desk.hello();
    hello.background = true;
    desk.say(ClientFrame::Hello(hello));
    desk.feed(Event::Opened(Ok(position(0))));
    assert!(desk.pass_s(179).is_empty());
}

#[test]
fn patience_follows_the_interval_that_the_client_says() {
    let bounds = Heartbeat::default().bounds.unwrap();
    let (max_ms, background_max_ms) = (bounds.interval_ms_max, bounds.background_interval_ms_max);
    // Twice the interval, of which the second counts for a minute at most, and ten seconds.
    for (background, interval_ms, patience_s) in [
        (false, Some(15_000), 40),
        (false, Some(40_000), 90),
        (false, Some(max_ms), 120),
        (false, Some(u32::MAX), 120),
        (false, Some(0), 10),
        (false, None, 60),
        (true, Some(100_000), 180),
        (true, Some(background_max_ms), 310),
        (true, Some(u32::MAX), 310),
        (true, None, 180),
    ] {
        let mut desk = Desk::open(0);
        desk.say(ClientFrame::State {
            background,
            interval_ms,
        });
        assert!(desk.pass_s(patience_s - 1).is_empty(), "{interval_ms:?}");
        let said = refusal(&desk.pass_s(1));
        assert_eq!(said, (ErrorCode::HeartbeatTimeout, true), "{interval_ms:?}");
    }
}

#[test]
fn who_is_to_keep_to_an_interval_is_told_no_other_and_given_no_more_time() {
    let mut desk = Desk::new();
    desk.session.keep_heartbeat();
    let hello = desk.hello();
    desk.say(ClientFrame::Hello(hello));
    let frames = desk.feed(Event::Opened(Ok(position(0))));
    let [RelayFrame::Welcome(welcome)] = &frames[..] else {
        panic!("{frames:?}")
    };
    assert_eq!(welcome.heartbeat.bounds, None);
    assert_eq!(welcome.heartbeat.interval_ms, 25_000);
    desk.say(ClientFrame::State {
        background: false,
        interval_ms: Some(40_000),
    });
    assert!(desk.pass_s(59).is_empty());
    assert_eq!(refusal(&desk.pass_s(1)).0, ErrorCode::HeartbeatTimeout);
}

#[test]
fn silence_while_the_relay_holds_the_client_back_counts_for_nothing() {
    let mut desk = Desk::open(0);
    for n in 0..seqline_protocol::limits::SEND_WINDOW {
        desk.say(send(&format!("m{n}")));
    }
    assert!(!desk.session.wants_input());
    assert!(desk.pass_s(600).is_empty());
    desk.feed(stored(1));
    assert!(desk.session.wants_input());
    assert!(desk.pass_s(59).is_empty());
    assert_eq!(refusal(&desk.pass_s(1)).0, ErrorCode::HeartbeatTimeout);
}

#[test]
fn a_token_that_expires_ends_the_session_unless_it_is_refreshed() {
    let mut desk = Desk::new();
    let mut hello = desk.hello();
    hello.token = desk.token("alice", Scope::User, 30);
    desk.say(ClientFrame::Hello(hello));
    desk.feed(Event::Opened(Ok(position(0))));
    desk.pass_s(20);
    let token = desk.token("alice", Scope::User, 30);
    let req = RequestId::new(1).unwrap();
    desk.say(ClientFrame::Refresh { req, token });
    assert!(desk.pass_s(29).is_empty());
    let effects = desk.pass_s(1);
    assert_eq!(refusal(&effects), (ErrorCode::TokenExpired, true));
}

#[test]
fn a_kick_says_why_and_closes() {
    let mut desk = Desk::open(0);
    let effects = desk.feed_for_effects(Event::Kick(KickReason::Replaced));
    assert!(matches!(
        frames(&effects)[..],
        [RelayFrame::Kick {
            reason: KickReason::Replaced,
            ..
        }]
    ));
    assert!(matches!(
        effects.last(),
        Some(Effect::Close(ErrorCode::Kicked))
    ));
    assert!(desk.feed(push(1..=1)).is_empty());
    assert!(desk.cause(send("late")).is_empty());
}

#[test]
fn draining_finishes_what_is_under_way() {
    let mut desk = Desk::open(0);
    desk.say(send("m1"));
    desk.say(send("m2"));
    let goaway = desk.feed(Event::Goaway {
        after_ms: 0,
        window_ms: 500,
    });
    assert_eq!(
        goaway,
        [RelayFrame::Goaway {
            after_ms: 0,
            window_ms: 500
        }]
    );
    assert!(desk.session.wants_input(), "until it is its turn");
    assert!(desk.feed_for_effects(Event::Drain).is_empty());
    assert!(!desk.session.wants_input());
    assert!(matches!(
        desk.feed(stored(1))[..],
        [RelayFrame::Sent { .. }]
    ));
    let last = desk.feed_for_effects(stored(2));
    assert!(matches!(frames(&last)[..], [RelayFrame::Sent { .. }]));
    assert!(matches!(
        last.last(),
        Some(Effect::Close(ErrorCode::Draining))
    ));
}

#[test]
fn draining_closes_at_once_what_is_idle_or_not_open() {
    for mut desk in [Desk::open(0), Desk::new()] {
        let effects = desk.feed_for_effects(Event::Drain);
        assert!(
            matches!(effects[..], [Effect::Close(ErrorCode::Draining)]),
            "{effects:?}"
        );
    }
}
