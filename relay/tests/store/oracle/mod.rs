//! The simplest thing that could be right, to compare backends with: no tables, no
//! counters, only lists that are searched from the start.

mod compare;
mod groups;
mod marks;
mod messages;
mod model;
mod random;
mod seen;

use std::{collections::BTreeMap, future::Future};

use proptest::{
    strategy::{Strategy as _, ValueTree as _},
    test_runner::TestRunner,
};
use seqline_relay::store::{Op, Timeline};

use self::{
    compare::compare_views,
    model::{Got, Model},
};
use crate::support::Fresh;

const USERS: [&str; 5] = ["alice", "bob", "carol", "dave", "erin"];
/// With so few users, they reach [`crate::support::CROWD_MEMBERS_MIN`] soon.
const GROUPS: [&str; 3] = ["group:g", "group:h", "channel:c"];
const CASES: u32 = 60;

/// Random batches, each at a random time after the one before. The same cases in every
/// run: what fails once fails always.
pub(crate) async fn agrees<F: Future<Output = Fresh>>(fresh: impl Fn() -> F) {
    let mut runner = TestRunner::deterministic();
    for _ in 0..CASES {
        let batches = random::batches().new_tree(&mut runner).unwrap().current();
        compare(fresh().await, &batches).await;
    }
}

async fn compare(store: Fresh, batches: &[(Vec<Op>, u64)]) {
    seen::publish(&store).await;
    let mut model = Model::default();
    // How long each timeline was after each batch: within one, the order of marks is open.
    let mut lengths: Vec<BTreeMap<String, usize>> = vec![BTreeMap::new()];
    let mut now_s = 0;
    for (number, (ops, pause_s)) in batches.iter().enumerate() {
        now_s += pause_s;
        let expected = model.commit(ops, now_s);
        let commit = store.commit_at(now_s, ops.clone()).await;
        let got: Vec<Got> = commit.results.iter().map(Got::of).collect();
        for ((op, got), expected) in ops.iter().zip(&got).zip(&expected) {
            assert_eq!(got, expected, "batch {number}, {op:?} of {batches:#?}");
        }
        model.take_ids(ops, &commit.results);
        let before = lengths.last().unwrap().clone();
        let after = model.lengths();
        let mut grown = after.clone();
        grown.retain(|name, length| before.get(name).copied().unwrap_or(0) < *length);
        for append in &commit.appends {
            let name = match &append.timeline {
                Timeline::User(account) => account.user.as_str(),
                Timeline::Crowd(_, conv) => conv.as_str(),
            };
            let length = grown.remove(name).expect("a timeline that grew, once");
            let first = before.get(name).copied().unwrap_or(0) + 1;
            assert_eq!(append.first.get(), first as u64, "{name} of {batches:#?}");
            assert_eq!(
                append.items.len(),
                length + 1 - first,
                "{name} of {batches:#?}"
            );
        }
        assert!(grown.is_empty(), "{grown:?} were not told of {batches:#?}");
        lengths.push(after);
    }
    compare_views(&store, &model, &lengths, batches).await;
}
