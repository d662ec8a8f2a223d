use seqline_protocol::{ClientFrame, Epoch, Resume, Seq};

use crate::support::{Client, Relay, Reply, Wish, request, table};

#[tokio::test]
async fn counts_what_happens() {
    let relay = Relay::start().await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    alice.store("bob", "m1", "hello").await;
    alice.pull(Seq::ZERO).await;
    let reply = relay.get("/metrics").await;
    assert!(reply.header("content-type").starts_with("text/plain"));
    let value = |name: &str| -> u64 { value(&reply, name).parse().unwrap() };
    assert_eq!(value("seqline_connections"), 1);
    assert_eq!(value("seqline_users_connected"), 1);
    assert_eq!(value("seqline_hellos_total"), 1);
    assert_eq!(value("seqline_sends_total{result=\"stored\"}"), 1);
    assert_eq!(value("seqline_wake_ups_total"), 1);
    assert_eq!(value("seqline_writer_queue"), 0);
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
async fn counts_what_devices_see() {
    let relay = Relay::start().await;
    let (mut alice, welcome) = Client::open(&relay, "alice", "phone").await;
    alice.store("bob", "m1", "hello").await;
    alice.store("bob", "m1", "hello").await;
    let cursor = Seq::new(1).unwrap();
    alice.say(&ClientFrame::Ack { cursor }).await;
    let resume = Resume {
        epoch: Epoch::new(welcome.epoch.get() + 1).unwrap(),
        cursor: Seq::ZERO,
    };
    let mut tablet = Client::dial(&relay.socket_url()).await;
    let token = relay.token("alice");
    tablet.hello(&token, "tablet", Some(resume)).await;
    // Answered after the acknowledgement was taken in.
    alice.pull(Seq::ZERO).await;
    let reply = relay.get("/metrics").await;
    for (name, count) in [
        ("seqline_sends_total{result=\"repeated\"}", "1"),
        ("seqline_acks_total", "1"),
        ("seqline_resets_total{reason=\"epoch_changed\"}", "1"),
        ("seqline_read_seconds_count", "1"),
    ] {
        assert_eq!(value(&reply, name), count, "{name}");
    }
    assert_eq!(
        value(&reply, "seqline_commit_seconds_count"),
        value(&reply, "seqline_commits_total")
    );
    let took: f64 = value(&reply, "seqline_commit_seconds_sum").parse().unwrap();
    assert!(took > 0.0);
    let asked = |reply: &Reply| -> u64 {
        let name = "seqline_http_requests_total{status=\"2xx\"}";
        value(reply, name).parse().unwrap()
    };
    let again = relay.get("/metrics").await;
    assert_eq!(asked(&again), asked(&reply) + 1);
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
            value.parse::<f64>().unwrap();
        }
    }
}

#[tokio::test]
async fn is_what_the_document_says() {
    let relay = Relay::start().await;
    let reply = relay.get("/metrics").await;
    let mut rows: Vec<Vec<String>> = Vec::new();
    for line in reply.text().lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, meaning) = rest.split_once(' ').unwrap();
            rows.push(vec![format!("`{name}`"), meaning.to_owned()]);
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (_, kind) = rest.rsplit_once(' ').unwrap();
            rows.last_mut().unwrap().insert(1, kind.to_owned());
        } else if let Some((label, value)) = labelled(line) {
            let row = rows.last_mut().unwrap();
            row.insert(row.len() - 1, format!("`{label}`: {value}"));
        }
    }
    let rows = rows.into_iter().map(|row| {
        let (name, kind, labels, meaning) = (
            &row[0],
            &row[1],
            &row[2..row.len() - 1],
            &row[row.len() - 1],
        );
        vec![
            name.clone(),
            kind.clone(),
            labels_of(labels),
            meaning.clone(),
        ]
    });
    let columns = ["metric", "type", "labels", "meaning"];
    table::holds("metrics.md", "metrics", &columns, &rows.collect::<Vec<_>>());
}

/// A line's label and its value; not the bounds of histograms.
fn labelled(line: &str) -> Option<(&str, &str)> {
    let (_, rest) = line.split_once('{')?;
    let (label, rest) = rest.split_once("=\"")?;
    (label != "le").then_some((label, rest.split_once('"')?.0))
}

/// One label with all its values; of error codes, which are many, and the version, the name alone.
fn labels_of(found: &[String]) -> String {
    let mut labels: Option<(&str, Vec<&str>)> = None;
    for one in found {
        let (label, value) = one.split_once(": ").unwrap();
        labels.get_or_insert((label, Vec::new())).1.push(value);
    }
    match labels {
        None => "none".to_owned(),
        Some((label @ "`code`", _)) => format!("{label}: an [error code](errors.md)"),
        Some((label @ "`version`", _)) => label.to_owned(),
        Some((label, values)) => format!("{label}: `{}`", values.join("`, `")),
    }
}

fn value<'a>(reply: &'a Reply, name: &str) -> &'a str {
    let mut values = reply
        .text()
        .lines()
        .filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let value = values.next().unwrap_or_else(|| panic!("{name}"));
    assert_eq!(values.next(), None, "{name} is there once");
    value
}

#[tokio::test]
async fn may_be_served_elsewhere_and_then_only_there() {
    let relay = Relay::start_with(Wish {
        has_metrics_listener: true,
        ..Wish::default()
    })
    .await;
    let address = relay.running.metrics_address().unwrap();
    let there = request(address, "GET", "/metrics", &[], "").await;
    assert_eq!(there.status, 200);
    assert_eq!(value(&there, "seqline_connections"), "0");
    for path in ["/healthz", "/readyz"] {
        assert_eq!(request(address, "GET", path, &[], "").await.status, 200);
        assert_eq!(relay.get(path).await.status, 200);
    }
    let elsewhere = request(address, "GET", "/v1/info", &[], "").await;
    assert_eq!(elsewhere.status, 404);
    let here = relay.get("/metrics").await;
    assert!(
        !here.text().contains("seqline_connections"),
        "{}",
        here.text()
    );
    relay.running.stop().await;
}
