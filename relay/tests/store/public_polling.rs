//! Nodes that poll the public mailbox without pause while operators' commands commit, roll
//! back, and are abandoned halfway.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use seqline_protocol::{AppId, BroadcastId, PubSeq, UserId};
use seqline_relay::store::{
    AllowListChange, BroadcastAction, BroadcastCommand, BroadcastRefusal, BroadcastRow,
    PublicChanges, Store, StoreError,
};

use crate::{
    operators::{command, create_command, draft, edit, stage},
    polling::abandon,
    support::{Fresh, at_s, user},
};

const OPERATORS: usize = 4;
const ROUNDS: usize = 12;
const POLLERS: usize = 3;

/// What each poller has put together, piece by piece, is what there is in the end.
pub(crate) async fn misses_nothing(fresh: Fresh) {
    let stores: Vec<_> = (0..OPERATORS).map(|_| Arc::clone(&fresh.store)).collect();
    misses_nothing_of(&stores, fresh.poison).await;
}

/// Operators and pollers take turns with these stores of one database.
pub(crate) async fn misses_nothing_of(stores: &[Arc<dyn Store>], poison: Option<&'static str>) {
    let working = Arc::new(AtomicUsize::new(OPERATORS));
    let mut operators = Vec::new();
    for (operator, store) in (0..OPERATORS).zip(stores.iter().cycle()) {
        let (store, working) = (Arc::clone(store), Arc::clone(&working));
        operators.push(tokio::spawn(async move {
            operate(&*store, operator, poison).await;
            working.fetch_sub(1, Ordering::SeqCst);
        }));
    }
    let mut pollers = Vec::new();
    for (_, store) in (0..POLLERS).zip(stores.iter().rev().cycle()) {
        let (store, working) = (Arc::clone(store), Arc::clone(&working));
        pollers.push(tokio::spawn(async move { poll(&*store, &working).await }));
    }
    for operator in operators {
        operator.await.unwrap();
    }
    let mut whole = Polled::default();
    let store = stores.first().unwrap();
    whole.take(store.public_changes(PubSeq::ZERO).await.unwrap());
    assert_eq!(whole.rows.len(), OPERATORS * ROUNDS);
    assert_eq!(whole.allow_lists.len(), OPERATORS);
    for poller in pollers {
        assert_eq!(poller.await.unwrap(), whole);
    }
}

/// In an app of the operator's own: the others are in the way of the numbers only.
async fn operate(store: &dyn Store, operator: usize, poison: Option<&'static str>) {
    let name = format!("app{operator}");
    for round in 0..ROUNDS {
        let created = create_command(&name, draft(&format!("round {round}")));
        let mut row = done(store, created).await;
        row = done(store, command(&row, "op", stage(5))).await;
        if round % 3 == 2 {
            let publish = command(&row, "op", BroadcastAction::Publish(None));
            abandon(store.command(publish, at_s(1)), round).await;
        }
        if let Some(body) = poison {
            let failed = store
                .command(command(&row, "op", edit(body)), at_s(1))
                .await;
            let is_conflict = matches!(failed, Ok(Err(BroadcastRefusal::Conflict { .. })));
            assert!(failed.is_err() || is_conflict, "{failed:?}");
        }
        row = store.broadcast(&row.app, row.id).await.unwrap().unwrap();
        row = done(store, command(&row, "op", edit(&format!("text {round}")))).await;
        match round % 4 {
            0 => row = done(store, command(&row, "op", BroadcastAction::Recall)).await,
            2 => row = done(store, command(&row, "op", BroadcastAction::Delete)).await,
            _ => {}
        }
        let users = AllowListChange::Add([user(&format!("user{round}"))].into());
        let by = user("op");
        let changed = store.change_allow_list(&row.app, &by, users, at_s(1)).await;
        changed.unwrap().unwrap();
    }
}

/// Until the database is not busy.
async fn done(store: &dyn Store, command: BroadcastCommand) -> BroadcastRow {
    loop {
        match store.command(command.clone(), at_s(1)).await {
            Ok(done) => return done.unwrap(),
            Err(StoreError::Busy(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// What a node has put together.
#[derive(Debug, Default, PartialEq)]
struct Polled {
    head: PubSeq,
    rows: BTreeMap<BroadcastId, BroadcastRow>,
    allow_lists: BTreeMap<AppId, Vec<UserId>>,
}

impl Polled {
    fn take(&mut self, changes: PublicChanges) {
        assert!(changes.head >= self.head, "the head went back");
        let mut last = self.head;
        for row in changes.rows {
            let number = row.pub_seq.unwrap();
            assert!(last < number && number <= changes.head, "{number}");
            last = number;
            self.rows.insert(row.id, row);
        }
        for (app, users) in changes.allow_lists {
            self.allow_lists.insert(app, users.into_iter().collect());
        }
        self.head = changes.head;
    }
}

async fn poll(store: &dyn Store, working: &AtomicUsize) -> Polled {
    let mut polled = Polled::default();
    loop {
        let is_last = working.load(Ordering::SeqCst) == 0;
        let changes = store.public_changes(polled.head).await.unwrap();
        polled.take(changes);
        if is_last {
            return polled;
        }
        tokio::task::yield_now().await;
    }
}
