//! Connecting, reconnecting, giving up; signs of life.

mod support;

use seqline_core::{Command, Config, ConnectionState, DisconnectReason, Event, Input};
use seqline_protocol::{ClientFrame, ErrorCode, KickReason, Micros, RelayFrame};
use support::{Device, UNIX_MS, welcome};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn the_first_reconnect_is_at_once_and_later_ones_wait() {
    let mut device = Device::new();
    device.connect(0, 0);
    device.pass(11_000);
    device.lose_socket(None);
    device.pass(0);
    assert!(device.conn.is_some(), "at once after a stable connection");
    let mut waited_ms = 0;
    for _ in 0..6 {
        device.lose_socket(None);
        while device.conn.is_none() {
            device.pass(10);
            waited_ms += 10;
        }
    }
    assert!((1_000..=500 * 64).contains(&waited_ms), "{waited_ms}");
}

#[test]
fn a_connection_that_never_welcomes_is_given_up() {
    let mut device = Device::new();
    device.feed(Input::Connect);
    device.pass(Config::default().connect_timeout_ms);
    assert_eq!(device.closed, [4030]);
    device.pass(0);
    device.open_socket();
    device.pass(Config::default().connect_timeout_ms);
    assert_eq!(
        device.closed.len(),
        2,
        "nor one that opens and says nothing"
    );
}

#[test]
fn after_disconnect_nothing_reconnects() {
    let mut device = Device::new();
    device.connect(0, 0);
    device.feed(Input::Disconnect);
    assert_eq!(device.closed, [1000]);
    device.feed(Input::Online(false));
    device.feed(Input::Online(true));
    device.feed(Input::Background(false));
    device.pass(3_600_000);
    assert!(device.conn.is_none());
    assert_eq!(last_state(&device), stopped(DisconnectReason::Requested));
}

#[test]
fn a_kick_is_final() {
    let mut device = Device::new();
    device.connect(0, 0);
    let kick = RelayFrame::Kick {
        reason: KickReason::Replaced,
        message: "elsewhere".to_owned(),
    };
    device.relay_says(&kick);
    device.feed(Input::Probe);
    device.pass(3_600_000);
    assert!(device.conn.is_none());
    assert_eq!(last_state(&device), stopped(DisconnectReason::Kicked));
    device.feed(Input::Connect);
    assert!(device.conn.is_some(), "unless the app says so");
}

#[test]
fn a_kick_whose_frame_was_lost_is_final_by_its_close_code() {
    let mut device = Device::new();
    device.connect(0, 0);
    device.lose_socket(ErrorCode::Kicked.close_code());
    device.pass(3_600_000);
    assert!(device.conn.is_none());
}

#[test]
fn a_refusal_that_cannot_heal_is_final_and_one_that_can_is_not() {
    for code in ErrorCode::ALL
        .iter()
        .filter(|code| code.close_code().is_some())
    {
        let mut device = Device::new();
        device.feed(Input::Connect);
        device.open_socket();
        device.lose_socket(code.close_code());
        device.pass(60_000);
        let is_final = matches!(
            code,
            ErrorCode::TokenInvalid
                | ErrorCode::ScopeForbidden
                | ErrorCode::VersionUnsupported
                | ErrorCode::Kicked
        );
        assert_eq!(
            device.token_requests + usize::from(device.conn.is_some()) > 1,
            !is_final,
            "{code}"
        );
    }
}

#[test]
fn a_hello_that_the_relay_cannot_take_is_not_repeated_for_ever() {
    let mut device = Device::new();
    device.feed(Input::Connect);
    device.open_socket();
    device.relay_says(&RelayFrame::Error {
        code: ErrorCode::FieldInvalid,
        message: "hello: host is too long".to_owned(),
        retryable: false,
        req: None,
        client_msg_id: None,
        retry_after_ms: None,
    });
    assert_eq!(last_state(&device), stopped(DisconnectReason::Refused));
}

#[test]
fn an_expired_token_is_replaced_and_a_hopeless_one_is_not_fetched_for_ever() {
    let mut device = Device::new();
    device.feed(Input::Connect);
    device.open_socket();
    device.lose_socket(ErrorCode::TokenExpired.close_code());
    device.pass(1_000);
    assert_eq!(device.token_requests, 2);
    for _ in 0..2 {
        device.open_socket();
        device.lose_socket(ErrorCode::TokenExpired.close_code());
        device.pass(10_000);
    }
    assert_eq!(last_state(&device), stopped(DisconnectReason::Refused));
}

#[test]
fn a_token_is_refreshed_on_the_open_socket_before_it_expires() {
    let mut device = Device::new();
    device.connect(0, 0);
    keep_alive(&mut device, 3_600_000 - 59_000);
    assert_eq!(device.token_requests, 2);
    let refreshed = RelayFrame::Refreshed {
        req: Default::default(),
        token_expires_us: Micros::saturating(UNIX_MS * 1_000 + 7_200_000_000),
    };
    device.relay_says(&refreshed);
    keep_alive(&mut device, 3_600_000);
    assert_eq!(device.token_requests, 3);
}

#[test]
fn no_token_now_means_asking_again_later() {
    let mut device = Device::new();
    device.gives_tokens = false;
    device.feed(Input::Connect);
    device.feed(Input::TokenFailed("the server is away".to_owned()));
    device.pass(60_000);
    assert!(device.token_requests > 1);
    assert!(
        device.events.iter().any(
            |event| matches!(event, Event::Error(f) if f.code.as_str() == "token_unavailable")
        )
    );
}

#[test]
fn goaway_spreads_the_return() {
    let mut device = Device::new();
    device.connect(0, 0);
    device.pass(11_000);
    device.relay_says(&RelayFrame::Goaway {
        after_ms: 2_000,
        window_ms: 8_000,
    });
    device.lose_socket(ErrorCode::Draining.close_code());
    device.pass(1_999);
    assert!(device.conn.is_none());
    device.pass(8_001);
    assert!(device.conn.is_some());
}

#[test]
fn a_dead_connection_is_found_and_a_sleeping_page_is_not_taken_for_one() {
    let mut device = Device::new();
    device.connect(0, 0);
    device.pass(25_000);
    assert!(
        device
            .frames()
            .iter()
            .any(|frame| matches!(frame, ClientFrame::Ping { .. }))
    );
    device.pass(10_000);
    assert_eq!(device.closed, [4030]);

    let mut device = Device::new();
    device.connect(0, 0);
    device.pass(25_000);
    device.sleep(300_000);
    device.feed(Input::Timeout);
    assert!(
        device.closed.is_empty(),
        "late by minutes: asked again first"
    );
    let nonce = device.frames().iter().rev().find_map(|frame| match frame {
        ClientFrame::Ping { nonce } => Some(*nonce),
        _ => None,
    });
    let pong = RelayFrame::Pong {
        nonce: nonce.unwrap(),
        now_us: Micros::saturating(1),
    };
    device.relay_says(&pong);
    device.pass(20_000);
    assert!(device.closed.is_empty());
}

#[test]
fn who_disconnects_after_a_sleep_opens_no_socket() {
    let mut device = Device::new();
    device.connect(0, 0);
    device.lose_socket(None);
    device.lose_socket(None);
    assert!(device.conn.is_none(), "it waits for the next attempt");
    device.now.unix_ms += 60_000;
    let closed = device.closed.len();
    device.feed(Input::Disconnect);
    assert_eq!(device.closed.len(), closed, "none was opened to be closed");
    assert_eq!(last_state(&device), stopped(DisconnectReason::Requested));
}

#[test]
fn a_wall_clock_that_jumped_means_a_suspend_and_a_probe() {
    let mut device = Device::new();
    device.connect(0, 0);
    device.frames();
    device.now.unix_ms += 3_600_000;
    device.feed(Input::Timeout);
    assert!(matches!(device.frames()[..], [ClientFrame::Ping { .. }]));
    device.pass(4_000);
    assert_eq!(device.closed, [4030], "with a short deadline");
}

#[test]
fn coming_online_cuts_a_wait_short() {
    let mut device = Device::new();
    device.feed(Input::Online(false));
    device.connect(0, 0);
    device.lose_socket(None);
    device.pass(20_000);
    assert!(device.conn.is_none(), "offline: no attempts");
    device.feed(Input::Online(true));
    assert!(device.conn.is_some());
}

#[test]
fn asking_again_cuts_a_wait_short() {
    let mut device = Device::new();
    device.feed(Input::Connect);
    for _ in 0..6 {
        device.lose_socket(None);
        assert!(device.conn.is_some() || device.wake_at.is_some());
        device.feed(Input::Connect);
        assert!(device.conn.is_some(), "at once");
    }
}

#[test]
fn another_users_store_is_not_touched() {
    let mut device = Device::new();
    device.connect(0, 0);
    device.send("alice's own");
    let mut device = device.restarted();
    let store = device.store.clone();
    device.feed(Input::Connect);
    device.open_socket();
    let mut other = welcome(0, 0);
    other.user = support::user("mallory");
    device.relay_says(&RelayFrame::Welcome(other));
    assert!(device.sent_bodies().is_empty());
    assert_eq!(last_state(&device), stopped(DisconnectReason::Refused));
    assert_eq!(device.store, store);
}

#[test]
fn requests_wait_for_a_connection_and_survive_its_loss() {
    let mut device = Device::new();
    let early = device.call(Command::Conversations {
        page: None,
        limit: None,
    });
    assert_eq!(device.answers[0].0, early);
    assert!(device.answers[0].1.is_err(), "nobody asked to connect");

    device.feed(Input::Connect);
    let call = device.call(Command::Conversations {
        page: None,
        limit: None,
    });
    device.connect(0, 0);
    assert!(asks_for_conversations(&mut device).is_some());
    device.lose_socket(None);
    device.connect(0, 0);
    let req = asks_for_conversations(&mut device).expect("asked again");
    let answer = RelayFrame::Conversations {
        req,
        conversations: Vec::new(),
        next: None,
    };
    device.relay_says(&answer);
    assert_eq!(device.answers[1].0, call);
    assert!(device.answers[1].1.is_ok());

    let late = device.call(Command::Conversations {
        page: None,
        limit: None,
    });
    device.pass(31_000);
    assert_eq!(device.answers[2].0, late);
    assert_eq!(
        device.answers[2].1.as_ref().unwrap_err().code.as_str(),
        "timeout"
    );
}

#[test]
fn garbage_from_the_relay_is_told_and_heals_by_a_new_connection() {
    let mut device = Device::new();
    device.connect(0, 0);
    device.pass(11_000);
    let conn = device.conn.unwrap();
    let garbage = seqline_protocol::Encoded::Binary(vec![0xff, 0x00]);
    device.feed(Input::Received(conn, garbage));
    assert!(
        device.events.iter().any(
            |event| matches!(event, Event::Error(f) if f.code.as_str() == "protocol_violation")
        )
    );
    device.pass(0);
    assert!(device.conn.is_some_and(|again| again != conn));
}

fn asks_for_conversations(device: &mut Device) -> Option<seqline_protocol::RequestId> {
    device.frames().into_iter().find_map(|frame| match frame {
        ClientFrame::Conversations { req, .. } => Some(req),
        _ => None,
    })
}

/// Lets time pass with a relay that answers pings.
fn keep_alive(device: &mut Device, ms: u64) {
    let until_ms = device.now.mono_ms + ms;
    while device.now.mono_ms < until_ms {
        device.pass(1_000.min(until_ms - device.now.mono_ms));
        for frame in device.frames() {
            if let ClientFrame::Ping { nonce } = frame {
                device.relay_says(&RelayFrame::Pong {
                    nonce,
                    now_us: Micros::saturating(1),
                });
            }
        }
    }
}

fn last_state(device: &Device) -> ConnectionState {
    let last = device.events.iter().rev().find_map(|event| match event {
        Event::State(state) => Some(state.clone()),
        _ => None,
    });
    last.expect("the state was told")
}

fn stopped(reason: DisconnectReason) -> ConnectionState {
    ConnectionState::Disconnected { reason }
}
