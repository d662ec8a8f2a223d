//! The public mailbox: a place of its own, beside the timeline's cursor.

mod support;

use seqline_core::{Config, Delivered, Event, Input};
use seqline_protocol::{
    BroadcastChange, BroadcastId, ClientFrame, Entry, Item, PubSeq, PublicNews, PublicPage,
    PublicPlace, RelayFrame, RequestId, Seq, Start,
};
use support::{Device, STORE_DELAY_MS, user, welcome};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const REFRESH_MS: u64 = 600_000;

#[test]
fn what_is_new_at_the_welcome_is_looked_at_and_delivered() {
    let mut device = Device::new();
    connect(&mut device, 7, "v");
    let (req, place) = look(&mut device).expect("there is something new");
    assert_eq!(place, PublicPlace::default());
    assert!(!is_synced(&device));
    device.relay_says(&page(req, at(7, "v"), 7, news(&[3, 5])));
    assert!(!is_synced(&device), "the app has not taken it");
    assert_eq!(changes(&device.take()), [3, 5]);
    assert!(is_synced(&device));
    assert_eq!(look(&mut device), None);
}

#[test]
fn the_place_moves_when_the_app_has_taken_and_survives_a_restart() {
    let mut device = Device::new();
    connect(&mut device, 5, "v");
    let (req, _) = look(&mut device).unwrap();
    device.relay_says(&page(req, at(5, "v"), 5, news(&[2, 5])));

    // The process ends while they are with the app: they come again.
    let mut again = device.restarted();
    connect(&mut again, 5, "v");
    let (req, place) = look(&mut again).unwrap();
    assert_eq!(place, PublicPlace::default());
    again.relay_says(&page(req, at(5, "v"), 5, news(&[2, 5])));
    assert_eq!(changes(&again.take()), [2, 5]);

    let mut after = again.restarted();
    connect(&mut after, 5, "v");
    assert_eq!(look(&mut after), None, "taken once is enough");
    notify(&mut after, 6);
    assert_eq!(look(&mut after).unwrap().1, at(5, "v"));
}

#[test]
fn news_that_a_handler_refuses_come_again_and_the_place_waits() {
    let mut device = Device::new();
    connect(&mut device, 5, "v");
    let (req, _) = look(&mut device).unwrap();
    device.relay_says(&page(req, at(5, "v"), 5, news(&[2])));
    let (delivery, events) = device.deliveries.remove(0);
    device.feed(Input::Refused { delivery, taken: 0 });
    let store = device.store.clone();
    device.pass(1_000);
    assert_eq!(device.deliveries[0].1, events);
    assert_eq!(device.store, store, "not before");
    device.take();
    device.pass(STORE_DELAY_MS);
    assert_ne!(device.store, store, "kept once taken");
}

#[test]
fn what_is_not_for_this_user_is_passed_and_not_asked_for_again() {
    let mut device = Device::new();
    connect(&mut device, 9, "v");
    let (req, _) = look(&mut device).unwrap();
    device.relay_says(&page(req, at(9, "v"), 9, None));
    assert!(device.take().is_empty());
    let mut device = device.restarted();
    connect(&mut device, 9, "v");
    assert_eq!(look(&mut device), None);
}

#[test]
fn another_view_at_the_welcome_is_looked_at_though_the_head_is_the_same() {
    let mut device = at_rest(9, "v");
    device.lose_socket(None);
    device.pass(60_000);
    device.open_socket();
    device.frames();
    welcome_with(&mut device, 9, "w", Some(REFRESH_MS));
    let (req, place) = look(&mut device).expect("the user may see other things now");
    assert_eq!(place, at(9, "v"));
    device.relay_says(&page(req, at(9, "w"), 9, whole(&[4], &[4])));
    let events = device.take();
    assert_eq!(held(&events), [Some(vec![4])]);
    assert_eq!(look(&mut device), None);
}

#[test]
fn a_view_that_changes_meanwhile_takes_the_place_back_to_the_beginning() {
    let mut device = at_rest(9, "v");
    notify(&mut device, 10);
    let (req, _) = look(&mut device).unwrap();
    device.relay_says(&page(req, at(3, "w+"), 10, whole(&[3, 8], &[3])));
    device.take();
    device.pass(1_000);
    let (req, place) = look(&mut device).expect("there is more");
    assert_eq!(place, at(3, "w+"), "taken back");
    device.relay_says(&page(req, at(10, "w"), 10, news(&[8])));
    assert_eq!(changes(&device.take()), [8]);
    assert_eq!(look(&mut device), None);
    let mut device = device.restarted();
    connect(&mut device, 10, "w");
    assert_eq!(look(&mut device), None);
}

#[test]
fn a_list_that_was_interrupted_goes_on_after_a_restart() {
    let mut device = Device::new();
    connect(&mut device, 10, "v");
    let (req, _) = look(&mut device).unwrap();
    device.relay_says(&page(req, at(3, "v+"), 10, whole(&[3, 8], &[3])));
    device.take();
    let mut device = device.restarted();
    connect(&mut device, 10, "v");
    assert_eq!(look(&mut device).unwrap().1, at(3, "v+"));
}

#[test]
fn a_notify_of_the_head_makes_one_look_and_many_pages_are_gone_through() {
    let mut device = at_rest(0, "v");
    notify(&mut device, 4);
    notify(&mut device, 4);
    let (req, _) = look(&mut device).unwrap();
    assert_eq!(look(&mut device), None);
    device.relay_says(&page(req, at(2, "v"), 4, news(&[1, 2])));
    assert_eq!(look(&mut device), None, "not before the app has taken them");
    assert_eq!(changes(&device.take()), [1, 2]);
    let (req, place) = look(&mut device).unwrap();
    assert_eq!(place, at(2, "v"));
    device.relay_says(&page(req, at(4, "v"), 4, news(&[3, 4])));
    assert_eq!(changes(&device.take()), [3, 4]);
    assert_eq!(look(&mut device), None);
}

#[test]
fn what_is_told_while_the_answer_is_on_its_way_is_asked_for() {
    let mut device = at_rest(0, "v");
    notify(&mut device, 1);
    let (req, _) = look(&mut device).unwrap();
    notify(&mut device, 2);
    device.relay_says(&page(req, at(1, "v"), 1, news(&[1])));
    device.take();
    let (req, place) = look(&mut device).expect("the answer is older than the news");
    assert_eq!(place, at(1, "v"));
    device.relay_says(&page(req, at(1, "v"), 1, None));
    device.pass(10_000);
    assert_eq!(look(&mut device), None, "what it says last counts");
}

#[test]
fn a_notify_of_a_large_conversation_tells_of_the_public_head_too() {
    let mut device = at_rest(0, "v");
    device.relay_says(&RelayFrame::Notify {
        head: Seq::ZERO,
        pub_head: PubSeq::saturating(3),
        conv: Some("group:unknown".parse().unwrap()),
    });
    assert!(look(&mut device).is_some());
}

#[test]
fn a_fresh_token_may_show_other_things() {
    let mut device = at_rest(4, "v");
    let welcome = welcome(0, 0);
    let refreshed = RelayFrame::Refreshed {
        req: RequestId::saturating(99),
        token_expires_us: welcome.token_expires_us,
    };
    device.relay_says(&refreshed);
    let (req, place) = look(&mut device).unwrap();
    assert_eq!(place, at(4, "v"));
    device.relay_says(&refreshed);
    device.relay_says(&page(req, at(4, "w"), 4, whole(&[], &[])));
    device.take();
    assert!(
        look(&mut device).is_some(),
        "the answer may be of the token before"
    );
}

#[test]
fn who_comes_back_to_the_app_is_shown_what_is_new() {
    let mut device = at_rest(4, "v");
    device.feed(Input::Background(true));
    assert_eq!(look(&mut device), None);
    device.feed(Input::Background(false));
    let (req, _) = look(&mut device).unwrap();
    device.relay_says(&page(req, at(4, "v"), 4, None));
    device.feed(Input::Background(false));
    assert_eq!(look(&mut device), None, "was there all the time");
}

#[test]
fn a_device_looks_by_itself_now_and_then_each_at_another_moment() {
    let mut moments = Vec::new();
    let mut device = at_rest(4, "v");
    for _ in 0..10 {
        let before_ms = device.now.mono_ms;
        let mut looks = (0..REFRESH_MS).step_by(500).filter_map(|_| {
            device.pass(1_000);
            alive(&mut device);
            look(&mut device)
        });
        let (req, place) = looks.next().expect("a look within twice the time");
        assert_eq!(place, at(4, "v"));
        device.relay_says(&page(req, at(4, "v"), 4, None));
        moments.push(device.now.mono_ms - before_ms);
    }
    let within = REFRESH_MS * 9 / 10..=REFRESH_MS * 11 / 10 + 1_000;
    assert!(moments.iter().all(|ms| within.contains(ms)), "{moments:?}");
    moments.dedup();
    assert!(moments.len() > 5, "{moments:?}");
}

#[test]
fn a_relay_that_wants_no_looks_gets_none() {
    let mut device = Device::new();
    connect(&mut device, 0, "v");
    let (req, _) = look(&mut device).unwrap();
    device.relay_says(&page(req, at(0, "v"), 0, None));
    device.lose_socket(None);
    device.pass(60_000);
    device.open_socket();
    welcome_with(&mut device, 0, "v", None);
    for _ in 0..REFRESH_MS / 500 {
        device.pass(1_000);
        alive(&mut device);
    }
    assert_eq!(look(&mut device), None);
}

#[test]
fn a_relay_that_wants_looks_all_the_time_gets_one_a_second() {
    let mut device = Device::new();
    device.feed(Input::Connect);
    device.open_socket();
    welcome_with(&mut device, 0, "", Some(0));
    let mut looks = 0;
    for _ in 0..100 {
        device.pass(100);
        if let Some((req, _)) = look(&mut device) {
            looks += 1;
            device.relay_says(&page(req, at(0, ""), 0, None));
        }
    }
    assert!((8..=11).contains(&looks), "{looks}");
}

#[test]
fn a_pull_of_the_own_timeline_takes_the_place_along() {
    let mut device = at_rest(4, "v");
    device.relay_says(&RelayFrame::Notify {
        head: Seq::saturating(1),
        pub_head: PubSeq::ZERO,
        conv: None,
    });
    let (req, place) = look(&mut device).unwrap();
    assert_eq!(place, at(4, "v"));
    device.relay_says(&RelayFrame::Page {
        req,
        entries: vec![support::entry(1)],
        head: Seq::saturating(1),
        public: Some(public_page(at(6, "v"), 6, news(&[6]))),
    });
    let events = device.take();
    assert!(matches!(events[0], Delivered::Message { .. }));
    assert_eq!(changes(&events), [6], "though nobody told of it");
}

#[test]
fn a_timeline_that_goes_on_while_news_wait_asks_for_no_more_of_them() {
    let mut device = at_rest(4, "v");
    notify(&mut device, 5);
    let (req, _) = look(&mut device).unwrap();
    device.relay_says(&page(req, at(5, "v"), 5, news(&[5])));
    device.relay_says(&RelayFrame::Notify {
        head: Seq::saturating(1),
        pub_head: PubSeq::ZERO,
        conv: None,
    });
    let (req, public) = pull(&mut device).unwrap();
    assert_eq!(public, None);
    device.relay_says(&support::page(req, [1], 1));
    assert_eq!(changes(&device.take()), [5]);
}

#[test]
fn a_relay_that_promises_more_and_gives_nothing_is_not_asked_in_a_circle() {
    let mut device = Device::new();
    connect(&mut device, 4, "v");
    for answer in [None, news(&[2]), whole(&[], &[])] {
        let (req, _) = look(&mut device).unwrap();
        device.relay_says(&page(req, at(0, "v"), 4, answer));
        device.take();
        assert_eq!(look(&mut device), None);
        device.pass(1_000);
    }
    let (req, _) = look(&mut device).expect("but again after a pause");
    device.relay_says(&support::page(req, [], 0));
    assert_eq!(look(&mut device), None, "nor if it says nothing at all");
    device.pass(1_000);
    assert!(look(&mut device).is_some());
}

#[test]
fn a_pause_of_the_mailbox_holds_up_no_messages() {
    let mut device = Device::new();
    connect(&mut device, 4, "v");
    let (req, _) = look(&mut device).unwrap();
    device.relay_says(&page(req, at(0, "v"), 4, None));
    device.relay_says(&RelayFrame::Notify {
        head: Seq::saturating(1),
        pub_head: PubSeq::ZERO,
        conv: None,
    });
    assert!(pull(&mut device).is_some());
}

#[test]
fn a_look_that_is_refused_or_not_answered_is_made_again() {
    let mut device = at_rest(4, "v");
    device.feed(Input::Background(true));
    device.feed(Input::Background(false));
    let (req, _) = look(&mut device).unwrap();
    device.relay_says(&RelayFrame::Error {
        code: seqline_protocol::ErrorCode::NotAllowed,
        message: "later".to_owned(),
        retryable: true,
        req: Some(req),
        client_msg_id: None,
        retry_after_ms: None,
    });
    assert_eq!(look(&mut device), None);
    device.pass(1_000);
    assert!(look(&mut device).is_some());
    for _ in 0..15 {
        assert_eq!(look(&mut device), None);
        device.pass(1_000);
        alive(&mut device);
    }
    assert!(look(&mut device).is_some());
}

#[test]
fn news_outlast_a_reset_of_the_timeline() {
    let mut device = at_rest(4, "v");
    notify(&mut device, 5);
    let (req, _) = look(&mut device).unwrap();
    device.relay_says(&page(req, at(5, "v"), 5, news(&[5])));
    device.lose_socket(None);
    device.pass(60_000);
    device.open_socket();
    let mut welcome = welcome(9, 9);
    welcome.reset = Some(seqline_protocol::ResetReason::EpochChanged);
    welcome.pub_head = PubSeq::saturating(5);
    welcome.pub_view = "v".to_owned();
    device.relay_says(&RelayFrame::Welcome(welcome));
    // What was with the app when the reset came moves no place: it comes again.
    assert_eq!(changes(&device.take()), [5, 5]);
    assert_eq!(look(&mut device).map(|(_, place)| place), Some(at(5, "v")));
}

#[test]
fn after_a_reset_the_numbers_may_mean_something_else() {
    let mut device = at_rest(4, "v");
    device.lose_socket(None);
    device.pass(60_000);
    device.open_socket();
    device.frames();
    let mut welcome = welcome(9, 9);
    welcome.reset = Some(seqline_protocol::ResetReason::EpochChanged);
    welcome.pub_head = PubSeq::saturating(4);
    welcome.pub_view = "v".to_owned();
    device.relay_says(&RelayFrame::Welcome(welcome));
    assert_eq!(look(&mut device).unwrap().1, at(4, "v"));
}

#[test]
fn a_relay_that_is_behind_the_last_one_is_no_reason_to_look() {
    let mut device = at_rest(4, "v");
    device.lose_socket(None);
    device.pass(60_000);
    device.open_socket();
    device.frames();
    welcome_with(&mut device, 3, "v", Some(REFRESH_MS));
    assert_eq!(look(&mut device), None);
}

#[test]
fn a_place_that_an_earlier_version_kept_is_no_place_but_no_fault() {
    /// As it was.
    #[derive(serde::Serialize)]
    struct Position {
        app: &'static str,
        user: seqline_protocol::UserId,
        epoch: u64,
        cursor: u64,
        pub_cursor: u64,
    }
    let mut device = at_rest(4, "v");
    device.pass(STORE_DELAY_MS);
    let position = Position {
        app: "dev",
        user: user("alice"),
        epoch: 7,
        cursor: 3,
        pub_cursor: 4,
    };
    let record = seqline_protocol::to_cbor(&position);
    device.store.insert("position".to_owned(), record);
    let mut device = device.restarted();
    device.feed(Input::Connect);
    device.open_socket();
    let mut welcome = welcome(3, 3);
    welcome.pub_head = PubSeq::saturating(4);
    welcome.pub_view = "v".to_owned();
    device.relay_says(&RelayFrame::Welcome(welcome));
    assert_eq!(device.session.stats().cursor, Seq::saturating(3));
    assert_eq!(look(&mut device).unwrap().1, PublicPlace::default());
}

#[test]
fn a_device_that_starts_with_the_newest_gets_what_is_valid_too() {
    let config = Config {
        start: Start::Newest,
        ..Config::default()
    };
    let mut device = Device::with(config, Default::default());
    connect(&mut device, 4, "v");
    let (req, _) = look(&mut device).unwrap();
    device.relay_says(&page(req, at(4, "v"), 4, whole(&[4], &[4])));
    assert_eq!(changes(&device.take()), [4]);
}

#[test]
fn a_marker_of_another_device_is_told() {
    let mut device = at_rest(4, "v");
    let marker = |seq, opened| Entry {
        seq: Seq::saturating(seq),
        item: Item::Seen {
            broadcast: BroadcastId::saturating(8),
            opened,
        },
    };
    device.relay_says(&RelayFrame::Push {
        entries: vec![marker(1, false), marker(2, true)],
        conv: None,
    });
    let seen = |seq, opened| Delivered::Seen {
        seq: Seq::saturating(seq),
        broadcast: BroadcastId::saturating(8),
        opened,
    };
    assert_eq!(device.take(), [seen(1, false), seen(2, true)]);
    assert_eq!(device.session.stats().cursor, Seq::saturating(2));
}

fn connect(device: &mut Device, pub_head: u64, view: &str) {
    device.feed(Input::Connect);
    device.open_socket();
    welcome_with(device, pub_head, view, Some(REFRESH_MS));
}

fn welcome_with(device: &mut Device, pub_head: u64, view: &str, refresh_ms: Option<u64>) {
    let mut welcome = welcome(0, 0);
    welcome.pub_head = PubSeq::saturating(pub_head);
    welcome.pub_view = view.to_owned();
    welcome.pub_refresh_ms = refresh_ms;
    device.relay_says(&RelayFrame::Welcome(welcome));
}

/// A device that has all that the mailbox shows.
fn at_rest(pub_head: u64, view: &str) -> Device {
    let mut device = Device::new();
    connect(&mut device, pub_head, view);
    let (req, _) = look(&mut device).expect("the first look");
    device.relay_says(&page(req, at(pub_head, view), pub_head, None));
    assert!(is_synced(&device));
    device
}

fn notify(device: &mut Device, pub_head: u64) {
    device.relay_says(&RelayFrame::Notify {
        head: Seq::ZERO,
        pub_head: PubSeq::saturating(pub_head),
        conv: None,
    });
}

/// A sign of life, so that the connection is not cut.
fn alive(device: &mut Device) {
    device.relay_says(&RelayFrame::Pong {
        nonce: 0,
        now_us: seqline_protocol::Micros::ZERO,
    });
}

/// The first pull since the last call that asks for the mailbox, and from where.
fn look(device: &mut Device) -> Option<(RequestId, PublicPlace)> {
    pull(device).and_then(|(req, public)| Some((req, public?)))
}

fn pull(device: &mut Device) -> Option<(RequestId, Option<PublicPlace>)> {
    device.frames().into_iter().find_map(|frame| match frame {
        ClientFrame::Pull { req, public, .. } => Some((req, public)),
        _ => None,
    })
}

fn at(after: u64, view: &str) -> PublicPlace {
    PublicPlace {
        after: PubSeq::saturating(after),
        view: Some(view.to_owned()),
    }
}

fn page(req: RequestId, to: PublicPlace, head: u64, news: Option<PublicNews>) -> RelayFrame {
    RelayFrame::Page {
        req,
        entries: Vec::new(),
        head: Seq::ZERO,
        public: Some(public_page(to, head, news)),
    }
}

fn public_page(to: PublicPlace, head: u64, news: Option<PublicNews>) -> PublicPage {
    PublicPage {
        cursor: to.after,
        head: PubSeq::saturating(head),
        view: to.view.unwrap_or_default(),
        news,
    }
}

fn news(pub_seqs: &[u64]) -> Option<PublicNews> {
    let change = |pub_seq: &u64| BroadcastChange {
        pub_seq: PubSeq::saturating(*pub_seq),
        id: BroadcastId::saturating(*pub_seq),
        broadcast: None,
    };
    Some(PublicNews {
        held: None,
        changes: pub_seqs.iter().map(change).collect(),
    })
}

/// The beginning of a list that begins anew.
fn whole(held: &[u64], pub_seqs: &[u64]) -> Option<PublicNews> {
    let ids = held.iter().copied().map(BroadcastId::saturating).collect();
    Some(PublicNews {
        held: Some(ids),
        ..news(pub_seqs)?
    })
}

fn changes(events: &[Delivered]) -> Vec<u64> {
    public(events)
        .flat_map(|news| &news.changes)
        .map(|change| change.pub_seq.get())
        .collect()
}

fn held(events: &[Delivered]) -> Vec<Option<Vec<u64>>> {
    let ids = |held: &Vec<BroadcastId>| held.iter().map(|id| id.get()).collect();
    public(events)
        .map(|news| news.held.as_ref().map(ids))
        .collect()
}

fn public(events: &[Delivered]) -> impl Iterator<Item = &PublicNews> {
    events.iter().filter_map(|event| match event {
        Delivered::Public { news } => Some(news),
        _ => None,
    })
}

fn is_synced(device: &Device) -> bool {
    let synced = |event: &Event| matches!(event, Event::Synced { .. });
    device.events.iter().any(synced)
}
