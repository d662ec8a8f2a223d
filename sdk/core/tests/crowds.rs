//! Large conversations: each has a timeline of its own, beside the user's.

mod support;

use seqline_core::{Config, Delivered, Event, Input, Status};
use seqline_protocol::{
    ClientFrame, ConvId, Crowd, Entry, Item, Message, RelayFrame, RequestId, ResetReason, Seq,
    Start, limits,
};
use support::{Device, STORE_DELAY_MS, entry, message, push, welcome};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn reading_starts_when_all_before_the_item_was_taken() {
    let mut device = Device::new();
    device.connect(0, 0);
    device.relay_says(&push_items([
        message_item(1),
        crowd_item("group:g", Some(5)),
    ]));
    assert_eq!(
        crowd_pulls(&mut device),
        [],
        "the app has not taken entry 1"
    );
    device.relay_says(&crowd_push("group:g", 6..=7));

    let taken = device.take();
    assert_eq!(taken.len(), 1, "the item is not for the app: {taken:?}");
    assert_eq!(device.session.stats().cursor, seq(2), "but it is passed");
    let [(req, ..)] = crowd_pulls(&mut device)[..] else {
        panic!("one pull")
    };
    device.relay_says(&crowd_page(req, "group:g", 6..=8, 8));
    assert_eq!(
        places(&device.take()),
        [("group:g", 6), ("group:g", 7), ("group:g", 8)]
    );
}

#[test]
fn its_cursor_moves_when_the_app_has_taken_and_survives_a_restart() {
    let mut device = reading("group:g", 5);
    device.relay_says(&crowd_push("group:g", 6..=7));
    device.take();
    device.relay_says(&crowd_push("group:g", 8..=9));
    assert_eq!(device.deliveries.len(), 1, "with the app, not taken");

    let mut device = device.restarted();
    connect(&mut device, 1, 1, &[crowd("group:g", 5, 1, 9)]);
    let pulls = crowd_pulls(&mut device);
    assert_eq!(pulls.len(), 1);
    assert_eq!((pulls[0].1.as_str(), pulls[0].2), ("group:g", 7));
}

#[test]
fn a_hole_is_pulled_from_the_conversation_and_holds_up_nothing_else() {
    let mut device = reading("group:g", 5);
    device.relay_says(&crowd_push("group:g", [8]));
    device.relay_says(&push([2]));
    assert_eq!(support::seqs(&device.take()), [2]);
    let pulls = crowd_pulls(&mut device);
    assert_eq!((pulls[0].1.as_str(), pulls[0].2), ("group:g", 5));
    device.relay_says(&crowd_page(pulls[0].0, "group:g", 6..=7, 8));
    assert_eq!(support::seqs(&device.take()), [6, 7, 8]);
}

#[test]
fn a_new_device_waits_for_what_the_own_timeline_still_has() {
    let mut device = Device::new();
    let listed = [
        crowd("group:aged", 3, 10, 12),
        crowd("group:fresh", 20, 1, 21),
    ];
    connect(&mut device, 0, 3, &listed);
    let own = own_pull(&mut device);
    assert_eq!(crowd_pulls(&mut device), []);

    device.relay_says(&page_items(
        own,
        [message_item(1), crowd_item("group:fresh", Some(20))],
        3,
    ));
    device.take();
    let pulls = crowd_pulls(&mut device);
    assert_eq!(pulls.len(), 1, "its item was taken: {pulls:?}");
    assert_eq!((pulls[0].1.as_str(), pulls[0].2), ("group:fresh", 20));

    device.relay_says(&push([3]));
    device.take();
    let pulls = crowd_pulls(&mut device);
    assert_eq!(
        pulls.len(),
        1,
        "its item has aged out, all else is here: {pulls:?}"
    );
    assert_eq!((pulls[0].1.as_str(), pulls[0].2), ("group:aged", 9));
}

#[test]
fn a_new_device_that_wants_only_what_is_new_starts_at_the_heads() {
    let config = Config {
        start: Start::Newest,
        ..Config::default()
    };
    let mut device = Device::with(config, Default::default());
    connect(&mut device, 4, 4, &[crowd("group:g", 0, 1, 12)]);
    assert_eq!(crowd_pulls(&mut device), []);
    device.relay_says(&crowd_push("group:g", [13]));
    assert_eq!(support::seqs(&device.take()), [13]);
}

#[test]
fn a_device_that_comes_back_ignores_those_it_does_not_know() {
    let mut device = Device::new();
    device.connect(0, 0);
    device.relay_says(&push([1]));
    device.take();
    let mut device = device.restarted();
    connect(&mut device, 1, 2, &[crowd("group:g", 5, 1, 9)]);
    device.relay_says(&crowd_push("group:g", [6]));
    assert_eq!(crowd_pulls(&mut device), [], "its item is about to come");
    device.relay_says(&push_items_from(2, [crowd_item("group:g", Some(5))]));
    assert_eq!(crowd_pulls(&mut device).len(), 1);
}

#[test]
fn leaving_ends_it_and_joining_again_never_goes_back() {
    let mut device = reading("group:g", 5);
    device.relay_says(&crowd_push("group:g", 6..=9));
    device.take();
    device.relay_says(&push_items_from(2, [crowd_item("group:g", None)]));
    device.relay_says(&crowd_push("group:g", [10]));
    assert!(device.take().is_empty());
    assert_eq!(device.session.stats().crowds, 0);

    // It was read further than where the items of long ago say.
    let mut device = device.restarted();
    connect(&mut device, 2, 3, &[crowd("group:g", 7, 1, 10)]);
    assert_eq!(crowd_pulls(&mut device), []);
    device.relay_says(&push_items_from(3, [crowd_item("group:g", Some(7))]));
    let pulls = crowd_pulls(&mut device);
    assert_eq!((pulls[0].1.as_str(), pulls[0].2), ("group:g", 9));
}

#[test]
fn one_that_cannot_be_continued_is_told_and_goes_on_at_its_head() {
    let mut device = reading("group:g", 5);
    device.relay_says(&crowd_push("group:g", [6]));
    device.relay_says(&RelayFrame::Reset {
        reason: ResetReason::BelowFloor,
        epoch: welcome(0, 0).epoch,
        head: seq(40),
        conv: Some(conv("group:g")),
    });
    device.relay_says(&crowd_push("group:g", [41]));
    let told = device.take();
    let reset = Delivered::Reset {
        reason: ResetReason::BelowFloor,
        head: seq(40),
        conv: Some(conv("group:g")),
    };
    assert_eq!(told[1], reset);
    assert_eq!(support::seqs(&told), [6, 41]);
    let mut device = device.restarted();
    connect(&mut device, 1, 1, &[crowd("group:g", 5, 30, 42)]);
    assert_eq!(crowd_pulls(&mut device)[0].2, 41);
}

#[test]
fn a_reset_of_all_takes_the_list_of_the_welcome_once_the_app_knows() {
    let mut device = reading("group:g", 5);
    device.lose_socket(None);
    device.open_socket();
    let mut again = welcome(50, 50);
    again.reset = Some(ResetReason::BelowFloor);
    again.crowds = vec![crowd("group:other", 1, 1, 30)];
    device.relay_says(&RelayFrame::Welcome(again));
    device.pass(STORE_DELAY_MS);
    let unaware = Device::with(Config::default(), device.store.clone());
    assert_eq!(unaware.session.stats().crowds, 1, "as before");

    assert!(matches!(
        device.take()[..],
        [Delivered::Reset { conv: None, .. }]
    ));
    device.relay_says(&crowd_push("group:g", [6]));
    device.relay_says(&crowd_push("group:other", [31]));
    assert_eq!(places(&device.take()), [("group:other", 31)]);
    device.pass(STORE_DELAY_MS);
    let keys: Vec<_> = device
        .store
        .keys()
        .filter(|key| key.starts_with("crowd/"))
        .collect();
    assert_eq!(keys, ["crowd/group:other"]);
}

#[test]
fn many_are_pulled_a_few_at_a_time_and_each_in_turn() {
    let mut device = Device::new();
    device.connect(0, 0);
    let names: Vec<_> = (0..limits::CROWDS_PER_USER_MAX)
        .map(|n| format!("group:{n}"))
        .collect();
    device.relay_says(&push_items(
        names.iter().map(|name| crowd_item(name, Some(0))),
    ));
    device.take();
    let mut asked = Vec::new();
    loop {
        let pulls = crowd_pulls(&mut device);
        if pulls.is_empty() {
            break;
        }
        assert!(pulls.len() <= limits::CROWD_PULLS_MAX);
        for (req, conv, after) in pulls {
            asked.push(conv.clone());
            let last = (after + 200).min(400);
            device.relay_says(&crowd_page(req, &conv, after + 1..=last, 400));
            device.take();
        }
    }
    let (first, second) = asked.split_at(names.len());
    let once = |turn: &[String]| turn.iter().collect::<std::collections::BTreeSet<_>>().len();
    assert_eq!(
        once(first),
        names.len(),
        "no second turn before all had their first"
    );
    assert_eq!(once(second), names.len());
    assert_eq!(second.len(), names.len());
}

#[test]
fn what_waits_of_them_is_bounded_and_leaves_room_for_the_own_timeline() {
    let mut device = Device::new();
    device.connect(0, 0);
    device.relay_says(&push_items(
        (0..20).map(|n| crowd_item(&format!("group:{n}"), Some(0))),
    ));
    device.relay_says(&push([21]));
    while let Some((req, conv, after)) = crowd_pulls(&mut device).first().cloned() {
        device.relay_says(&crowd_page(req, &conv, after + 1..=after + 200, 5_000));
    }
    for n in 0..20 {
        device.relay_says(&crowd_push(&format!("group:{n}"), 4_000..=4_200));
    }
    let waiting = device.session.stats().inbox;
    assert!(waiting <= limits::INBOX_ENTRIES_MAX + 1, "{waiting}");
    device.relay_says(&push([22]));
    assert_eq!(
        device.session.stats().inbox,
        waiting + 1,
        "the own timeline has its own room"
    );
}

#[test]
fn an_own_message_there_is_as_good_as_sent_and_ends_at_sent() {
    let mut device = reading("group:g", 5);
    let id = device.send("hello");
    let mut echo = crowd_message("group:g", 6);
    echo.sender = support::user("alice");
    echo.client_msg_id = id.clone();
    device.relay_says(&RelayFrame::Push {
        entries: vec![Entry {
            seq: seq(6),
            item: Item::Message(echo),
        }],
        conv: Some(conv("group:g")),
    });
    let sent = device.events.iter().any(|event| {
        matches!(event, Event::Status { client_msg_id, status: Status::Sent, .. } if *client_msg_id == id)
    });
    assert!(sent);
    assert_eq!(device.session.stats().outbox, 0);
}

#[test]
fn synced_is_told_when_they_are_caught_up_too() {
    let mut device = reading("group:g", 5);
    device.take();
    device.lose_socket(None);
    device.events.clear();
    device.open_socket();
    let mut again = welcome(1, 1);
    again.crowds = vec![crowd("group:g", 5, 1, 6)];
    device.relay_says(&RelayFrame::Welcome(again));
    let is_synced = |device: &Device| {
        let mut events = device.events.iter();
        events.any(|event| matches!(event, Event::Synced { .. }))
    };
    assert!(!is_synced(&device));
    let pulls = crowd_pulls(&mut device);
    device.relay_says(&crowd_page(pulls[0].0, "group:g", [6], 6));
    device.take();
    assert!(is_synced(&device));
}

/// A device that reads one after a seq, and has heard of all that is there.
fn reading(name: &str, after: u64) -> Device {
    let mut device = Device::new();
    device.connect(0, 0);
    device.relay_says(&push_items([crowd_item(name, Some(after))]));
    let (req, ..) = crowd_pulls(&mut device).remove(0);
    device.relay_says(&crowd_page(req, name, [], after));
    device
}

fn connect(device: &mut Device, cursor: u64, head: u64, crowds: &[Crowd]) {
    device.feed(Input::Connect);
    device.open_socket();
    let mut welcome = welcome(cursor, head);
    welcome.crowds = crowds.to_vec();
    device.relay_says(&RelayFrame::Welcome(welcome));
}

fn seq(value: u64) -> Seq {
    Seq::saturating(value)
}

fn conv(name: &str) -> ConvId {
    ConvId::new(name).expect("a conversation id")
}

fn crowd(name: &str, after: u64, floor: u64, head: u64) -> Crowd {
    Crowd {
        conv: conv(name),
        after: seq(after),
        floor: seq(floor),
        head: seq(head),
    }
}

fn crowd_item(name: &str, after: Option<u64>) -> Item {
    Item::Crowd {
        conv: conv(name),
        after: after.map(seq),
    }
}

fn message_item(at: u64) -> Item {
    entry(at).item
}

fn crowd_message(name: &str, at: u64) -> Message {
    Message {
        conv: conv(name),
        ..message(at, "bob", "from-bob")
    }
}

fn push_items(items: impl IntoIterator<Item = Item>) -> RelayFrame {
    push_items_from(1, items)
}

fn push_items_from(first: u64, items: impl IntoIterator<Item = Item>) -> RelayFrame {
    RelayFrame::Push {
        entries: entries(first, items),
        conv: None,
    }
}

fn entries(first: u64, items: impl IntoIterator<Item = Item>) -> Vec<Entry> {
    let numbered = (first..).zip(items);
    numbered
        .map(|(at, item)| Entry { seq: seq(at), item })
        .collect()
}

fn page_items(req: RequestId, items: impl IntoIterator<Item = Item>, head: u64) -> RelayFrame {
    RelayFrame::Page {
        req,
        entries: entries(1, items),
        head: seq(head),
        public: None,
    }
}

fn crowd_entries(name: &str, seqs: impl IntoIterator<Item = u64>) -> Vec<Entry> {
    let of = |at| Entry {
        seq: seq(at),
        item: Item::Message(crowd_message(name, at)),
    };
    seqs.into_iter().map(of).collect()
}

fn crowd_push(name: &str, seqs: impl IntoIterator<Item = u64>) -> RelayFrame {
    RelayFrame::Push {
        entries: crowd_entries(name, seqs),
        conv: Some(conv(name)),
    }
}

fn crowd_page(
    req: RequestId,
    name: &str,
    seqs: impl IntoIterator<Item = u64>,
    head: u64,
) -> RelayFrame {
    RelayFrame::Page {
        req,
        entries: crowd_entries(name, seqs),
        head: seq(head),
        public: None,
    }
}

/// The pulls of large conversations since the last call.
fn crowd_pulls(device: &mut Device) -> Vec<(RequestId, String, u64)> {
    let pulls = device.frames().into_iter().filter_map(|frame| match frame {
        ClientFrame::Pull {
            req,
            after,
            conv: Some(conv),
            ..
        } => Some((req, conv.to_string(), after.get())),
        _ => None,
    });
    pulls.collect()
}

fn own_pull(device: &mut Device) -> RequestId {
    let pull = device.written.iter().find_map(|frame| match frame {
        ClientFrame::Pull {
            req, conv: None, ..
        } => Some(*req),
        _ => None,
    });
    pull.expect("a pull of the own timeline")
}

/// Conversation and seq of messages from large conversations.
fn places(events: &[Delivered]) -> Vec<(&str, u64)> {
    let places = events.iter().filter_map(|event| match event {
        Delivered::Message {
            seq,
            message,
            crowd: true,
            ..
        } => Some((message.conv.as_str(), seq.get())),
        _ => None,
    });
    places.collect()
}
