use seqline_protocol::Seq;

use crate::support::{Client, Relay};

#[tokio::test]
async fn counts_what_happens() {
    let relay = Relay::start().await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    alice.store("bob", "m1", "hello").await;
    alice.pull(Seq::ZERO).await;
    let reply = relay.get("/metrics").await;
    assert!(reply.header("content-type").starts_with("text/plain"));
    let value = |name: &str| -> u64 {
        let mut values = reply
            .text()
            .lines()
            .filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        let value = values.next().unwrap_or_else(|| panic!("{name}"));
        assert_eq!(values.next(), None, "{name} is there once");
        value.parse().unwrap()
    };
    assert_eq!(value("seqline_connections"), 1);
    // Of the message, one for each of the two.
    assert_eq!(value("seqline_entries_total"), 2);
    assert_eq!(value("seqline_pulls_total"), 1);
    assert_eq!(value("seqline_refusals_total{code=\"frame_malformed\"}"), 0);
    // That she is connected is stored too, in the same commit or in one before.
    assert_eq!(value("seqline_commit_operations_sum"), 2);
    let commits = value("seqline_commits_total");
    assert!((1..=2).contains(&commits), "{commits}");
    assert_eq!(value("seqline_commit_operations_count"), commits);
    assert_eq!(value("seqline_commit_operations_bucket{le=\"2\"}"), commits);
    assert_eq!(
        value("seqline_commit_operations_bucket{le=\"1\"}"),
        2 * (commits - 1)
    );
}

#[tokio::test]
async fn is_what_prometheus_reads() {
    let relay = Relay::start().await;
    let reply = relay.get("/metrics").await;
    let mut described = None;
    for line in reply.text().lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let name = rest.split(' ').next().unwrap();
            assert!(
                described.as_ref() != Some(&name),
                "{name} is described once"
            );
            described = Some(name);
        } else if !line.starts_with("# HELP ") {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(name.starts_with(described.unwrap()), "{line}");
            value.parse::<u64>().unwrap();
        }
    }
}
