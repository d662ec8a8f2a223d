//! The public mailbox: a cursor of its own, beside the timeline's.

mod support;

use seqline_core::{Delivered, Event, Input};
use seqline_protocol::{
    Broadcast, BroadcastChange, BroadcastId, BroadcastOp, ClientFrame, Kind, Micros, PubSeq,
    RelayFrame, RequestId, Seq,
};
use support::{Device, welcome};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn what_is_new_at_the_welcome_is_pulled_and_delivered() {
    let mut device = Device::new();
    connect(&mut device, 7);
    let (req, pub_after) = public_pull(&mut device).expect("there is something new");
    assert_eq!(pub_after, PubSeq::ZERO);
    device.relay_says(&page(req, &[3, 5], 7, 7));
    assert_eq!(pub_seqs(&device.take()), [3, 5]);
    assert!(
        device
            .events
            .iter()
            .any(|event| matches!(event, Event::Synced { .. })),
        "the public part counts"
    );
}

#[test]
fn the_public_cursor_moves_when_the_app_has_taken_and_survives_a_restart() {
    let mut device = Device::new();
    connect(&mut device, 5);
    let (req, _) = public_pull(&mut device).unwrap();
    device.relay_says(&page(req, &[2, 5], 5, 5));

    // The process ends while they are with the app: they come again.
    let mut again = device.restarted();
    connect(&mut again, 5);
    let (req, pub_after) = public_pull(&mut again).unwrap();
    assert_eq!(pub_after, PubSeq::ZERO);
    again.relay_says(&page(req, &[2, 5], 5, 5));
    again.take();

    let mut after = again.restarted();
    connect(&mut after, 5);
    assert_eq!(public_pull(&mut after), None, "taken once is enough");
}

#[test]
fn changes_that_are_not_for_this_user_are_passed_and_not_asked_for_again() {
    let mut device = Device::new();
    connect(&mut device, 9);
    let (req, _) = public_pull(&mut device).unwrap();
    device.relay_says(&page(req, &[], 9, 9));
    assert!(device.take().is_empty());
    let mut device = device.restarted();
    connect(&mut device, 9);
    assert_eq!(public_pull(&mut device), None);
}

#[test]
fn a_notify_of_the_public_head_makes_one_pull_and_many_pages_are_gone_through() {
    let mut device = Device::new();
    connect(&mut device, 0);
    let news = RelayFrame::Notify {
        head: Seq::ZERO,
        pub_head: PubSeq::saturating(4),
        conv: None,
    };
    device.relay_says(&news);
    device.relay_says(&news);
    let (req, _) = public_pull(&mut device).unwrap();
    assert_eq!(public_pull(&mut device), None);
    device.relay_says(&page(req, &[1, 2], 2, 4));
    let (req, pub_after) = public_pull(&mut device).unwrap();
    assert_eq!(pub_after, PubSeq::saturating(2));
    device.relay_says(&page(req, &[3, 4], 4, 4));
    assert_eq!(pub_seqs(&device.take()), [1, 2, 3, 4]);
}

#[test]
fn a_relay_that_promises_more_and_gives_nothing_is_not_asked_in_a_circle() {
    let mut device = Device::new();
    connect(&mut device, 4);
    let (req, _) = public_pull(&mut device).unwrap();
    device.relay_says(&page(req, &[], 0, 4));
    assert_eq!(public_pull(&mut device), None);
    device.pass(1_000);
    assert!(
        public_pull(&mut device).is_some(),
        "but again after a pause"
    );
}

fn connect(device: &mut Device, pub_head: u64) {
    device.feed(Input::Connect);
    device.open_socket();
    let mut welcome = welcome(0, 0);
    welcome.pub_head = PubSeq::saturating(pub_head);
    device.relay_says(&RelayFrame::Welcome(welcome));
}

fn public_pull(device: &mut Device) -> Option<(RequestId, PubSeq)> {
    device.frames().into_iter().find_map(|frame| match frame {
        ClientFrame::Pull { req, pub_after, .. } => Some((req, pub_after?)),
        _ => None,
    })
}

fn page(req: RequestId, pub_seqs: &[u64], cursor: u64, head: u64) -> RelayFrame {
    RelayFrame::Page {
        req,
        entries: Vec::new(),
        head: Seq::ZERO,
        broadcasts: pub_seqs.iter().copied().map(change).collect(),
        pub_cursor: Some(PubSeq::saturating(cursor)),
        pub_head: Some(PubSeq::saturating(head)),
    }
}

fn change(pub_seq: u64) -> BroadcastChange {
    let id = BroadcastId::saturating(pub_seq);
    BroadcastChange {
        pub_seq: PubSeq::saturating(pub_seq),
        id,
        op: BroadcastOp::Published,
        broadcast: Some(Broadcast {
            id,
            version: 1,
            kind: Kind::text(),
            title: "news".to_owned(),
            body: "for everyone".to_owned(),
            published_us: Micros::saturating(1),
            expires_us: None,
        }),
    }
}

fn pub_seqs(events: &[Delivered]) -> Vec<u64> {
    events
        .iter()
        .filter_map(|event| match event {
            Delivered::Broadcast(change) => Some(change.pub_seq.get()),
            _ => None,
        })
        .collect()
}
