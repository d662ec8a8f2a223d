//! Scenarios of a fixed range of seeds: few enough for every test run. `npm run simulate` runs
//! as many as one likes.

use seqline_simulation::{
    model::{Checks, Promise},
    scenario,
    world::{Figures, World},
};

/// Others than those that long runs begin with.
const FIRST: u64 = 5_000_000_000;
const COUNT: u64 = 1_500;

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
    let mut checks = Checks::new();
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
        for (promise, count) in outcome.checks {
            *checks.entry(promise).or_default() += count;
        }
    }
    let happens = [
        "allow_list_changed",
        "background",
        "broadcast_changes",
        "broadcast_deleted",
        "broadcast_drafted",
        "broadcast_published",
        "broadcast_recalled",
        "broadcast_staged",
        "broadcast_stopped",
        "calls_over_http",
        "client_duplicates_dropped",
        "client_gaps_healed",
        "client_retransmissions",
        "commits_failed",
        "crash",
        "crash_after_commit",
        "crash_before_commit",
        "cut",
        "device_clock",
        "device_store_failed",
        "disconnect",
        "drain",
        "entries_aged_out",
        "groups_grown_large",
        "half_open",
        "handler_failed",
        "kicked",
        "late_frames",
        "new_epoch",
        "offline",
        "reads_failed",
        "reads_repeated",
        "refused",
        "relay_clock",
        "reset_below_floor",
        "reset_epoch_changed",
        "reset_of_crowd",
        "restart",
        "retries",
        "second_tab",
        "sends_over_http",
        "sent_again",
        "slow_reader",
        "slow_store",
        "stall",
        "suspend",
        "suspend_clock_stops",
        "token_expired",
        "token_failed",
    ];
    for what in happens {
        assert!(
            figures.contains_key(what),
            "{what} never happened: {figures:?}"
        );
    }
    for promise in Promise::ALL {
        assert!(
            checks.contains_key(&promise),
            "{promise:?} was never looked at"
        );
    }
}
