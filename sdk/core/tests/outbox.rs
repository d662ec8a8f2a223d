//! Sending: kept and written at once, in order, once, and never silently given up.

mod support;

use seqline_core::{Command, Config, Event, Input, Reply, Status};
use seqline_protocol::{
    ClientMsgId, ConvId, ConvSeq, Entry, ErrorCode, Item, Micros, MsgId, Receipt, RelayFrame, Seq,
    limits,
};
use support::{Device, STORE_DELAY_MS, draft, message, user, welcome};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn a_message_is_kept_until_there_is_a_connection() {
    let mut device = Device::new();
    device.send("offline");
    assert_eq!(outbox_records(&device), 1);
    device.connect(0, 0);
    assert_eq!(device.sent_bodies(), ["offline"]);
}

#[test]
fn writing_does_not_wait_for_the_store_and_sending_is_told_after_both() {
    let mut device = Device::new();
    device.connect(0, 0);
    device.held_writes = Some(Vec::new());
    let (a, b) = (device.send("a"), device.send("b"));
    assert_eq!(device.sent_bodies(), ["a", "b"]);
    assert_eq!(statuses(&device, &a), [Status::Queued], "it may be lost");
    device.confirm_writes();
    assert_eq!(statuses(&device, &a), [Status::Queued, Status::Sending]);
    assert_eq!(
        statuses(&device, &b),
        [Status::Queued],
        "b is in the write that follows"
    );
    device.confirm_writes();
    assert_eq!(statuses(&device, &b), [Status::Queued, Status::Sending]);
}

#[test]
fn sending_is_not_told_of_what_was_kept_and_not_yet_written() {
    let mut device = Device::new();
    let id = device.send("a");
    assert_eq!(statuses(&device, &id), [Status::Queued]);
    device.connect(0, 0);
    device.lose_socket(None);
    device.connect(0, 0);
    assert_eq!(
        statuses(&device, &id),
        [Status::Queued, Status::Sending],
        "once"
    );
}

#[test]
fn what_the_relay_has_is_sent_however_slow_the_store_is() {
    let mut device = Device::new();
    device.connect(0, 0);
    device.held_writes = Some(Vec::new());
    let id = device.send("a");
    device.relay_says(&sent(&id, 1));
    device.confirm_writes();
    assert_eq!(statuses(&device, &id), [Status::Queued, Status::Sent]);
    device.pass(STORE_DELAY_MS);
    assert_eq!(outbox_records(&device), 0);
}

#[test]
fn what_only_the_relay_has_is_not_sent_again() {
    let mut device = Device::new();
    device.connect(0, 0);
    device.loses_writes = true;
    device.send("a");
    assert_eq!(device.sent_bodies(), ["a"]);
    let mut device = device.killed();
    device.connect(0, 0);
    assert!(device.sent_bodies().is_empty());
}

#[test]
fn what_the_relay_has_is_removed_with_the_next_message_or_soon() {
    let mut device = Device::new();
    device.connect(0, 0);
    let id = device.send("a");
    let before = device.writes;
    device.relay_says(&sent(&id, 1));
    assert_eq!(device.writes, before, "no write of its own");
    let next = device.send("b");
    assert_eq!((device.writes, outbox_records(&device)), (before + 1, 1));
    device.relay_says(&sent(&next, 2));
    device.pass(STORE_DELAY_MS);
    assert_eq!((device.writes, outbox_records(&device)), (before + 2, 0));
}

#[test]
fn nothing_waits_in_the_background_or_at_the_end() {
    for end in [Input::Background(true), Input::Disconnect] {
        let mut device = Device::new();
        device.connect(0, 0);
        let id = device.send("a");
        device.relay_says(&sent(&id, 1));
        assert_eq!(outbox_records(&device), 1);
        device.feed(end);
        assert_eq!(outbox_records(&device), 0);
    }
    let mut device = Device::new();
    device.connect(0, 0);
    device.feed(Input::Background(true));
    let id = device.send("a");
    device.relay_says(&sent(&id, 1));
    assert_eq!(outbox_records(&device), 0, "timers stop there");
}

#[test]
fn a_message_that_is_discarded_is_gone_at_once() {
    let mut device = Device::new();
    let id = device.send("late");
    device.pass(Config::default().send_deadline_ms);
    device.call(Command::Discard { client_msg_id: id });
    assert_eq!(outbox_records(&device), 0);
}

#[test]
fn send_is_answered_once_the_relay_has_it() {
    let mut device = Device::new();
    device.connect(0, 0);
    let id = device.send("hi");
    assert!(device.answers.is_empty());
    device.relay_says(&sent(&id, 1));
    assert!(
        matches!(&device.answers[..], [(_, Ok(Reply::Sent(sent)))] if sent.conv_seq.get() == 1)
    );
    assert_eq!(
        statuses(&device, &id),
        [Status::Queued, Status::Sending, Status::Sent]
    );
    device.pass(STORE_DELAY_MS);
    assert_eq!(outbox_records(&device), 0);
}

#[test]
fn what_is_unacknowledged_is_written_again_in_order_after_a_reconnect() {
    let mut device = Device::new();
    device.connect(0, 0);
    let ids: Vec<_> = ["a", "b", "c"]
        .iter()
        .map(|body| device.send(body))
        .collect();
    device.relay_says(&sent(&ids[0], 1));
    device.frames();
    device.lose_socket(None);
    device.send("d");
    device.connect(0, 0);
    assert_eq!(device.sent_bodies(), ["b", "c", "d"]);
    assert_eq!(device.session.stats().retransmissions, 2);
}

#[test]
fn a_silent_relay_gets_it_again_in_order_with_growing_pauses() {
    let mut device = Device::new();
    device.connect(0, 0);
    device.send("a");
    device.send("b");
    assert_eq!(device.sent_bodies(), ["a", "b"]);
    let mut rounds = 0;
    for _ in 0..120 {
        device.pass(500);
        // Pongs only: the connection lives.
        let pings: Vec<_> = device.frames();
        for frame in pings {
            match frame {
                seqline_protocol::ClientFrame::Ping { nonce } => {
                    device.relay_says(&RelayFrame::Pong {
                        nonce,
                        now_us: Micros::saturating(1),
                    });
                }
                seqline_protocol::ClientFrame::Send(send) if send.body == "a" => rounds += 1,
                _ => {}
            }
        }
    }
    assert!((1..=4).contains(&rounds), "{rounds}");
}

#[test]
fn a_restart_sends_what_was_left() {
    let mut device = Device::new();
    device.connect(0, 0);
    let id = device.send("left");
    let mut device = device.restarted();
    assert_eq!(
        statuses(&device, &id),
        [Status::Queued],
        "the app can show it at once"
    );
    device.connect(0, 0);
    assert_eq!(device.sent_bodies(), ["left"]);
}

#[test]
fn an_own_entry_stands_for_a_lost_sent() {
    let mut device = Device::new();
    device.connect(0, 0);
    let id = device.send("hi");
    device.lose_socket(None);
    device.connect(0, 1);
    let (req, _) = device.pulls()[0];
    let own = Entry {
        seq: Seq::saturating(1),
        item: Item::Message(message(1, "alice", id.as_str())),
    };
    device.relay_says(&RelayFrame::Page {
        req,
        entries: vec![own],
        head: Seq::saturating(1),
        public: None,
    });
    assert_eq!(statuses(&device, &id).last(), Some(&Status::Sent));
    device.relay_says(&sent(&id, 1));
    assert_eq!(device.answers.len(), 1, "and once is enough");
}

#[test]
fn a_refused_message_fails_alone_and_can_be_retried() {
    let mut device = Device::new();
    device.connect(0, 0);
    let (first, second) = (device.send("a"), device.send("b"));
    device.relay_says(&RelayFrame::Error {
        code: ErrorCode::IdConflict,
        message: "stored with another body".to_owned(),
        retryable: false,
        req: None,
        client_msg_id: Some(first.clone()),
        retry_after_ms: None,
    });
    device.relay_says(&sent(&second, 1));
    assert_eq!(statuses(&device, &first).last(), Some(&Status::Failed));
    assert!(
        device.answers[0]
            .1
            .as_ref()
            .unwrap_err()
            .to_string()
            .starts_with("id_conflict")
    );
    assert_eq!(statuses(&device, &second).last(), Some(&Status::Sent));

    device.frames();
    device.call(Command::Retry {
        client_msg_id: first.clone(),
    });
    assert_eq!(device.sent_bodies(), ["a"]);
    device.call(Command::Discard {
        client_msg_id: second,
    });
    assert!(
        device.answers.last().unwrap().1.is_err(),
        "only failed ones can be discarded"
    );
}

#[test]
fn who_sends_too_much_waits_and_goes_on_where_it_was() {
    let mut device = Device::new();
    device.connect(0, 0);
    let ids: Vec<_> = ["a", "b", "c"].map(|body| device.send(body)).into();
    device.relay_says(&sent(&ids[0], 1));
    device.frames();
    device.relay_says(&RelayFrame::Error {
        code: ErrorCode::RateLimited,
        message: "too many messages".to_owned(),
        retryable: true,
        req: None,
        client_msg_id: Some(ids[1].clone()),
        retry_after_ms: Some(8_000),
    });
    device.lose_socket(ErrorCode::RateLimited.close_code());
    device.pass(7_999);
    assert_eq!(device.conn, None, "not before it may");
    let _ = device.send("d");
    device.pass(4_001);
    device.open_socket();
    device.relay_says(&RelayFrame::Welcome(welcome(0, 0)));
    assert_eq!(device.sent_bodies(), ["b", "c", "d"]);
    for id in &ids[1..] {
        assert!(!statuses(&device, id).contains(&Status::Failed));
    }
}

#[test]
fn a_deadline_makes_it_failed_and_it_stays_so_over_a_restart() {
    let mut device = Device::new();
    let id = device.send("late");
    device.pass(Config::default().send_deadline_ms);
    assert_eq!(statuses(&device, &id).last(), Some(&Status::Failed));
    let mut device = device.restarted();
    assert_eq!(statuses(&device, &id), [Status::Failed]);
    device.connect(0, 0);
    assert!(device.sent_bodies().is_empty(), "not without being asked");
    device.call(Command::Retry { client_msg_id: id });
    assert_eq!(device.sent_bodies(), ["late"]);
}

#[test]
fn the_window_and_the_outbox_are_bounded() {
    let mut device = Device::new();
    device.connect(0, 0);
    for n in 0..=limits::OUTBOX_MESSAGES_MAX {
        device.send(&n.to_string());
    }
    assert_eq!(device.sent_bodies().len(), limits::SEND_WINDOW);
    let refusal = device.answers.last().unwrap().1.as_ref().unwrap_err();
    assert_eq!(refusal.code.as_str(), "outbox_full");
    assert!(refusal.retryable);
}

#[test]
fn an_id_in_the_outbox_is_refused() {
    let mut device = Device::new();
    let id = ClientMsgId::new("mine").unwrap();
    device.call(Command::Send(draft(&id, "a")));
    device.call(Command::Send(draft(&id, "b")));
    assert_eq!(
        device.answers[0].1.as_ref().unwrap_err().code.as_str(),
        "id_in_use"
    );
}

#[test]
fn a_message_that_was_moved_here_twice_is_one() {
    let mut device = Device::new();
    let (first, second) = (device.send("a"), device.send("b"));
    let moved = device.store.iter().filter_map(|(key, record)| {
        let place = key.strip_prefix("outbox/")?;
        Some((format!("outbox/8{}", place.get(1..)?), record.clone()))
    });
    let moved: Vec<_> = moved.collect();
    device.store.extend(moved);
    let mut device = device.restarted();
    assert_eq!(device.session.stats().outbox, 2);
    device.connect(0, 0);
    assert_eq!(device.sent_bodies(), ["a", "b"]);
    device.relay_says(&sent(&first, 1));
    device.relay_says(&sent(&second, 2));
    device.pass(STORE_DELAY_MS);
    assert_eq!(outbox_records(&device), 0);
}

#[test]
fn a_record_that_cannot_be_read_is_told_of_once() {
    let mut device = Device::new();
    device.send("readable");
    for key in ["outbox/0000000000000007", "position", "crowd/g:team"] {
        device.store.insert(key.to_owned(), vec![0xff, 0x00]);
    }
    let corrupt = |device: &Device| {
        let is_corrupt = |event: &&Event| matches!(event, Event::Error(f) if f.code.as_str() == "storage_corrupt");
        device.events.iter().filter(is_corrupt).count()
    };
    let device = device.restarted();
    assert_eq!(corrupt(&device), 3);
    assert_eq!(device.session.stats().outbox, 1, "the others are as before");
    assert_eq!(corrupt(&device.restarted()), 0);
}

#[test]
fn a_store_that_fails_is_told_once_and_stops_nothing() {
    let mut device = Device::new();
    device.store_works = false;
    device.connect(0, 0);
    device.send("a");
    device.send("b");
    assert_eq!(device.sent_bodies(), ["a", "b"]);
    let told = device
        .events
        .iter()
        .filter(|event| matches!(event, Event::Error(f) if f.code.as_str() == "storage_failed"));
    assert_eq!(told.count(), 1);
    assert_eq!(outbox_records(&device), 0);

    device.store_works = true;
    device.pass(10_000);
    assert_eq!(
        outbox_records(&device),
        2,
        "kept after all, once the store works"
    );
}

#[test]
fn receipts_take_own_messages_to_delivered_and_read() {
    let mut device = Device::new();
    device.connect(0, 0);
    let ids: Vec<_> = ["a", "b"].iter().map(|body| device.send(body)).collect();
    for (id, conv_seq) in ids.iter().zip(1..) {
        device.relay_says(&sent(id, conv_seq));
    }
    let receipt = |delivered, read| Receipt {
        conv: conv(),
        user: user("bob"),
        delivered: ConvSeq::saturating(delivered),
        read: ConvSeq::saturating(read),
    };
    for (seq, receipt) in [receipt(2, 0), receipt(2, 1), receipt(2, 2)]
        .into_iter()
        .enumerate()
    {
        let entry = Entry {
            seq: Seq::saturating(seq as u64 + 1),
            item: Item::Receipt(receipt),
        };
        device.relay_says(&RelayFrame::Push {
            entries: vec![entry],
            conv: None,
        });
    }
    for id in &ids {
        assert_eq!(
            statuses(&device, id)[2..],
            [Status::Sent, Status::Delivered, Status::Read]
        );
    }
}

fn outbox_records(device: &Device) -> usize {
    let keys = device.store.keys();
    keys.filter(|key| key.starts_with("outbox/")).count()
}

fn conv() -> ConvId {
    ConvId::direct(&user("alice"), &user("bob"))
}

fn sent(id: &ClientMsgId, conv_seq: u64) -> RelayFrame {
    RelayFrame::Sent {
        client_msg_id: id.clone(),
        msg_id: MsgId::saturating(conv_seq),
        conv: conv(),
        conv_seq: ConvSeq::saturating(conv_seq),
        seq: Seq::saturating(conv_seq),
        created_us: Micros::saturating(1),
        duplicate: false,
    }
}

fn statuses(device: &Device, id: &ClientMsgId) -> Vec<Status> {
    device
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Status {
                client_msg_id,
                status,
                ..
            } if client_msg_id == id => Some(*status),
            _ => None,
        })
        .collect()
}
