//! Search: any text is words to look for and never the index's own language; it finds what the
//! model finds, and only what the asker may see.

use std::{cell::RefCell, sync::Arc};

use seqline_protocol::{AppId, ClientMsgId, ConvId, Epoch, UserId};
use seqline_relay::{
    account::Account,
    store::{
        CommitRules, Found, Op, SearchQuery, Send, Store,
        memory::MemoryStore,
        sqlite::{SqliteSettings, SqliteStore},
    },
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::virtual_relay::{APP, KnownEntropy, now};

/// What was written, in any script. Those of Carol are not for Alice.
const BODIES: &[(&str, &str)] = &[
    ("alice", "The quick brown fox jumps over the lazy dog"),
    ("alice", "order 4711: 2 × Äpfel, ﬁne œuvre, naïve café"),
    ("alice", "我们明天上午九点在北京开会，请准时参加"),
    ("alice", "会议改到下午三点 3pm"),
    ("alice", "東京タワーへ行きましょう ﾃｽﾄ"),
    ("alice", "안녕하세요 반갑습니다"),
    ("alice", "Привет, как дела? Ёлка"),
    ("alice", "שלום עולם مرحبا بالعالم สวัสดี"),
    (
        "alice",
        "AND OR NOT NEAR text:scope \"quoted\" (a* OR b) - ^c",
    ),
    (
        "alice",
        "😀👩‍👩‍👧 emoji e\u{301} \u{200b}zero\u{feff}width\u{0}nul",
    ),
    (
        "carol",
        "the brown secret of 北京 order 4711 AND NOT привет",
    ),
];

struct Stores {
    runtime: Runtime,
    sqlite: SqliteStore,
    model: MemoryStore,
    _folder: TempDir,
}

thread_local! {
    static STORES: RefCell<Option<Stores>> = const { RefCell::new(None) };
}

/// Looks for one text.
pub fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    STORES.with_borrow_mut(|stores| {
        let stores = stores.get_or_insert_with(open);
        for limit in [2, 50] {
            let query = SearchQuery {
                account: account("alice"),
                text: text.to_owned(),
                conv: None,
                sender: None,
                kind: None,
                since: None,
                until: None,
                before: None,
                limit,
                now: now(),
            };
            let found = search(stores, &stores.sqlite, query.clone());
            let expected = search(stores, &stores.model, query);
            assert_eq!(found, expected, "{text:?}");
            for message in &found.messages {
                assert_eq!(message.sender.as_str(), "alice", "{text:?} finds another's");
            }
        }
    });
}

fn search(stores: &Stores, store: &dyn Store, query: SearchQuery) -> Found {
    stores
        .runtime
        .block_on(store.search(query))
        .expect("the database takes it")
}

fn open() -> Stores {
    let folder = tempfile::tempdir().expect("a folder");
    let rules = CommitRules::default();
    let path = folder.path().join("search.db");
    // The database has threads of its own, on whose time everything waits.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    let opening = SqliteStore::open(
        &path,
        SqliteSettings::with_readers(1),
        rules.clone(),
        &KnownEntropy,
    );
    let sqlite = runtime.block_on(opening).expect("a database");
    let model = MemoryStore::new(rules, Epoch::saturating(7));
    let ops: Vec<_> = BODIES
        .iter()
        .enumerate()
        .map(|(number, (sender, body))| message(sender, number, body))
        .collect();
    runtime.block_on(async {
        for store in [&sqlite as &dyn Store, &model] {
            store.commit(ops.clone(), now()).await.expect("stored");
            while store.index().await.expect("indexed") {}
        }
    });
    Stores {
        runtime,
        sqlite,
        model,
        _folder: folder,
    }
}

fn message(sender: &str, number: usize, body: &str) -> Op {
    let other = UserId::new("zoe").expect("a name");
    let from = account(sender);
    let conv = ConvId::direct(&from.user, &other);
    let id = ClientMsgId::new(format!("m-{number}")).expect("an id");
    Op::Send(Send::text(from, conv, id, body))
}

fn account(user: &str) -> Arc<Account> {
    Arc::new(Account {
        app: AppId::new(APP).expect("a name"),
        user: UserId::new(user).expect("a name"),
    })
}
