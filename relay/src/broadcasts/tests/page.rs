use std::sync::{Arc, Mutex};

use futures_util::{FutureExt as _, future::BoxFuture};
use seqline_protocol::{BroadcastId, Micros, PubSeq, PublicPlace};

use super::support::*;
use crate::{
    account::Account,
    auth::Profile,
    broadcasts::{Attributes, Lookup, Viewer, Witness},
    store::BroadcastAction,
};

#[test]
fn nothing_new_is_told_as_that() {
    let office = Office::open();
    let ann = viewer("ann");
    let mut device = Device::default();
    assert!(device.pull(&office, &ann).is_empty());
    let page = office.page(&ann, &device.place);
    assert!(page.news.is_none(), "an empty mailbox is known too");
    office.publish("x", everyone());
    device.pull(&office, &ann);
    let page = office.page(&ann, &device.place);
    assert!(page.news.is_none());
    assert_eq!(page.cursor, page.head);
    assert_eq!(page.head, office.mailbox.head(&app()));
}

#[test]
fn a_list_that_does_not_fit_comes_in_pages_and_begins_once() {
    let office = Office::open();
    let ann = viewer("ann");
    for n in 0..20 {
        office.publish(&format!("body {n:02}"), everyone());
    }
    let mut device = Device::default();
    device.pull_with(&office, &ann, 1_500);
    assert_eq!(device.held.len(), 20);
    assert!(device.pages >= 7, "{} pages", device.pages);
    let view = office.mailbox.view(&ann, office.now());
    assert_eq!(device.place.view.as_deref(), Some(view.as_str()));
    assert!(office.page(&ann, &device.place).news.is_none());
}

#[test]
fn what_is_taken_back_between_two_pages_of_a_list_is_taken_back() {
    let office = Office::open();
    let ann = viewer("ann");
    let rows: Vec<_> = (0..9)
        .map(|n| office.publish(&format!("body {n}"), everyone()))
        .collect();
    let mut device = Device::default();
    device.pull(&office, &ann);
    // She upgrades: the list begins anew, and its first page says that all may be kept.
    let ann = viewer_with("ann", Profile::default(), "4.3");
    assert!(device.pull_page(&office, &ann, 1_500));
    assert!(device.place.view.as_ref().unwrap().ends_with('+'));
    for n in [0, 8] {
        office.act(&rows[n], BroadcastAction::Recall);
    }
    device.pull_with(&office, &ann, 1_500);
    let expected: Vec<_> = (1..8).map(|n| format!("body {n}")).collect();
    assert_eq!(device.bodies(), expected);
}

#[test]
fn the_list_begins_anew_if_the_view_changes_between_its_pages() {
    let office = Office::open();
    let ann = viewer("ann");
    for n in 0..9 {
        office.publish(&format!("body {n}"), everyone());
    }
    office.allow(&["bob"]);
    let row = office.create("secret", everyone());
    office.stage(&row, true, 0);
    for n in 10..19 {
        office.publish(&format!("body {n}"), everyone());
    }
    let mut device = Device::default();
    while device.held.len() < 12 {
        device.pull_page(&office, &ann, 1_500);
    }
    office.allow(&["ann"]);
    device.pull_with(&office, &ann, 1_500);
    assert!(device.bodies().contains(&"secret"));
    assert_eq!(device.held.len(), 19);
}

#[test]
fn a_frame_that_is_full_of_other_things_leaves_the_news_for_the_next() {
    let office = Office::open();
    let ann = viewer("ann");
    let mut device = Device::default();
    office.publish("one", everyone());
    assert!(device.pull_page(&office, &ann, 0), "there is more");
    assert!(device.held.is_empty());
    assert_eq!(device.pull(&office, &ann), ["one"]);
    office.publish("two", everyone());
    assert!(device.pull_page(&office, &ann, 0), "there is more");
    assert_eq!(device.pull(&office, &ann), ["one", "two"]);
}

#[test]
fn nonsense_for_a_place_gets_the_whole_list() {
    let office = Office::open();
    let ann = viewer("ann");
    office.publish("one", everyone());
    let view = office.mailbox.view(&ann, office.now());
    for (after, view) in [
        (0, None),
        (1, Some(String::new())),
        (1, Some("+".to_owned())),
        (1, Some("x".repeat(5000))),
        (1, Some(format!("{view}+"))),
        (1, Some(format!("{view}.+"))),
        (1, Some(format!("{view}.-1+"))),
        (1, Some(format!("{view}.99999999999999999999+"))),
        (2, Some(view.clone())),
        (u64::MAX >> 11, Some(view)),
    ] {
        let place = PublicPlace {
            after: PubSeq::new(after).unwrap(),
            view,
        };
        let news = office.page(&ann, &place).news.unwrap();
        assert_eq!(news.held.unwrap().len(), 1, "{place:?}");
        assert_eq!(news.changes.len(), 1);
    }
}

#[test]
fn texts_without_placeholders_are_encoded_once_for_all() {
    let office = Office::open();
    office.publish("plain", everyone());
    office.publish("Hello {{name|you}}", everyone());
    let changes = |name| {
        let page = office.page(&viewer(name), &PublicPlace::default());
        page.news.unwrap().changes
    };
    let (ann, bob) = (changes("ann"), changes("bob"));
    assert!(Arc::ptr_eq(&ann[0], &bob[0]));
    assert!(!Arc::ptr_eq(&ann[1], &bob[1]));
}

#[derive(Default)]
struct Directory {
    known: Mutex<Option<Arc<Attributes>>>,
}

impl Lookup for Directory {
    fn known(&self, _: &Account) -> Option<Arc<Attributes>> {
        self.known.lock().unwrap().clone()
    }

    fn ask(&self, account: Arc<Account>) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let city = ("city".to_owned(), format!("{}town", account.user));
            let name = ("name".to_owned(), "Anonymous".to_owned());
            *self.known.lock().unwrap() = Some(Arc::new([city, name].into()));
        })
    }
}

#[test]
fn placeholders_are_filled_from_the_token_then_the_lookup_then_the_text_itself() {
    let office = Office::open_with(|mailbox| mailbox.with_lookup(Arc::new(Directory::default())));
    let named = Profile {
        attributes: [("name".to_owned(), "Ann".to_owned())].into(),
        ..Profile::default()
    };
    let ann = viewer_with("ann", named, "4.2");
    office.publish("plain", everyone());
    assert!(
        !office.mailbox.wants_lookup(&ann, office.now()),
        "no placeholder"
    );
    let row = office.publish("{{name}}", everyone());
    assert!(
        !office.mailbox.wants_lookup(&ann, office.now()),
        "the token has it"
    );
    assert!(office.mailbox.wants_lookup(&viewer("bob"), office.now()));
    let row = office.edit(
        &row,
        "{{name}} of {{city|nowhere}}{{age|?}}{{x}}",
        everyone(),
    );
    assert!(office.mailbox.wants_lookup(&ann, office.now()));
    assert_eq!(office.visible(&ann), ["plain", "Ann of nowhere?"]);
    office
        .mailbox
        .look_up(ann.account())
        .now_or_never()
        .unwrap();
    assert!(
        !office.mailbox.wants_lookup(&ann, office.now()),
        "it was asked"
    );
    assert_eq!(office.visible(&ann), ["plain", "Ann of anntown?"]);
    let mut device = Device::default();
    assert_eq!(device.pull(&office, &ann), office.visible(&ann));
    office.act(&row, BroadcastAction::Recall);
    assert!(!office.mailbox.wants_lookup(&viewer("bob"), office.now()));
}

#[derive(Default)]
struct Notes(Mutex<Vec<(String, Vec<u64>)>>);

impl Witness for Notes {
    fn pulled(&self, viewer: &Viewer, handed: &[BroadcastId], _: Micros) {
        let user = viewer.account().user.to_string();
        let handed = handed.iter().map(|id| id.get()).collect();
        self.0.lock().unwrap().push((user, handed));
    }
}

#[test]
fn what_is_handed_over_is_witnessed() {
    let notes = Arc::new(Notes::default());
    let office = Office::open_with(|mailbox| mailbox.with_witness(Arc::clone(&notes) as Arc<_>));
    let row = office.publish("one", everyone());
    let mut device = Device::default();
    let ann = viewer("ann");
    device.pull(&office, &ann);
    device.pull(&office, &ann);
    office.act(&row, BroadcastAction::Recall);
    device.pull(&office, &ann);
    let id = row.id.get();
    let expected = [vec![id], vec![], vec![]].map(|ids| ("ann".to_owned(), ids));
    assert_eq!(*notes.0.lock().unwrap(), expected);
}
