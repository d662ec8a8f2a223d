use seqline_protocol::{ClientFrame, ErrorCode, KickReason, RelayFrame, RequestId};

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
