//! What comes of a run: exit code, JSON, chart, tables.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops where something is wrong"
)]

mod support;

use std::{collections::BTreeMap, fs};

use seqline_load::{
    measure::ledger::{Arrival, Lane},
    report::{
        Machine, Report, Run,
        table::{Style, render},
    },
    scenarios::traffic,
};
use serde_json::Value;
use support::stalling::{OPEN, TIME, outcome};
use svg::parser::Event;

/// Of one run, and of another server with the same load.
async fn report(loses: Option<usize>) -> Report {
    let outcome = outcome(OPEN, loses).await;
    let mut ours = Run::new("seqline", "synced");
    traffic::report(&mut ours, &outcome, TIME);
    let mut peer = Run::new("another <one> & more", "not synced");
    peer.is_peer = true;
    traffic::report(&mut peer, &outcome, TIME);
    Report {
        version: "1",
        scenario: "send",
        settings: Value::Null,
        seed: 1,
        machine: Machine::this(),
        runs: vec![ours, peer],
    }
}

#[tokio::test(start_paused = true)]
async fn all_well_is_0() {
    assert_eq!(report(None).await.exit_code(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_misses_a_message_is_1() {
    let mut report = report(Some(3_000)).await;
    assert_eq!(report.runs[0].problems, ["messages lost: 1"]);
    assert_eq!(report.exit_code(), 1);
    // Another server's losses are shown, and no failure of ours.
    report.runs.remove(0);
    assert_eq!(report.runs[0].problems, ["messages lost: 1"]);
    assert_eq!(report.exit_code(), 0);
}

#[test]
fn what_comes_twice_or_too_late_is_1() {
    let mut lane = Lane::new(1);
    for _ in 0..3 {
        let number = lane.begin();
        assert!(lane.acknowledge(number));
    }
    let arrivals = [0, 2, 1, 1].map(|number| lane.receive(0, number));
    let first = Arrival::First;
    assert_eq!(arrivals, [first, first, first, Arrival::Other]);
    let tally = lane.tally();
    assert_eq!((tally.lost, tally.doubled, tally.out_of_order), (0, 1, 1));
    let mut run = Run::new("seqline", "");
    run.set_messages(tally);
    assert_eq!(
        run.problems,
        ["messages doubled: 1", "messages out of order: 1"]
    );
}

#[tokio::test(start_paused = true)]
async fn files_are_well_formed() {
    let folder = tempfile::tempdir().unwrap();
    let files = report(None).await.write(folder.path()).unwrap();
    assert_eq!(files.len(), 2);
    let json: Value = serde_json::from_slice(&fs::read(&files[0]).unwrap()).unwrap();
    let sent = &json["runs"][0]["latencies"][0];
    assert_eq!(sent["name"], "send → sent");
    assert!(sent["p99_ms"].as_f64().unwrap() > 900.0);
    assert_eq!(sent["over_time"].as_array().unwrap().len(), 5);
    let curve = sent["curve"].as_array().unwrap();
    let latencies: Vec<f64> = curve
        .iter()
        .map(|point| point["latency_ms"].as_f64().unwrap())
        .collect();
    assert!(curve.len() > 20 && latencies.is_sorted(), "{latencies:?}");

    let mut text = String::new();
    let mut elements: BTreeMap<String, usize> = BTreeMap::new();
    let mut open = Vec::new();
    for event in svg::open(&files[1], &mut text).unwrap() {
        match event {
            Event::Error(error) => panic!("{error}"),
            Event::Tag(name, kind, _) => {
                use svg::node::element::tag::Type;
                match kind {
                    Type::Start => open.push(name.to_owned()),
                    Type::End => assert_eq!(open.pop().as_deref(), Some(name)),
                    Type::Empty => {}
                }
                *elements.entry(name.to_owned()).or_default() += 1;
            }
            _ => {}
        }
    }
    assert_eq!(open, Vec::<String>::new());
    // Two kinds of latency; of each server p50, p99 and a curve.
    assert_eq!(elements["path"], 2 * 2 * 3);
    assert!(text.contains("prefers-color-scheme: dark"));
    assert!(text.contains("another &lt;one&gt; &amp; more"), "{text}");
    assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn tables_have_the_same_cells() {
    let report = report(None).await;
    let (plain, markdown) = (
        render(&report, Style::Plain),
        render(&report, Style::Markdown),
    );
    let tables: Vec<Vec<usize>> = markdown
        .split("\n\n")
        .map(|part| {
            let rows = part.lines().filter(|line| line.starts_with('|'));
            rows.map(|row| row.matches('|').count()).collect()
        })
        .filter(|rows: &Vec<usize>| !rows.is_empty())
        .collect();
    assert_eq!(tables.len(), 3, "{markdown}");
    for rows in &tables {
        assert!(rows.iter().all(|cells| cells == &rows[0]), "{markdown}");
    }
    for cell in ["send → received", "out of order", "messages/s", "synced"] {
        assert!(plain.contains(cell) && markdown.contains(cell), "{cell}");
    }
}
