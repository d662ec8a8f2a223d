//! Order, holes, duplicates, bounds, and the cursor that trails the app.

mod support;

use seqline_core::{Delivered, Event, Input};
use seqline_protocol::{ClientFrame, Epoch, RelayFrame, ResetReason, Seq, limits};
use support::{Device, page, push, seqs, welcome};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn pushed_entries_are_delivered_in_order() {
    let mut device = Device::new();
    device.connect(0, 0);
    device.relay_says(&push(1..=3));
    device.relay_says(&push([4]));
    assert_eq!(seqs(&device.take()), [1, 2, 3, 4]);
}

#[test]
fn a_hole_is_pulled_before_anything_later_is_delivered() {
    let mut device = Device::new();
    device.connect(0, 0);
    device.relay_says(&push([1]));
    device.relay_says(&push([4, 5]));
    assert_eq!(seqs(&device.take()), [1]);
    let pulls = device.pulls();
    assert_eq!(pulls.len(), 1);
    assert_eq!(
        pulls[0].1, 1,
        "from the last one that has none missing before it"
    );

    device.relay_says(&page(pulls[0].0, 2..=5, 5));
    assert_eq!(seqs(&device.take()), [2, 3, 4, 5]);
    assert_eq!(device.session.stats().gaps_healed, 1);
    assert_eq!(device.session.stats().duplicates_dropped, 2);
}

#[test]
fn what_comes_again_is_dropped() {
    let mut device = Device::new();
    device.connect(0, 0);
    device.relay_says(&push(1..=3));
    device.relay_says(&push(2..=4));
    assert_eq!(seqs(&device.take()), [1, 2, 3, 4]);
    assert_eq!(device.session.stats().duplicates_dropped, 2);
}

#[test]
fn a_device_that_lags_pulls_page_by_page_to_the_head() {
    let mut device = Device::new();
    device.connect(0, 250);
    let mut taken = Vec::new();
    for last in [100, 200, 250] {
        let pulls = device.pulls();
        assert_eq!(pulls.len(), 1, "one pull at a time");
        let (req, after) = pulls[0];
        device.relay_says(&page(req, after + 1..=last, 250));
        taken.extend(seqs(&device.take()));
    }
    assert_eq!(taken, (1..=250).collect::<Vec<_>>());
    assert!(device.pulls().is_empty());
    assert!(
        device
            .events
            .iter()
            .any(|event| matches!(event, Event::Synced { .. }))
    );
}

#[test]
fn a_lost_notify_costs_nothing_and_a_stale_one_asks_nothing() {
    let mut device = Device::new();
    device.connect(0, 0);
    device.relay_says(&push(1..=3));
    device.frames();
    let stale = RelayFrame::Notify {
        head: Seq::saturating(2),
        pub_head: Default::default(),
        conv: None,
    };
    device.relay_says(&stale);
    assert!(device.pulls().is_empty());
    let news = RelayFrame::Notify {
        head: Seq::saturating(9),
        pub_head: Default::default(),
        conv: None,
    };
    device.relay_says(&news);
    device.relay_says(&news);
    assert_eq!(device.pulls().len(), 1, "repeated hints make one pull");
}

#[test]
fn the_cursor_moves_when_the_app_has_taken_and_not_before() {
    let mut device = Device::new();
    device.connect(0, 0);
    device.relay_says(&push(1..=3));
    assert_eq!(
        device.session.stats().cursor,
        Seq::ZERO,
        "delivered is not taken"
    );
    device.pass(1_000);
    assert!(!device.frames().iter().any(|frame| *frame == ack(3)));

    device.take();
    assert_eq!(device.session.stats().cursor, Seq::saturating(3));
    device.pass(100);
    assert!(device.frames().contains(&ack(3)));
}

#[test]
fn a_restart_before_the_app_has_taken_delivers_again() {
    let mut device = Device::new();
    device.connect(0, 0);
    device.relay_says(&push(1..=2));
    device.take();
    device.relay_says(&push(3..=4));
    assert_eq!(device.deliveries.len(), 1, "with the app, not taken");

    let mut device = device.restarted();
    device.feed(Input::Connect);
    device.open_socket();
    let hello = device.frames().remove(0);
    let ClientFrame::Hello(hello) = hello else {
        panic!("{hello:?}")
    };
    let resume = hello.resume.unwrap();
    assert_eq!(
        (resume.epoch, resume.cursor),
        (Epoch::saturating(7), Seq::saturating(2))
    );
}

#[test]
fn a_handler_that_fails_gets_the_event_again_then_it_is_passed_over() {
    let mut device = Device::new();
    device.connect(0, 0);
    device.relay_says(&push(1..=3));
    for pause_ms in [1_000, 2_000, 4_000] {
        let (delivery, events) = device.deliveries.remove(0);
        let first = seqs(&events)[0];
        device.feed(Input::Refused {
            delivery,
            taken: usize::from(first == 1),
        });
        assert!(device.deliveries.is_empty(), "not at once");
        device.pass(pause_ms - 1);
        assert!(device.deliveries.is_empty());
        device.pass(1);
        assert_eq!(seqs(&device.deliveries[0].1), [2, 3]);
        assert_eq!(device.session.stats().cursor, Seq::saturating(1));
    }
    let (delivery, _) = device.deliveries.remove(0);
    device.feed(Input::Refused { delivery, taken: 0 });
    assert!(device.events.iter().any(
        |event| matches!(event, Event::Error(failure) if failure.code.as_str() == "handler_failed")
    ));
    assert_eq!(seqs(&device.take()), [3]);
}

#[test]
fn an_app_that_takes_nothing_bounds_what_is_held() {
    let mut device = Device::new();
    device.connect(0, 5_000);
    let mut pulled = 0;
    while let Some((req, after)) = device.pulls().first().copied() {
        let last = (after + 200).min(5_000);
        pulled = last;
        device.relay_says(&page(req, after + 1..=last, 5_000));
    }
    assert_eq!(pulled, limits::INBOX_ENTRIES_MAX as u64);
    device.relay_says(&push(4_000..=4_400));
    assert!(device.session.stats().inbox <= limits::INBOX_ENTRIES_MAX);

    let (delivery, _) = device.deliveries.remove(0);
    device.feed(Input::Taken(delivery));
    assert_eq!(device.pulls().len(), 1, "room again: goes on");
}

#[test]
fn a_reset_at_the_welcome_tells_the_app_and_goes_on_from_the_head() {
    let mut device = Device::new();
    device.connect(0, 0);
    device.relay_says(&push(1..=2));
    device.take();
    device.lose_socket(None);
    device.open_socket();
    let mut again = welcome(50, 50);
    again.reset = Some(ResetReason::BelowFloor);
    device.relay_says(&RelayFrame::Welcome(again));

    assert_eq!(
        device.session.stats().cursor,
        Seq::saturating(2),
        "until the app knows"
    );
    let told = device.take();
    let reset = Delivered::Reset {
        reason: ResetReason::BelowFloor,
        head: Seq::saturating(50),
        conv: None,
    };
    assert_eq!(told, [reset]);
    assert_eq!(device.session.stats().cursor, Seq::saturating(50));
    device.relay_says(&push([51]));
    assert_eq!(seqs(&device.take()), [51]);
}

#[test]
fn a_reset_that_the_app_has_not_taken_is_not_forgotten_by_a_restart() {
    let mut device = Device::new();
    device.connect(0, 0);
    device.relay_says(&push(1..=2));
    device.take();
    let reset = RelayFrame::Reset {
        reason: ResetReason::EpochChanged,
        epoch: Epoch::saturating(8),
        head: Seq::saturating(10),
        conv: None,
    };
    device.relay_says(&reset);
    let mut device = device.restarted();
    device.feed(Input::Connect);
    device.open_socket();
    let ClientFrame::Hello(hello) = device.frames().remove(0) else {
        panic!()
    };
    assert_eq!(
        hello.resume.unwrap().epoch,
        Epoch::saturating(7),
        "so the relay says it again"
    );
}

#[test]
fn a_reset_while_connected_is_followed_by_a_welcome_that_says_where_all_goes_on() {
    let mut device = Device::new();
    device.connect(0, 300);
    device.frames();
    device.relay_says(&RelayFrame::Reset {
        reason: ResetReason::BelowFloor,
        epoch: Epoch::saturating(7),
        head: Seq::saturating(300),
        conv: None,
    });
    assert_eq!(device.closed.len(), 1);
    device.pass(0);
    device.open_socket();
    let ClientFrame::Hello(hello) = device.frames().remove(0) else {
        panic!()
    };
    assert_eq!(hello.resume.unwrap().cursor, Seq::ZERO);
}

#[test]
fn taking_what_was_delivered_before_a_reset_moves_no_cursor() {
    let mut device = Device::new();
    device.connect(0, 0);
    device.relay_says(&push(1..=5));
    device.lose_socket(None);
    device.open_socket();
    let mut again = welcome(2, 2);
    again.epoch = Epoch::saturating(8);
    again.reset = Some(ResetReason::EpochChanged);
    device.relay_says(&RelayFrame::Welcome(again));
    let (old, _) = device.deliveries.remove(0);
    device.feed(Input::Taken(old));
    assert_eq!(device.session.stats().cursor, Seq::ZERO);
    assert!(matches!(device.take()[..], [Delivered::Reset { .. }]));
    assert_eq!(device.session.stats().cursor, Seq::saturating(2));
}

fn ack(cursor: u64) -> ClientFrame {
    ClientFrame::Ack {
        cursor: Seq::saturating(cursor),
    }
}
