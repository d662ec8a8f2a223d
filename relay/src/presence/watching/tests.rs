use super::*;

const ALICE: &str = "alice";

fn app() -> AppId {
    AppId::new("app").unwrap()
}

fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

fn account(name: &str) -> Account {
    sibling(&app(), &user(name))
}

fn at(ms: u64) -> Now {
    Now {
        wall: Micros::new(1_000_000 + ms * 1000).unwrap(),
        uptime: Duration::from_millis(ms),
    }
}

fn mailbox(key: u64) -> Arc<Mailbox> {
    Arc::new(Mailbox::of_session(key))
}

fn read(name: &str, online: bool) -> Seen {
    Seen {
        user: user(name),
        online,
        last_seen_us: Micros::new(7).unwrap(),
    }
}

/// Session 1 watches these, who all share their presence and are away.
fn watching(names: &[&str]) -> Watching {
    let mut watching = Watching::default();
    let users: Vec<_> = names.iter().map(|name| user(name)).collect();
    watching.watch(&app(), &mailbox(1), &users).unwrap();
    for name in names {
        watching.learn(&account(name), true, read(name, false));
    }
    watching
}

/// What session 1 is told by now: each name with whether she is online.
fn told(watching: &mut Watching, ms: u64) -> Vec<(String, bool)> {
    let news = watching.take_due(at(ms).uptime);
    news.into_iter()
        .flat_map(|(_, users)| users)
        .map(|seen| (seen.user.to_string(), seen.online))
        .collect()
}

fn online(name: &str) -> (String, bool) {
    (name.to_owned(), true)
}

fn offline(name: &str) -> (String, bool) {
    (name.to_owned(), false)
}

#[test]
fn coming_and_going_is_told_once_in_a_while_with_the_newest_of_each() {
    let mut watching = watching(&[ALICE, "bob"]);
    assert!(watching.change(&account(ALICE), true, at(0)));
    assert!(!watching.change(&account(ALICE), true, at(0)), "no news");
    assert_eq!(told(&mut watching, 0), [online(ALICE)]);
    watching.change(&account(ALICE), false, at(100));
    watching.change(&account("bob"), true, at(200));
    watching.change(&account(ALICE), true, at(300));
    watching.change(&account(ALICE), false, at(400));
    assert_eq!(
        watching.next_due(),
        Some(Duration::from_millis(PRESENCE_INTERVAL_MS))
    );
    assert!(told(&mut watching, PRESENCE_INTERVAL_MS - 1).is_empty());
    assert_eq!(
        told(&mut watching, PRESENCE_INTERVAL_MS),
        [offline(ALICE), online("bob")]
    );
    assert_eq!(watching.next_due(), None);
}

#[test]
fn who_does_not_share_looks_like_someone_who_never_was_here() {
    let mut watching = Watching::default();
    watching.watch(&app(), &mailbox(1), &[user(ALICE)]).unwrap();
    let seen = watching.learn(&account(ALICE), false, read(ALICE, true));
    assert_eq!((seen.online, seen.last_seen_us), (false, Micros::ZERO));
    watching.change(&account(ALICE), false, at(0));
    watching.change(&account(ALICE), true, at(10));
    assert!(told(&mut watching, 5000).is_empty());

    watching.share(&account(ALICE), true, true, at(6000));
    assert_eq!(told(&mut watching, 6000), [online(ALICE)]);
    watching.share(&account(ALICE), true, true, at(8000));
    assert!(told(&mut watching, 8000).is_empty(), "no news");
    watching.share(&account(ALICE), false, true, at(9000));
    assert_eq!(told(&mut watching, 9000), [offline(ALICE)]);
    watching.change(&account(ALICE), false, at(9500));
    assert!(told(&mut watching, 20_000).is_empty());
}

#[test]
fn what_was_read_never_undoes_what_came_since() {
    let mut watching = Watching::default();
    let mut add = |key| {
        let watched = watching.watch(&app(), &mailbox(key), &[user(ALICE)]);
        watched.unwrap();
    };
    add(1);
    watching.share(&account(ALICE), false, true, at(0));
    let seen = watching.learn(&account(ALICE), true, read(ALICE, true));
    assert!(!seen.online, "she has just ceased to share it");
}

#[test]
fn a_session_watches_so_many_and_no_one_twice() {
    let users: Vec<_> = (0..PRESENCE_WATCHED_MAX)
        .map(|n| user(&format!("u{n}")))
        .collect();
    let mut watching = Watching::default();
    let one = mailbox(1);
    watching.watch(&app(), &one, &users).unwrap();
    let again = watching.watch(&app(), &one, &users[..5]).unwrap();
    assert!(again.is_empty());
    assert_eq!(
        watching.watch(&app(), &one, &[user("more")]),
        Err(PRESENCE_WATCHED_MAX + 1)
    );
    watching.unwatch(&app(), 1, &users[..1]);
    watching.watch(&app(), &one, &[user("more")]).unwrap();
}

#[test]
fn who_ends_or_unwatches_is_told_no_more_and_forgotten() {
    let mut watching = watching(&[ALICE, "bob"]);
    watching.watch(&app(), &mailbox(2), &[user("bob")]).unwrap();
    watching.change(&account(ALICE), true, at(0));
    watching.unwatch(&app(), 1, &[user(ALICE)]);
    assert!(told(&mut watching, 0).is_empty());
    assert!(!watching.change(&account(ALICE), false, at(10)));
    watching.change(&account("bob"), true, at(2000));
    watching.forget(1);
    watching.unwatch(&app(), 2, &[user("bob")]);
    assert!(watching.watched.is_empty() && watching.watchers.is_empty());
    assert!(watching.due.is_empty());
}

fn found(is_shared: bool, is_online: bool) -> Found {
    Found {
        is_shared,
        is_online,
        last_seen: Micros::new(9).unwrap(),
    }
}

#[test]
fn that_someone_has_gone_is_believed_once_it_has_settled() {
    let mut watching = watching(&[ALICE]);
    let alice = account(ALICE);
    let mut find = |is_online, is_settled, ms| {
        let finding = watching.find(&alice, &found(true, is_online), is_settled, at(ms));
        (finding, told(&mut watching, ms))
    };
    assert_eq!(find(true, false, 0), (Finding::News, vec![online(ALICE)]));
    assert_eq!(find(true, false, 1_000), (Finding::Same, vec![]));
    assert_eq!(find(false, false, 2_000), (Finding::Doubtful, vec![]));
    // She is back, on another relay.
    assert_eq!(find(true, true, 3_000), (Finding::Same, vec![]));
    assert_eq!(find(false, false, 4_000), (Finding::Doubtful, vec![]));
    assert_eq!(
        find(false, true, 5_000),
        (Finding::News, vec![offline(ALICE)])
    );
    assert_eq!(find(false, false, 6_000), (Finding::Same, vec![]));
}

#[test]
fn what_is_found_of_those_who_do_not_share_it_is_not_told() {
    let mut watching = watching(&[ALICE]);
    let alice = account(ALICE);
    let mut find = |is_shared, is_online, ms| {
        let finding = watching.find(&alice, &found(is_shared, is_online), true, at(ms));
        (finding, told(&mut watching, ms))
    };
    assert_eq!(find(true, true, 0).0, Finding::News);
    let hidden = (Finding::News, vec![offline(ALICE)]);
    assert_eq!(find(false, true, 1_000), hidden);
    assert_eq!(find(false, false, 2_000), (Finding::Same, vec![]));
    assert_eq!(find(false, true, 3_000), (Finding::Same, vec![]));
    assert_eq!(
        find(true, true, 4_000),
        (Finding::News, vec![online(ALICE)])
    );
}

#[test]
fn nothing_is_found_of_those_whom_no_one_watches_or_who_are_being_read() {
    let mut watching = Watching::default();
    let found = found(true, true);
    assert_eq!(
        watching.find(&account(ALICE), &found, true, at(0)),
        Finding::Same
    );
    watching.watch(&app(), &mailbox(1), &[user(ALICE)]).unwrap();
    assert_eq!(
        watching.find(&account(ALICE), &found, true, at(0)),
        Finding::Same
    );
    let seen = watching.learn(&account(ALICE), true, read(ALICE, false));
    assert!(!seen.online, "what was read first counts");
    assert_eq!(watching.after(None, 5), [account(ALICE)]);
    assert_eq!(watching.after(Some(&account(ALICE)), 5), []);
    assert_eq!(watching.unwatch(&app(), 1, &[user(ALICE)]), [user(ALICE)]);
}
