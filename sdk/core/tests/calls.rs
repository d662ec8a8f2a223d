//! Methods of the relay's API, live events, and the items that are not messages.

mod support;

use seqline_core::{CallId, Command, Delivered, Event, FailureCode, Reply};
use seqline_protocol::{
    ClientFrame, ConvId, ConvSeq, Entry, ErrorCode, GroupChange, GroupOp, Item, Label, Micros,
    RelayFrame, RequestId, Seq, limits,
};
use support::{Device, message};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn a_method_gives_its_value() {
    let mut device = Device::new();
    device.connect(0, 0);
    let call = device.call(method("groups.get", false));
    let [req] = calls(&mut device)[..] else {
        panic!("one call")
    };
    let value = r#"{"title":"Weekend club"}"#.to_owned();
    device.relay_says(&RelayFrame::Result {
        req,
        value: value.clone(),
    });
    assert_eq!(device.answers, [(call, Ok(Reply::Value(value)))]);
}

#[test]
fn a_refused_method_gives_the_code() {
    let mut device = Device::new();
    device.connect(0, 0);
    let call = device.call(method("groups.dissolve", false));
    let req = calls(&mut device)[0];
    device.relay_says(&RelayFrame::Error {
        code: ErrorCode::NotAllowed,
        message: "only the owner may".to_owned(),
        retryable: false,
        req: Some(req),
        client_msg_id: None,
        retry_after_ms: None,
    });
    assert_eq!(
        failures(&device),
        [(call, FailureCode::Relay(ErrorCode::NotAllowed))]
    );
}

#[test]
fn a_method_that_fails_is_answered_at_once_and_ends_nothing_else_whatever_the_code() {
    for code in [ErrorCode::StorageUnavailable, ErrorCode::ScopeForbidden] {
        let mut device = Device::new();
        device.connect(0, 0);
        let call = device.call(method("broadcasts.seen", true));
        let req = calls(&mut device)[0];
        device.relay_says(&RelayFrame::Error {
            code,
            message: "not now".to_owned(),
            retryable: code.is_retryable(),
            req: Some(req),
            client_msg_id: None,
            retry_after_ms: None,
        });
        assert_eq!(failures(&device), [(call, FailureCode::Relay(code))]);
        // The connection goes on; and if it is lost later, for whatever reason, there is a next one.
        assert!(device.conn.is_some());
        device.lose_socket(None);
        device.open_socket();
        device.relay_says(&RelayFrame::Welcome(support::welcome(0, 0)));
        assert_eq!(
            calls(&mut device).len(),
            0,
            "it is not asked again by itself"
        );
    }
}

#[test]
fn a_lost_connection_ends_a_method_unless_it_may_be_repeated() {
    let mut device = Device::new();
    device.connect(0, 0);
    let once = device.call(method("rooms.send", false));
    device.call(method("messages.search", true));
    assert_eq!(calls(&mut device).len(), 2);
    device.lose_socket(None);
    assert_eq!(failures(&device), [(once, FailureCode::ConnectionLost)]);

    // What was not written waits for the connection, whatever it is.
    device.call(method("rooms.send", false));
    device.open_socket();
    device.relay_says(&RelayFrame::Welcome(support::welcome(0, 0)));
    assert_eq!(calls(&mut device).len(), 2);
    assert_eq!(device.answers.len(), 1);
}

#[test]
fn parameters_that_no_frame_holds_are_refused_before_they_cost_the_connection() {
    let mut device = Device::new();
    device.connect(0, 0);
    let call = device.call(Command::Call {
        method: "messages.search".to_owned(),
        params: "x".repeat(limits::FRAME_BYTES_MAX),
        repeatable: true,
    });
    assert_eq!(
        failures(&device),
        [(call, FailureCode::Relay(ErrorCode::FrameTooLarge))]
    );
    assert!(calls(&mut device).is_empty());
}

#[test]
fn live_events_are_told() {
    let mut device = Device::new();
    device.connect(0, 0);
    let name = Label::new("presence").unwrap();
    let value = r#"{"users":[]}"#.to_owned();
    device.relay_says(&RelayFrame::Event {
        name: name.clone(),
        value: value.clone(),
    });
    assert_eq!(device.events.last(), Some(&Event::Event { name, value }));
}

#[test]
fn edits_deletions_and_changes_of_groups_are_delivered() {
    let mut device = Device::new();
    device.connect(0, 0);
    let edited = message(1, "alice", "mine");
    let change = GroupChange {
        conv: ConvId::new("group:g").unwrap(),
        by: None,
        at_us: Micros::saturating(1),
        op: GroupOp::Dissolved,
    };
    let conv = edited.conv.clone();
    let conv_seq = ConvSeq::saturating(7);
    let items = [
        Item::Edit(edited.clone()),
        Item::Delete {
            conv: conv.clone(),
            conv_seq,
        },
        Item::Group(change.clone()),
    ];
    let entries = (1..).zip(items).map(|(seq, item)| Entry {
        seq: Seq::saturating(seq),
        item,
    });
    device.relay_says(&RelayFrame::Push {
        entries: entries.collect(),
        conv: None,
    });
    let [one, two, three] = [1, 2, 3].map(Seq::saturating);
    let expected = [
        Delivered::Edit {
            seq: one,
            message: edited,
            own: true,
            crowd: false,
        },
        Delivered::Delete {
            seq: two,
            conv,
            conv_seq,
        },
        Delivered::Group {
            seq: three,
            change,
            crowd: false,
        },
    ];
    assert_eq!(device.take(), expected);
    assert_eq!(device.session.stats().cursor, three);
}

fn method(name: &str, repeatable: bool) -> Command {
    Command::Call {
        method: name.to_owned(),
        params: "{}".to_owned(),
        repeatable,
    }
}

fn calls(device: &mut Device) -> Vec<RequestId> {
    let calls = device.frames().into_iter().filter_map(|frame| match frame {
        ClientFrame::Call { req, .. } => Some(req),
        _ => None,
    });
    calls.collect()
}

fn failures(device: &Device) -> Vec<(CallId, FailureCode)> {
    let failures = device.answers.iter().filter_map(|(call, result)| {
        let failure = result.as_ref().err()?;
        Some((*call, failure.code))
    });
    failures.collect()
}
