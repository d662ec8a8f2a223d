use std::sync::Arc;

use seqline_protocol::{
    ClientFrame, PublicPage, PublicPlace, RelayFrame, RequestId, limits::FRAME_BYTES_MAX,
};

use super::support::*;
use crate::{
    auth::{Profile, Scope},
    broadcasts::{
        tests::support::{everyone, label, segments},
        wave::WaveNotice,
    },
    counters::Counters,
    session::{Answer, Effect, Event, Query},
    store::{Audience, BroadcastAction, Page},
};

fn pull(after: u64, public: Option<PublicPlace>) -> ClientFrame {
    ClientFrame::Pull {
        req: RequestId::new(1).unwrap(),
        after: seq(after),
        limit: None,
        public,
        conv: None,
    }
}

/// What a page says of the public mailbox, and what a device keeps of it.
fn public(frames: &[RelayFrame]) -> (PublicPage, PublicPlace) {
    let [
        RelayFrame::Page {
            public: Some(public),
            ..
        },
    ] = frames
    else {
        panic!("{frames:?}")
    };
    let place = PublicPlace {
        after: public.cursor,
        view: Some(public.view.clone()),
    };
    (public.clone(), place)
}

fn bodies(page: &PublicPage) -> Vec<&str> {
    let changes = page.news.iter().flat_map(|news| &news.changes);
    changes
        .map(|one| one.broadcast.as_ref().map_or("-", |one| &one.body))
        .collect()
}

#[test]
fn a_pull_at_the_head_is_answered_from_memory_and_only_told_of_the_mailbox_if_it_asks() {
    let mut desk = Desk::open(5);
    let effects = desk.cause(pull(5, None));
    assert!(matches!(effects[..], [Effect::CountPull, Effect::Write(_)]));
    let expected = RelayFrame::Page {
        req: RequestId::new(1).unwrap(),
        entries: Vec::new(),
        head: seq(5),
        public: None,
    };
    assert_eq!(frames(&effects), [expected]);
    desk.office.publish("one", everyone());
    let effects = desk.cause(pull(5, Some(PublicPlace::default())));
    assert!(matches!(effects[..], [Effect::CountPull, Effect::Write(_)]));
    let (page, place) = public(&frames(&effects));
    assert_eq!(bodies(&page), ["one"]);
    let (page, _) = public(&desk.say(pull(5, Some(place))));
    assert!(page.news.is_none());
    // Not at the head, or not live: the database knows.
    for after in [4, 6] {
        let effects = desk.cause(pull(after, None));
        assert!(matches!(effects[..], [Effect::Read(Query::Page(_))]));
        desk.feed(Event::Answered(Ok(Answer::Page(Page {
            entries: entries(after + 1..=5),
            head: seq(5),
            floor: seq(1),
        }))));
    }
    desk.feed(Event::Missed {
        conv: None,
        head: seq(5),
        trace: None,
    });
    desk.feed(push(7..=7));
    let effects = desk.cause(pull(7, None));
    assert!(
        matches!(effects[..], [Effect::Read(Query::Page(_))]),
        "6 is missing"
    );
}

#[test]
fn welcome_and_notify_say_where_the_mailbox_stands() {
    let mut desk = Desk::new();
    desk.office.publish("one", everyone());
    let hello = desk.hello();
    desk.say(ClientFrame::Hello(hello));
    let frames = desk.opened(position(5));
    let welcome = welcome(&frames);
    let head = desk.office.mailbox.head(&account("alice").app);
    assert_eq!(welcome.pub_head, head);
    assert_eq!(
        welcome.pub_refresh_ms,
        desk.office.mailbox.rules().refresh_ms
    );
    // She starts with the oldest entry: only a page of the database makes her live.
    desk.cause(pull(5, None));
    desk.feed(Event::Answered(Ok(Answer::Page(Page {
        entries: Vec::new(),
        head: seq(5),
        floor: seq(1),
    }))));
    desk.office.publish("two", everyone());
    let frames = desk.feed(Event::Missed {
        conv: None,
        head: seq(9),
        trace: None,
    });
    let newer = desk.office.mailbox.head(&account("alice").app);
    assert!(newer > head);
    assert!(matches!(frames[..], [RelayFrame::Notify { pub_head, .. }] if pub_head == newer));
}

#[test]
fn the_view_of_welcome_is_the_view_of_pages() {
    let (mut desk, frames) = Desk::open_at(5, 5);
    let view = welcome(&frames).pub_view.clone();
    let (page, _) = public(&desk.say(pull(5, Some(PublicPlace::default()))));
    assert_eq!(page.view, view);
    assert!(!view.is_empty());
}

#[test]
fn a_wave_counts_who_has_it_whether_they_looked_before_or_after_it_told_them() {
    for looks_first in [true, false] {
        let mut desk = Desk::open(5);
        desk.office.publish("now", everyone());
        let head = desk.office.mailbox.head(&account("alice").app);
        let counters = Arc::new(Counters::default());
        if looks_first {
            desk.say(pull(5, Some(PublicPlace::default())));
        }
        desk.feed(Event::Wave(WaveNotice::at(head, &counters)));
        assert_eq!(counters.wave_pulls.get(), u64::from(looks_first));
        for _ in 0..2 {
            desk.say(pull(5, Some(PublicPlace::default())));
            assert_eq!(counters.wave_pulls.get(), 1);
        }
    }
}

#[test]
fn a_fresh_token_shows_what_it_is_for() {
    let mut desk = Desk::open(5);
    let for_gold = Audience {
        segments: [label("gold")].into(),
        ..everyone()
    };
    desk.office.publish("for gold", for_gold);
    let (page, place) = public(&desk.say(pull(5, Some(PublicPlace::default()))));
    assert!(bodies(&page).is_empty());
    for (profile, expected) in [
        (segments(&["gold"]), vec!["for gold"]),
        (Profile::default(), vec![]),
    ] {
        let token = desk.token_with("alice", Scope::User, 3600, profile);
        let req = RequestId::new(2).unwrap();
        desk.say(ClientFrame::Refresh { req, token });
        let (page, _) = public(&desk.say(pull(5, Some(place.clone()))));
        assert_eq!(bodies(&page), expected);
    }
}

#[test]
fn entries_and_news_share_a_frame() {
    let mut desk = Desk::open(100);
    let body = "\"".repeat(10_000);
    let mut large = entries(1..=2);
    for entry in &mut large {
        if let seqline_protocol::Item::Message(message) = &mut entry.item {
            message.body.clone_from(&body);
        }
    }
    for n in 0..3 {
        desk.office.publish(&format!("{n}{body}"), everyone());
    }
    desk.cause(pull(0, Some(PublicPlace::default())));
    let effects = desk.feed_for_effects(Event::Answered(Ok(Answer::Page(Page {
        entries: large,
        head: seq(100),
        floor: seq(1),
    }))));
    let [Effect::Write(frame)] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert!(frame.payload.len() <= FRAME_BYTES_MAX);
    let (page, place) = public(&frames(&effects));
    assert_eq!(bodies(&page).len(), 1, "as much as fits as JSON");
    assert!(page.cursor < page.head);
    let (page, place) = public(&desk.say(pull(100, Some(place))));
    assert_eq!(bodies(&page).len(), 2);
    assert_eq!(page.cursor, page.head);
    assert!(public(&desk.say(pull(100, Some(place)))).0.news.is_none());
}

#[test]
fn what_is_taken_back_is_told_in_the_next_pull() {
    let mut desk = Desk::open(5);
    let row = desk.office.publish("one", everyone());
    let (_, place) = public(&desk.say(pull(5, Some(PublicPlace::default()))));
    desk.office.act(&row, BroadcastAction::Recall);
    let (page, _) = public(&desk.say(pull(5, Some(place))));
    assert_eq!(bodies(&page), ["-"]);
}

#[test]
fn a_pull_that_needs_attributes_waits_for_them() {
    let mut desk = Desk::open_with_lookup();
    desk.office.publish("Hello {{name|you}}", everyone());
    let place = Some(PublicPlace::default());
    let effects = desk.cause(pull(5, place));
    let [Effect::Read(Query::Attributes(of))] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!(*of, account("alice"));
    // What is committed meanwhile is pushed.
    assert_eq!(pushed(&desk.feed(push(6..=6))), [6]);
    let effects = desk.feed_for_effects(Event::Answered(Ok(Answer::Attributes)));
    // It asked from 5 on, and 6 exists by now.
    assert!(matches!(effects[..], [Effect::Read(Query::Page(_))]));
    let frames = desk.feed(Event::Answered(Ok(Answer::Page(Page {
        entries: entries(6..=6),
        head: seq(6),
        floor: seq(1),
    }))));
    assert_eq!(bodies(&public(&frames).0), ["Hello you"]);
    let effects = desk.cause(pull(6, None));
    assert!(
        matches!(effects[..], [Effect::CountPull, Effect::Write(_)]),
        "nothing to fill in"
    );
}
