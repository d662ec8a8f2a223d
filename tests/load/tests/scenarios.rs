//! Each scenario against a relay, with few clients.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops where something is wrong"
)]

mod support;

use seqline_load::report::{Report, Run};
use support::{load, try_load};

fn only(report: &Report) -> &Run {
    assert_eq!(report.runs.len(), 1);
    let run = &report.runs[0];
    assert_eq!(run.problems, Vec::<String>::new());
    assert!(!report.has_failed());
    let taken = run.process.expect("the relay's process was not watched");
    assert!(taken.generator_cpu_s >= 0.0 && taken.database_cpu_s.is_none());
    run
}

fn counts(run: &Run, name: &str) -> u64 {
    let found = run.latencies.iter().find(|latency| latency.name == name);
    found
        .unwrap_or_else(|| panic!("no {name}"))
        .percentiles
        .count
}

fn figure(run: &Run, name: &str) -> f64 {
    let found = run.figures.iter().find(|figure| figure.name == name);
    found.unwrap_or_else(|| panic!("no {name}")).value
}

#[tokio::test]
async fn send() {
    let report = load(&[
        "send",
        "--pairs",
        "3",
        "--rate",
        "100",
        "--warm-up",
        "0",
        "--seconds",
        "1",
        "--grace",
        "60",
    ])
    .await;
    let run = only(&report);
    let tally = run.messages.unwrap();
    assert!(tally.begun > 50, "{tally:?}");
    assert_eq!(tally.acknowledged, tally.begun);
    assert_eq!(tally.received, tally.begun);
    assert_eq!(counts(run, "send → sent"), tally.begun);
    assert_eq!(counts(run, "send → received"), tally.begun);
}

#[tokio::test]
async fn send_as_fast_as_it_is_answered() {
    let report = load(&[
        "send",
        "--pairs",
        "2",
        "--closed",
        "--window",
        "4",
        "--warm-up",
        "0",
        "--seconds",
        "1",
        "--grace",
        "60",
    ])
    .await;
    let tally = only(&report).messages.unwrap();
    // More than the windows: answers let others follow.
    assert!(tally.acknowledged > 8, "{tally:?}");
    assert_eq!(tally.received, tally.begun);
}

#[tokio::test]
async fn pull() {
    let report = load(&["pull", "--devices", "4", "--backlog", "70", "--rate", "50"]).await;
    let run = only(&report);
    assert_eq!(run.messages.unwrap().received, 4 * 70);
    assert_eq!(counts(run, "appear → first message"), 4);
    assert_eq!(counts(run, "appear → caught up"), 4);
}

#[tokio::test]
async fn broadcast() {
    let report = load(&[
        "broadcast",
        "--devices",
        "5",
        "--broadcasts",
        "3",
        "--every-ms",
        "50",
        "--wave-ms",
        "100",
    ])
    .await;
    let run = only(&report);
    let tally = run.messages.unwrap();
    assert_eq!((tally.acknowledged, tally.received), (3, 15));
    assert_eq!(counts(run, "publish → received"), 15);
    assert!(figure(run, "pulls") >= 5.0);
}

#[tokio::test]
async fn idle() {
    let report = load(&["idle", "--connections", "20", "--seconds", "1"]).await;
    let run = only(&report);
    assert!((figure(run, "connected to the end") - 20.0).abs() < 0.5);
    assert!(figure(run, "memory each, held").is_finite());
    assert!(run.process.unwrap().files_max >= 20);
    assert!(
        figure(run, "files, all gone")
            < f64::from(u32::try_from(run.process.unwrap().files_max).unwrap())
    );
}

#[tokio::test]
async fn several_relays_need_a_database_that_they_can_share() {
    let refused = try_load(&["send", "--relays", "2"]).await.unwrap_err();
    assert!(
        refused.to_string().contains("--database postgres"),
        "{refused}"
    );
}

#[tokio::test]
async fn storms_of_each_cause() {
    for cause in ["leave", "cut", "restart"] {
        let report = load(&[
            "storm",
            "--clients",
            "8",
            "--waiting",
            "3",
            "--cause",
            cause,
        ])
        .await;
        let run = only(&report);
        assert_eq!(counts(run, "return → connected"), 8, "{cause}");
        assert_eq!(counts(run, "return → caught up"), 8, "{cause}");
        if cause == "leave" {
            assert_eq!(run.messages.unwrap().received, 24);
        }
    }
}

#[tokio::test]
async fn groups_of_both_kinds() {
    for crowd_from in ["3", "1000"] {
        let report = load(&[
            "groups",
            "--groups",
            "2",
            "--members",
            "5",
            "--online",
            "4",
            "--senders",
            "2",
            "--rate",
            "40",
            "--warm-up",
            "0",
            "--seconds",
            "1",
            "--grace",
            "60",
            "--crowd-from",
            crowd_from,
        ])
        .await;
        let run = only(&report);
        let tally = run.messages.unwrap();
        assert!(tally.acknowledged > 10, "{tally:?}");
        assert_eq!(tally.received, 4 * tally.acknowledged, "{crowd_from}");
    }
}
