//! Messages that contain words.

use std::sync::Arc;

use seqline_protocol::{ConvId, Kind, UserId};
use seqline_relay::store::{Found, Op, SearchQuery, Send};

use crate::support::{
    Fresh, account, at_s, clear, conv, create, delete, edit, invite, recall, send, signed, user,
};

fn query(by: &str, text: &str) -> SearchQuery {
    SearchQuery {
        account: account(by),
        text: text.to_owned(),
        conv: None,
        sender: None,
        kind: None,
        since: None,
        until: None,
        before: None,
        limit: 50,
        now: at_s(0),
    }
}

async fn search(store: &Fresh, query: SearchQuery) -> Found {
    let mut steps = 0;
    while store.store.index().await.unwrap() {
        steps += 1;
        assert!(steps < 1000, "indexing does not end");
    }
    store.store.search(query).await.unwrap()
}

pub(crate) async fn bodies(store: &Fresh, by: &str, text: &str) -> Vec<String> {
    let found = search(store, query(by, text)).await;
    found.messages.into_iter().map(|one| one.body).collect()
}

async fn say(store: &Fresh, from: &str, to: &str, bodies: &[&str]) {
    for body in bodies {
        let id = format!("{from}-{to}-{}", body.len());
        store
            .commit(vec![Op::Send(send(from, to, &id, body))])
            .await;
    }
}

pub(crate) async fn finds_words_of_any_script(store: Fresh) {
    let texts = [
        "Meet me at the harbour",
        "the meeting is over, see you",
        "我们明天在北京开会吧",
        "Straße 12b",
    ];
    say(&store, "alice", "bob", &texts).await;
    for (text, expected) in [
        ("harbour", vec![texts[0]]),
        ("MEET", vec![texts[1], texts[0]]),
        ("the me", vec![texts[1], texts[0]]),
        ("harbour the", vec![texts[0]]),
        ("harb the", vec![]),
        ("北京", vec![texts[2]]),
        ("明天 开会", vec![texts[2]]),
        ("京北", vec![]),
        ("12", vec![texts[3]]),
        ("eet", vec![]),
        ("", vec![]),
        ("  ", vec![]),
    ] {
        assert_eq!(bodies(&store, "bob", text).await, expected, "{text:?}");
    }
    assert!(bodies(&store, "carol", "harbour").await.is_empty());
}

pub(crate) async fn takes_operators_as_text(store: Fresh) {
    say(
        &store,
        "alice",
        "bob",
        &["cats OR dogs", "a \"quoted\" 100% text*"],
    )
    .await;
    for text in [
        "\"",
        "*",
        "(",
        "%",
        "-",
        ":",
        "' OR 1=1 --",
        "NOT cats",
        "NEAR(cats dogs)",
        "body:cats",
        "\\",
        "&|!",
    ] {
        let found = bodies(&store, "bob", text).await;
        assert!(found.is_empty(), "{text:?} {found:?}");
    }
    assert_eq!(bodies(&store, "bob", "cats OR dogs").await.len(), 1);
    assert_eq!(bodies(&store, "bob", "\"quoted\" 100%").await.len(), 1);
}

pub(crate) async fn is_narrowed_by_filters(store: Fresh) {
    store
        .commit(vec![create("alice", "group:g", &["bob"])])
        .await;
    let at = |s, op: Send| (s, Op::Send(signed(op)));
    for (s, op) in [
        at(1, send("alice", "bob", "m1", "word one")),
        at(2, send("bob", "alice", "m2", "word two")),
        at(3, send("alice", "group:g", "m3", "word three")),
        at(
            4,
            Send {
                kind: Kind::new("card").unwrap(),
                ..send("alice", "bob", "m4", "{\"text\":\"word four\"}")
            },
        ),
    ] {
        store.commit_at(s, vec![op]).await;
    }
    let base = || query("alice", "word");
    let group: ConvId = ConvId::new("group:g").unwrap();
    let bob: UserId = user("bob");
    for (query, expected) in [
        (base(), vec!["m4", "m3", "m2", "m1"]),
        (
            SearchQuery {
                conv: Some(group),
                ..base()
            },
            vec!["m3"],
        ),
        (
            SearchQuery {
                conv: Some(conv("alice", "bob")),
                ..base()
            },
            vec!["m4", "m2", "m1"],
        ),
        (
            SearchQuery {
                sender: Some(bob),
                ..base()
            },
            vec!["m2"],
        ),
        (
            SearchQuery {
                sender: Some(user("nobody")),
                ..base()
            },
            vec![],
        ),
        (
            SearchQuery {
                kind: Some(Kind::new("card").unwrap()),
                ..base()
            },
            vec!["m4"],
        ),
        (
            SearchQuery {
                since: Some(at_s(2)),
                until: Some(at_s(4)),
                ..base()
            },
            vec!["m3", "m2"],
        ),
    ] {
        let found = search(&store, query.clone()).await;
        let ids: Vec<_> = found
            .messages
            .iter()
            .map(|one| one.client_msg_id.as_str())
            .collect();
        assert_eq!(ids, expected, "{query:?}");
    }
}

pub(crate) async fn goes_on_from_page_to_page(store: Fresh) {
    for n in 0..7 {
        let op = Op::Send(send("alice", "bob", &format!("m{n}"), &format!("word {n}")));
        store.commit(vec![op]).await;
    }
    let mut all = Vec::new();
    let mut before = None;
    loop {
        let page = SearchQuery {
            before,
            limit: 3,
            ..query("bob", "word")
        };
        let found = search(&store, page).await;
        assert!(found.messages.len() <= 3);
        all.extend(found.messages.into_iter().map(|one| one.body));
        match found.next {
            Some(next) => before = Some(next),
            None => break,
        }
    }
    let expected: Vec<_> = (0..7).rev().map(|n| format!("word {n}")).collect();
    assert_eq!(all, expected);
}

pub(crate) async fn finds_what_one_may_see(store: Fresh) {
    store.commit(vec![create("alice", "group:g", &[])]).await;
    let say = |id: &str, body: &str| Op::Send(send("alice", "group:g", id, body));
    store.commit(vec![say("m1", "word before")]).await;
    store
        .commit(vec![invite("alice", "group:g", &["bob"])])
        .await;
    let fleeting = signed(Send {
        expires: Some(at_s(10)),
        ..send("alice", "group:g", "m2", "word fleeting")
    });
    store
        .commit(vec![
            Op::Send(fleeting),
            say("m3", "word taken back"),
            say("m4", "word deleted"),
            say("m5", "word kept"),
            say("m6", "nothing yet"),
        ])
        .await;
    // Indexed first, and changed then.
    assert_eq!(bodies(&store, "bob", "word").await.len(), 4);
    store
        .commit(vec![
            recall("alice", "group:g", 3),
            delete("bob", "group:g", 4),
            edit("alice", "group:g", 6, "word edited"),
        ])
        .await;
    let later = |by: &str| SearchQuery {
        now: at_s(10),
        ..query(by, "word")
    };
    let found = async |by: &str| -> Vec<String> {
        let found = search(&store, later(by)).await;
        found.messages.into_iter().map(|one| one.body).collect()
    };
    assert_eq!(found("bob").await, ["word edited", "word kept"]);
    let alice = ["word edited", "word kept", "word deleted", "word before"];
    assert_eq!(found("alice").await, alice);
    assert!(bodies(&store, "alice", "nothing").await.is_empty());
    store.commit(vec![clear("bob", "group:g")]).await;
    assert!(found("bob").await.is_empty());
    let elsewhere = SearchQuery {
        account: Arc::new(
            crate::support::account_of("other", "alice")
                .as_ref()
                .clone(),
        ),
        ..later("alice")
    };
    assert!(search(&store, elsewhere).await.messages.is_empty());
}
