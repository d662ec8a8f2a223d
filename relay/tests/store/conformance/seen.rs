//! What users have seen of the public mailbox.

use seqline_protocol::BroadcastId;
use seqline_relay::{
    limits::SEEN_MAX,
    store::{BroadcastAction, Done, Refusal},
};

use crate::{
    operators::{draft, new, seen, seen_of, stage},
    support::{Fresh, account, account_of, at_s, in_words, told},
};

pub(crate) async fn is_new_on_one_device(store: Fresh) {
    let id = [store.published("one").await.id];
    let claim = async |device: &str| {
        let result = store.result(0, seen("ann", &id, Some(device), false)).await;
        new(&result).to_vec()
    };
    assert_eq!(claim("phone").await, id);
    assert_eq!(claim("laptop").await, []);
    assert_eq!(claim("phone").await, id, "it asks again");
    assert_eq!(told(&store.timeline("ann").await), ["seen 1"]);
    // For each user.
    let other = store
        .result(0, seen("ben", &id, Some("laptop"), false))
        .await;
    assert_eq!(new(&other), id);
}

pub(crate) async fn two_devices_at_once_are_not_both_first(store: Fresh) {
    let one = store.published("one").await.id;
    let two = store.published("two").await.id;
    let commit = store.commit(vec![
        seen("ann", &[one], Some("phone"), false),
        seen("ann", &[two, one], Some("laptop"), false),
        seen("ann", &[one, two], None, false),
    ]);
    let commit = commit.await;
    let news: Vec<&[BroadcastId]> = commit.results.iter().map(new).collect();
    assert_eq!(news, [&[one][..], &[two], &[]]);
    let (phone, laptop) = tokio::join!(
        store.result(0, seen("ben", &[one], Some("phone"), false)),
        store.result(0, seen("ben", &[one], Some("laptop"), false)),
    );
    assert_eq!(new(&phone).len() + new(&laptop).len(), 1);
    assert_eq!(told(&store.timeline("ann").await), ["seen 1", "seen 2"]);
}

pub(crate) async fn opening_is_told_once(store: Fresh) {
    let one = store.published("one").await.id;
    let two = store.published("two").await.id;
    store
        .commit(vec![seen("ann", &[one], Some("phone"), false)])
        .await;
    let open = |device| seen("ann", &[one, two], Some(device), true);
    let commit = store.commit(vec![open("laptop")]).await;
    // One was shown on the phone; the other one nowhere before.
    assert_eq!(new(&commit.results[0]), [two]);
    let words: Vec<_> = commit.appends[0]
        .items
        .iter()
        .map(|item| in_words(item))
        .collect();
    assert_eq!(words, ["opened 1", "opened 2"]);
    assert_eq!(commit.appends[0].first.get(), 2);
    for device in ["laptop", "phone"] {
        let again = store.commit(vec![open(device)]).await;
        assert!(again.appends.is_empty());
    }
    let late = store
        .result(0, seen("ann", &[two], Some("phone"), false))
        .await;
    assert_eq!(new(&late), []);
    let all = ["seen 1", "opened 1", "opened 2"];
    assert_eq!(told(&store.timeline("ann").await), all);
}

pub(crate) async fn without_a_device_it_is_new_once(store: Fresh) {
    let id = [store.published("one").await.id];
    let claim = async || {
        let result = store.result(0, seen("ann", &id, None, false)).await;
        new(&result).len()
    };
    assert_eq!((claim().await, claim().await), (1, 0));
}

pub(crate) async fn what_nobody_was_shown_is_passed_over(store: Fresh) {
    let row = store.create(draft("one")).await;
    let unknown = BroadcastId::new(99).unwrap();
    let claim = async |account_app: &str| {
        let op = seen_of(account_app, "ann", &[row.id, unknown], Some("phone"), false);
        new(&store.result(0, op).await).to_vec()
    };
    assert_eq!(claim("app").await, []);
    let staged = store.act(0, &row, stage(5)).await;
    assert_eq!(claim("other").await, [], "of another app");
    assert_eq!(claim("app").await, [row.id]);
    store.act(0, &staged, BroadcastAction::Recall).await;
    assert_eq!(claim("app").await, [row.id], "it was new, and still is");
    assert_eq!(told(&store.timeline("ann").await), ["seen 1"]);
    let elsewhere = account_of("other", "ann");
    let page = store.page_of(&elsewhere, 0, 9, at_s(0)).await;
    assert!(page.entries.is_empty());
}

pub(crate) async fn is_of_so_many_at_once(store: Fresh) {
    let id = store.published("one").await.id;
    let many = vec![id; SEEN_MAX + 1];
    let commit = store.commit(vec![
        seen("ann", &many, Some("phone"), false),
        seen("ben", &many[1..], Some("phone"), false),
    ]);
    let results = commit.await.results;
    assert_eq!(results[0], Err(Refusal::TooManySeen(SEEN_MAX)));
    assert!(matches!(&results[1], Ok(Done::Seen { new }) if new.contains(&id)));
    assert_eq!(told(&store.timeline("ben").await), ["seen 1"]);
    let position = store.store.position(&account("ann")).await.unwrap();
    assert_eq!(position.head.get(), 0);
}
