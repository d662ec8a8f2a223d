//! Scenarios of a fixed range of seeds: few enough for every test run. `npm run simulate` runs
//! as many as one likes.

use seqline_simulation::{
    scenario,
    world::{Figures, World},
};

/// Others than those that long runs begin with.
const FIRST: u64 = 5_000_000_000;
const COUNT: u64 = 500;

#[test]
fn a_seed_gives_the_same_again() {
    let mut traces = Vec::new();
    for seed in FIRST..FIRST + 10 {
        let plan = scenario::plan(seed);
        assert_eq!(plan, scenario::plan(seed));
        let (first, second) = (World::run(&plan), World::run(&plan));
        assert_eq!(first.trace, second.trace, "seed {seed}");
        assert_eq!(first.figures, second.figures, "seed {seed}");
        traces.push(first.trace);
    }
    traces.sort_unstable();
    traces.dedup();
    assert_eq!(traces.len(), 10, "each seed gives another one");
}

#[test]
fn every_promise_is_kept_and_every_fault_happens() {
    let mut figures = Figures::new();
    for seed in FIRST..FIRST + COUNT {
        let outcome = World::run(&scenario::plan(seed));
        assert!(
            outcome.violation.is_none(),
            "simulate --seed {seed} --scenarios 1: {:?}",
            outcome.violation
        );
        for (what, count) in outcome.figures {
            *figures.entry(what).or_default() += count;
        }
    }
    let faults = [
        "background",
        "broadcast_changes",
        "calls_over_http",
        "commits_fail",
        "crash",
        "crash_at_commit",
        "cut",
        "device_clock",
        "device_store_failed",
        "disconnect",
        "drain",
        "half_open",
        "handler_failed",
        "kicked",
        "late_frames",
        "new_epoch",
        "offline",
        "reads_fail",
        "relay_clock",
        "reset",
        "restart",
        "second_tab",
        "slow_reader",
        "slow_store",
        "stall",
        "suspend",
        "token_failed",
    ];
    for fault in faults {
        assert!(
            figures.contains_key(fault),
            "{fault} never happened: {figures:?}"
        );
    }
}
