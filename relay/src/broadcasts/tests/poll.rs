use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use seqline_protocol::{PubSeq, PublicPlace};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::support::*;
use crate::{broadcasts::Viewer, store::PublicChanges};

#[tokio::test(start_paused = true)]
async fn the_database_is_asked_once_an_interval_however_many_pull() {
    let office = Office::open();
    office.publish("x", everyone());
    let before = office.database.polls.load(Ordering::SeqCst);
    let stop = CancellationToken::new();
    let running = tokio::spawn(Arc::clone(&office.mailbox).run(stop.clone()));
    let until = Instant::now() + Duration::from_secs(60);
    let ann = viewer("ann");
    let mut device = Device::default();
    while Instant::now() < until {
        assert_eq!(device.pull(&office, &ann), ["x"]);
        sleep(Duration::from_millis(10)).await;
    }
    let polls = office.database.polls.load(Ordering::SeqCst) - before;
    // Jitter takes a tenth off at most; without randomness, always.
    assert!((60..=67).contains(&polls), "{polls} polls in 60 s");
    stop.cancel();
    running.await.unwrap();
}

#[test]
fn pulls_go_on_while_the_database_is_down_and_catch_up_when_it_is_back() {
    let office = Office::open();
    let ann = viewer("ann");
    let mut device = Device::default();
    let row = office.publish("one", everyone());
    device.pull(&office, &ann);
    office.database.is_down.store(true, Ordering::SeqCst);
    for _ in 0..3600 {
        office.clock.pass_s(1);
        office.poll();
    }
    assert_eq!(device.pull(&office, &ann), ["one"]);
    assert_eq!(
        Device::default().pull(&office, &ann),
        ["one"],
        "new users too"
    );
    assert_eq!(office.counters.public_polls_failed.get(), 3600);
    assert_eq!(office.mailbox.age(), Some(Duration::from_secs(3600)));
    office.edit(&row, "two", everyone());
    assert_eq!(device.pull(&office, &ann), ["one"], "not known yet");
    office.database.is_down.store(false, Ordering::SeqCst);
    office.poll();
    assert_eq!(device.pull(&office, &ann), ["two"]);
    assert_eq!(office.mailbox.age(), Some(Duration::ZERO));
}

#[test]
fn a_relay_that_never_read_anything_takes_nothing_away() {
    let office = Office::open();
    office.publish("one", everyone());
    let ann = viewer("ann");
    let mut device = Device::default();
    device.pull(&office, &ann);
    let fresh = Office::open();
    let unread = crate::broadcasts::PublicMailbox::new(
        Arc::clone(&fresh.database) as Arc<_>,
        Arc::clone(&fresh.clock) as Arc<_>,
        Arc::new(Zeroes),
        Arc::default(),
        crate::broadcasts::PublicRules::default(),
    );
    assert_eq!(unread.view(&ann, fresh.now()), "");
    let fresh = Office {
        mailbox: Arc::new(unread),
        ..fresh
    };
    let place = device.place.clone();
    assert_eq!(device.pull(&fresh, &ann), ["one"]);
    assert_eq!(device.place, place);
}

#[test]
fn a_relay_that_lags_behind_another_takes_nothing_away() {
    let office = Office::open();
    let ann = viewer("ann");
    let row = office.create("one", everyone());
    office
        .try_act(
            Some((row.id, 1)),
            crate::store::BroadcastAction::Publish(None),
        )
        .unwrap();
    // Another relay polled already; this one has not, since she came.
    let view = office.mailbox.view(&ann, office.now());
    let place = PublicPlace {
        after: PubSeq::saturating(1),
        view: Some(view),
    };
    let comes_now = Viewer::new(
        Arc::clone(ann.account()),
        crate::auth::Profile::default(),
        label("phone"),
        Some("4.2".to_owned()),
        Duration::from_secs(1),
    );
    let page = office.page(&comes_now, &place);
    assert!(page.news.is_none());
    assert_eq!((page.cursor, page.head), (place.after, place.after));
    // Once it has, that she is ahead means that the database was restored from a backup.
    office.clock.pass_s(1);
    *office.database.restored.lock().unwrap() = Some(PublicChanges::default());
    office.poll();
    let page = office.page(&comes_now, &place);
    assert_eq!(page.cursor, PubSeq::ZERO);
    assert_eq!(page.news.unwrap().held.unwrap(), []);
}

#[test]
fn those_who_wait_for_changes_are_woken_by_changes_alone() {
    let office = Office::open();
    let mut changed = office.mailbox.changed();
    changed.mark_unchanged();
    office.poll();
    assert!(!changed.has_changed().unwrap());
    office.publish("x", everyone());
    assert!(changed.has_changed().unwrap());
}
