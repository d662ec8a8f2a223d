//! Operators' commands, what they leave, and what polls are told of it.

use seqline_protocol::{BroadcastId, PubSeq};
use seqline_relay::{
    limits::{ALLOW_LIST_MAX, BROADCASTS_MAX},
    store::{
        AllowListChange, BroadcastAction, BroadcastRefusal, BroadcastRow, BroadcastState,
        PublicChanges, ReachRow, Wave,
    },
};

use crate::{
    operators::{app, command, draft, edit, names, new, seen, stage, until_s},
    support::{Fresh, at_s, told, user},
};

fn ids(changes: &PublicChanges) -> Vec<u64> {
    changes.rows.iter().map(|row| row.id.get()).collect()
}

fn numbers(changes: &PublicChanges) -> Vec<u64> {
    let numbers = changes.rows.iter().flat_map(|row| row.pub_seq);
    numbers.map(PubSeq::get).collect()
}

/// What each step gives is what is there afterwards, for operators and for polls.
pub(crate) async fn live_from_draft_to_tombstone(store: Fresh) {
    let mut row = store.create(draft("one")).await;
    assert_eq!((row.state, row.revision), (BroadcastState::Draft, 1));
    assert_eq!(store.broadcast(&row).await.as_ref(), Some(&row));
    assert_eq!(store.changes(0).await, PublicChanges::default());
    let wave = Wave {
        starts_us: at_s(3),
        window_ms: 10_000,
    };
    let steps = [
        (edit("two"), BroadcastState::Draft, None),
        (stage(5), BroadcastState::Staged, Some(1)),
        (stage(10), BroadcastState::Staged, Some(2)),
        (
            BroadcastAction::Publish(None),
            BroadcastState::Published,
            Some(3),
        ),
        (edit("three"), BroadcastState::Published, Some(4)),
        (
            BroadcastAction::Wave(wave),
            BroadcastState::Published,
            Some(5),
        ),
        (BroadcastAction::Stop, BroadcastState::Stopped, Some(6)),
        (
            BroadcastAction::Publish(None),
            BroadcastState::Published,
            Some(7),
        ),
        (BroadcastAction::Recall, BroadcastState::Recalled, Some(8)),
    ];
    for ((action, state, number), s) in steps.into_iter().zip(1..) {
        let before = row.revision;
        row = store.act(s, &row, action).await;
        assert_eq!((row.state, row.revision), (state, before + 1));
        assert_eq!(row.changed, at_s(s));
        assert_eq!(row.pub_seq.map(PubSeq::get), number);
        assert_eq!(store.broadcast(&row).await.as_ref(), Some(&row));
        let told: Vec<BroadcastRow> = number.iter().map(|_| row.clone()).collect();
        let changes = store.changes(0).await;
        assert_eq!(
            (changes.head.get(), changes.rows),
            (number.unwrap_or(0), told)
        );
        assert!(store.changes(number.unwrap_or(0)).await.rows.is_empty());
    }
    assert_eq!(row.content.body, "three");
    assert_eq!((row.version, row.wave), (2, Some(wave)));
    assert_eq!(
        (row.first_pub_seq.map(PubSeq::get), row.published),
        (Some(1), Some(at_s(2)))
    );

    let refused = store
        .try_act(20, &row, BroadcastAction::Publish(None))
        .await;
    let state = BroadcastState::Recalled;
    let what = "published";
    assert_eq!(refused, Err(BroadcastRefusal::State { state, what }));
    let gone = store.act(21, &row, BroadcastAction::Delete).await;
    assert!(gone.is_deleted);
    assert_eq!(store.broadcast(&row).await, None);
    let refused = store.try_act(22, &gone, BroadcastAction::Recall).await;
    assert_eq!(refused, Err(BroadcastRefusal::Unknown));
    assert_eq!(store.changes(7).await.rows, [gone]);
}

/// Taken back by the way: devices have to learn of it.
pub(crate) async fn deleting_takes_back(store: Fresh) {
    let shown = store.published("one").await;
    let hidden = store.create(draft("two")).await;
    let shown = store.act(1, &shown, BroadcastAction::Delete).await;
    assert_eq!(shown.state, BroadcastState::Recalled);
    assert_eq!(shown.pub_seq.map(PubSeq::get), Some(2));
    let hidden = store.act(1, &hidden, BroadcastAction::Delete).await;
    assert_eq!(hidden.pub_seq, None);
    assert_eq!(store.changes(0).await.rows, [shown]);
    // Ids are not given again.
    assert_eq!(store.create(draft("three")).await.id.get(), 3);
}

pub(crate) async fn two_operators_at_once_are_a_conflict(store: Fresh) {
    let row = store.create(draft("one")).await;
    let by = |operator| command(&row, operator, edit(operator));
    let (one, other) = tokio::join!(
        store.store.command(by("ann"), at_s(1)),
        store.store.command(by("ben"), at_s(1)),
    );
    let (one, other) = (one.unwrap(), other.unwrap());
    let (won, lost) = if one.is_ok() {
        (one, other)
    } else {
        (other, one)
    };
    let won = won.unwrap();
    let winner = user(&won.content.body);
    let conflict = BroadcastRefusal::Conflict {
        revision: 2,
        by: winner.clone(),
    };
    assert_eq!(lost, Err(conflict));
    assert_eq!(store.broadcast(&row).await, Some(won));
    let trail = store.audit(Some(row.id)).await;
    assert_eq!(trail.len(), 2, "the loser left no trace");
    assert_eq!((trail[0].operator.clone(), trail[0].revision), (winner, 2));
}

pub(crate) async fn what_is_refused_leaves_no_trace(store: Fresh) {
    let row = store.create(until_s("one", 10)).await;
    let refused = store
        .try_act(10, &row, BroadcastAction::Publish(None))
        .await;
    assert_eq!(refused, Err(BroadcastRefusal::Expired));
    let refused = store.try_act(1, &row, BroadcastAction::Stop).await;
    assert!(matches!(refused, Err(BroadcastRefusal::State { .. })));
    let elsewhere = BroadcastRow {
        app: app("other"),
        ..row.clone()
    };
    let refused = store.try_act(1, &elsewhere, BroadcastAction::Delete).await;
    assert_eq!(refused, Err(BroadcastRefusal::Unknown));
    assert_eq!(store.broadcast(&row).await, Some(row.clone()));
    assert_eq!(store.audit(None).await.len(), 1);
    assert_eq!(store.changes(0).await.head, PubSeq::ZERO);
}

pub(crate) async fn are_listed_newest_first(store: Fresh) {
    for body in ["one", "two", "three", "four", "five"] {
        store.create(draft(body)).await;
    }
    let elsewhere = store.create_of("other", draft("elsewhere")).await;
    let list = async |before: Option<u64>, states: &[BroadcastState], limit| -> Vec<u64> {
        let before = before.map(|id| BroadcastId::new(id).unwrap());
        let app = app("app");
        let rows = store.store.broadcasts(&app, before, states, limit).await;
        rows.unwrap().iter().map(|row| row.id.get()).collect()
    };
    assert_eq!(list(None, &[], 9).await, [5, 4, 3, 2, 1]);
    assert_eq!(list(None, &[], 2).await, [5, 4]);
    assert_eq!(list(Some(4), &[], 2).await, [3, 2]);
    let all = store.store.broadcasts(&elsewhere.app, None, &[], 9).await;
    let all = all.unwrap();
    assert_eq!(all, [elsewhere]);
    let one = |id: u64| BroadcastRow {
        app: app("app"),
        id: BroadcastId::new(id).unwrap(),
        ..all[0].clone()
    };
    let published = store.act(1, &one(2), BroadcastAction::Publish(None)).await;
    store.act(1, &published, BroadcastAction::Stop).await;
    store.act(1, &one(4), BroadcastAction::Publish(None)).await;
    store.act(1, &one(5), BroadcastAction::Delete).await;
    use BroadcastState::{Draft, Published, Recalled, Stopped};
    assert_eq!(list(None, &[Draft], 9).await, [3, 1]);
    assert_eq!(list(None, &[Published, Stopped], 9).await, [4, 2]);
    assert_eq!(list(None, &[Recalled], 9).await, [0; 0]);
}

pub(crate) async fn are_so_many_at_most(store: Fresh) {
    let passing = store.create(until_s("passing", 10)).await;
    let passing = store.act(0, &passing, BroadcastAction::Publish(None)).await;
    for _ in 1..BROADCASTS_MAX {
        store.create(draft("one of many")).await;
    }
    let create = async |s| {
        let command = crate::operators::create_command("app", draft("one more"));
        store.store.command(command, at_s(s)).await.unwrap()
    };
    let max = BROADCASTS_MAX;
    assert_eq!(create(9).await, Err(BroadcastRefusal::TooMany { max }));
    store.create_of("other", draft("elsewhere")).await;
    // What is over makes room, and what is recalled or deleted.
    create(10).await.unwrap();
    assert_eq!(create(10).await, Err(BroadcastRefusal::TooMany { max }));
    let longer = BroadcastAction::Edit(Box::new(until_s("passing", 20)));
    let refused = store.try_act(10, &passing, longer).await;
    assert_eq!(refused, Err(BroadcastRefusal::TooMany { max }));
}

pub(crate) async fn leave_a_trail(store: Fresh) {
    let one = store.create(draft("one")).await;
    let two = store.create(draft("two")).await;
    let one = store.act(1, &one, stage(5)).await;
    store
        .change_allow_list(AllowListChange::Add(names(&["ann"])))
        .await
        .unwrap();
    store.act(2, &one, BroadcastAction::Delete).await;
    let trail = store.audit(None).await;
    let words: Vec<_> = trail
        .iter()
        .map(|row| {
            (
                row.broadcast.map(BroadcastId::get),
                row.action.as_str(),
                row.revision,
                row.pub_seq.map(PubSeq::get),
            )
        })
        .collect();
    assert_eq!(
        words,
        [
            (Some(1), "delete", 3, Some(3)),
            (None, "allow_list_add", 0, Some(2)),
            (Some(1), "stage", 2, Some(1)),
            (Some(2), "create", 1, None),
            (Some(1), "create", 1, None),
        ]
    );
    assert!(trail.iter().all(|row| row.operator == user("op")));
    assert_eq!((trail[0].at, trail[2].at), (at_s(2), at_s(1)));
    assert!(
        trail[4].details.contains("About one"),
        "{}",
        trail[4].details
    );
    assert!(trail[1].details.contains("ann"), "{}", trail[1].details);
    assert_eq!(store.audit(Some(two.id)).await, trail[3..4]);
    // In pages, of one broadcast too; not of other apps.
    let page = async |of, before, limit| {
        let app = app("app");
        store.store.audit(&app, of, before, limit).await.unwrap()
    };
    assert_eq!(page(None, None, 2).await, trail[..2]);
    assert_eq!(page(None, Some(trail[1].id), 2).await, trail[2..4]);
    assert_eq!(page(Some(one.id), Some(trail[0].id), 1).await, trail[2..3]);
    let other = app("other");
    let elsewhere = store.store.audit(&other, Some(one.id), None, 9).await;
    assert_eq!(elsewhere.unwrap(), []);
}

pub(crate) async fn allow_lists_change(store: Fresh) {
    let list = async |name: &str| store.store.allow_list(&app(name)).await.unwrap();
    assert!(list("app").await.is_empty());
    let steps = [
        (
            AllowListChange::Replace(names(&["ann", "ben"])),
            vec!["ann", "ben"],
        ),
        (
            AllowListChange::Add(names(&["ben", "cat"])),
            vec!["ann", "ben", "cat"],
        ),
        (
            AllowListChange::Remove(names(&["ann", "dan"])),
            vec!["ben", "cat"],
        ),
        (AllowListChange::Replace(names(&[])), vec![]),
    ];
    for ((change, expected), number) in steps.into_iter().zip(1..) {
        let expected = names(&expected);
        let changed = store.change_allow_list(change).await.unwrap();
        assert_eq!((&changed, &list("app").await), (&expected, &expected));
        let changes = store.changes(number - 1).await;
        assert_eq!(changes.head.get(), number);
        assert_eq!(changes.allow_lists, [(app("app"), expected)]);
    }
    assert!(list("other").await.is_empty());
    // What changes nothing takes no number, and is not worth a line.
    store
        .change_allow_list(AllowListChange::Remove(names(&["ann"])))
        .await
        .unwrap();
    assert_eq!(store.changes(0).await.head.get(), 4);
    assert_eq!(store.audit(None).await.len(), 4);
    let too_many: Vec<String> = (0..=ALLOW_LIST_MAX).map(|n| format!("u{n}")).collect();
    let too_many: Vec<&str> = too_many.iter().map(String::as_str).collect();
    let refused = store
        .change_allow_list(AllowListChange::Add(names(&too_many)))
        .await;
    assert_eq!(refused, Err(ALLOW_LIST_MAX + 1));
    let most = AllowListChange::Add(names(&too_many[1..]));
    assert_eq!(
        store.change_allow_list(most).await.unwrap().len(),
        ALLOW_LIST_MAX
    );
    assert_eq!(list("app").await.len(), ALLOW_LIST_MAX);
}

/// In the order of their newest changes, of all apps.
pub(crate) async fn polls_are_told_what_changed(store: Fresh) {
    let one = store.published("one").await;
    let two = store.published("two").await;
    let elsewhere = store.create_of("other", draft("elsewhere")).await;
    store
        .act(1, &elsewhere, BroadcastAction::Publish(None))
        .await;
    store.create(draft("nobody's")).await;
    assert_eq!(numbers(&store.changes(0).await), [1, 2, 3]);
    store.act(1, &one, edit("first")).await;
    let changes = store.changes(0).await;
    assert_eq!(
        (ids(&changes), numbers(&changes)),
        (vec![2, 3, 1], vec![2, 3, 4])
    );
    assert_eq!(ids(&store.changes(2).await), [3, 1]);
    store.act(1, &two, BroadcastAction::Recall).await;
    let changes = store.changes(4).await;
    assert_eq!((ids(&changes), changes.head.get()), (vec![2], 5));
    assert_eq!(store.changes(5).await.rows, []);
    assert_eq!(
        store.changes(9).await.head.get(),
        5,
        "of a database that was put back"
    );
}

/// Tombstones go, and what is over; what is shown stays, however old.
pub(crate) async fn old_ones_are_forgotten(store: Fresh) {
    let kept = store.published("kept").await;
    let recalled = store.published("recalled").await;
    let recalled = store.act(1, &recalled, BroadcastAction::Recall).await;
    let passing = store.create(until_s("passing", 2)).await;
    let passing = store.act(1, &passing, BroadcastAction::Publish(None)).await;
    let deleted = store.published("deleted").await;
    let deleted = store.act(5, &deleted, BroadcastAction::Delete).await;
    let scrapped = store.create(draft("scrapped")).await;
    store.act(1, &scrapped, BroadcastAction::Delete).await;
    let all = store.changes(0).await;
    assert_eq!((numbers(&all), all.floor.get()), (vec![1, 3, 4, 6], 0));

    age(&store, 1).await;
    assert_eq!(store.changes(0).await, all, "nothing is older than that");
    age(&store, 3).await;
    let changes = store.changes(0).await;
    assert_eq!(numbers(&changes), [1, 6]);
    assert_eq!((changes.floor.get(), changes.head.get()), (5, 6));
    age(&store, 6).await;
    let changes = store.changes(0).await;
    assert_eq!((changes.rows, changes.floor.get()), (vec![kept], 7));
    // Operators still see what they did not delete, and everything that was done.
    assert_eq!(store.broadcast(&recalled).await.as_ref(), Some(&recalled));
    assert_eq!(store.broadcast(&passing).await.as_ref(), Some(&passing));
    assert_eq!(store.broadcast(&deleted).await, None);
    assert_eq!(store.audit(Some(deleted.id)).await.len(), 3);
    // One that is given more time comes back.
    let longer = BroadcastAction::Edit(Box::new(until_s("passing", 30)));
    let longer = store.act(7, &passing, longer).await;
    let changes = store.changes(6).await;
    assert_eq!((changes.rows, changes.floor.get()), (vec![longer], 7));
    // One that operators delete later goes after a while.
    store.act(8, &recalled, BroadcastAction::Delete).await;
    age(&store, 9).await;
    assert_eq!(store.broadcast(&recalled).await, None);
    assert_eq!(store.create(draft("next")).await.id.get(), 6);
}

async fn age(store: &Fresh, before_s: u64) {
    let mut steps = 0;
    while store.store.age_broadcasts(at_s(before_s)).await.unwrap() {
        steps += 1;
        assert!(steps < 1000, "ageing does not end");
    }
}

/// With what users have seen of it.
pub(crate) async fn forgotten_ones_are_seen_no_more(store: Fresh) {
    let kept = store.published("kept").await;
    let gone = store.published("gone").await;
    let ids = [kept.id, gone.id];
    store
        .commit(vec![seen("ann", &ids, Some("phone"), false)])
        .await;
    store.act(1, &gone, BroadcastAction::Recall).await;
    age(&store, 2).await;
    let again = store
        .result(3, seen("ann", &ids, Some("phone"), true))
        .await;
    assert_eq!(new(&again), [kept.id], "the other one is passed over");
    assert_eq!(
        told(&store.timeline("ann").await),
        ["seen 1", "seen 2", "opened 1"]
    );
}

pub(crate) async fn reach_is_kept_by_node(store: Fresh) {
    let row = store.published("one").await;
    let sketch = |node: &str, key: &str, bytes: &[u8]| ReachRow {
        broadcast: row.id,
        node: node.to_owned(),
        key: key.to_owned(),
        sketch: bytes.to_vec(),
    };
    let reach = async |name| store.store.reach(&app(name), row.id).await.unwrap();
    assert_eq!(reach("app").await, []);
    let first = [sketch("a", "handed", &[0, 1]), sketch("a", "opened", &[2])];
    store.store.put_reach(first.to_vec()).await.unwrap();
    let other = sketch("b", "handed", &[255; 4096]);
    store.store.put_reach(vec![other.clone()]).await.unwrap();
    let newer = sketch("a", "handed", &[7]);
    store.store.put_reach(vec![newer.clone()]).await.unwrap();
    let expected = [newer, first[1].clone(), other];
    assert_eq!(reach("app").await, expected);
    assert_eq!(reach("other").await, []);
    // It is kept with the broadcast, also once it is over; not once it is deleted.
    let row = store.act(1, &row, BroadcastAction::Recall).await;
    age(&store, 2).await;
    assert_eq!(reach("app").await, expected);
    store.act(3, &row, BroadcastAction::Delete).await;
    age(&store, 4).await;
    assert_eq!(reach("app").await, []);
}
