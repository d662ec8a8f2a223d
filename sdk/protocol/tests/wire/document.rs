//! `docs/protocol.md` and `docs/protocol.cddl` say what the code does.

use std::{collections::BTreeSet, fmt::Debug};

use seqline_protocol::{
    ClientFrame, Encoding, ErrorCode, Frame, Poll, PollAnswer, PollRequest, RelayFrame,
    decode_poll, decode_text, encode_poll, limits,
};
use serde_json::Value;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::golden::{self, Vector};

const DOCUMENT: &str = include_str!("../../../../docs/protocol.md");
const SCHEMA: &str = include_str!("../../../../docs/protocol.cddl");

/// The fenced blocks whose fence says exactly this.
fn blocks(fence: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = DOCUMENT.lines();
    while let Some(line) = lines.next() {
        let Some(kind) = line.strip_prefix("```") else {
            continue;
        };
        let block: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
        if kind == fence {
            blocks.push(block.join("\n"));
        }
    }
    blocks
}

#[test]
fn examples_are_frames_and_are_in_the_vectors() {
    examples::<ClientFrame>("json client", &golden::client());
    examples::<RelayFrame>("json relay", &golden::relay());
}

fn examples<F: Frame>(fence: &str, vectors: &[Vector]) {
    let mut shown = BTreeSet::new();
    for example in blocks(fence) {
        if let Err(error) = decode_text::<F>(&example) {
            panic!("{error}: {example}");
        }
        let json: Value = serde_json::from_str(&example).expect("JSON");
        assert!(
            vectors.iter().any(|vector| vector.json == json),
            "{example}"
        );
        shown.insert(golden::key(&json));
    }
    let all = F::NAMES.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(shown, all, "an example of each frame");
}

#[test]
fn examples_of_polls_are_polls() {
    let request = [
        "connection",
        "send",
        "frames",
        "receive",
        "wait_ms",
        "close",
    ];
    polls::<PollRequest>("json poll request", &request);
    polls::<PollAnswer>(
        "json poll answer",
        &["connection", "wait_ms", "frames", "close"],
    );
}

fn polls<P: Poll + PartialEq + Debug>(fence: &str, fields: &[&str]) {
    let mut shown = BTreeSet::new();
    for example in blocks(fence) {
        let json: Value = serde_json::from_str(&example).expect("JSON");
        let poll: P = decode_poll(Encoding::Text, example.as_bytes()).expect(&example);
        let cbor = encode_poll(Encoding::Binary, &poll);
        let again = decode_poll::<P>(Encoding::Binary, cbor.as_bytes());
        assert_eq!(again.as_ref(), Ok(&poll), "{example}");
        for word in words(&json) {
            assert!(is_described(&word) && is_in_schema(&word), "{word}");
            shown.insert(word);
        }
        for payload in frames_of(&json) {
            let frame = payload.as_str().expect("a text");
            let frame: Value = serde_json::from_str(frame).expect("JSON");
            let mut vectors = golden::client().into_iter().chain(golden::relay());
            assert!(vectors.any(|vector| vector.json == frame), "{frame}");
        }
    }
    let all = fields.iter().map(|field| (*field).to_owned()).collect();
    assert_eq!(shown, all, "each field is shown");
}

fn frames_of(poll: &Value) -> &[Value] {
    let frames = poll.get("frames").and_then(Value::as_array);
    frames.map_or(&[], Vec::as_slice)
}

#[test]
fn other_json_is_json() {
    let others = blocks("json");
    assert!(!others.is_empty());
    for block in others {
        serde_json::from_str::<Value>(&block).expect(&block);
    }
}

#[test]
fn every_field_is_described_and_is_in_the_schema() {
    for vector in golden::client().iter().chain(&golden::relay()) {
        for word in words(&vector.json) {
            assert!(is_described(&word), "{word} of {}", vector.name);
            assert!(is_in_schema(&word), "{word} of {}", vector.name);
        }
    }
}

/// In a table, or with a section of its own.
fn is_described(word: &str) -> bool {
    DOCUMENT.contains(&format!("`{word}`")) || DOCUMENT.contains(&format!("\n### {word}\n"))
}

/// The keys of all maps.
fn words(json: &Value) -> Vec<String> {
    match json {
        Value::Array(values) => values.iter().flat_map(words).collect(),
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(key, value)| [vec![key.clone()], words(value)].concat())
            .collect(),
        _ => Vec::new(),
    }
}

fn is_in_schema(word: &str) -> bool {
    SCHEMA
        .split(|c: char| !(c.is_ascii_alphanumeric() || "_-".contains(c)))
        .any(|part| part == word)
}

#[test]
fn every_code_has_its_row() {
    for code in ErrorCode::ALL {
        let close = code
            .close_code()
            .map_or("–".to_owned(), |close| close.to_string());
        let retryable = if code.is_retryable() { "yes" } else { "no" };
        let row = format!("\n| `{code}` | {close} | {retryable} | ");
        assert!(DOCUMENT.contains(&row), "no row {row}");
        assert!(is_in_schema(code.as_str()), "{code}");
    }
}

#[test]
fn limits_are_the_codes() {
    let rows = [
        ("frame, either direction", limits::FRAME_BYTES_MAX, "bytes"),
        (
            "body of a message, as JSON writes it",
            limits::BODY_BYTES_MAX,
            "bytes",
        ),
        (
            "body of an ephemeral, as JSON writes it",
            limits::EPHEMERAL_BODY_BYTES_MAX,
            "bytes",
        ),
        ("nesting of maps and lists", limits::NESTING_MAX, "levels"),
        (
            "request of a connection over HTTP",
            limits::POLL_REQUEST_BYTES_MAX,
            "bytes",
        ),
        (
            "frames of one request over HTTP",
            limits::POLL_FRAMES_MAX,
            "frames",
        ),
        ("name", limits::ID_BYTES_MAX, "bytes"),
        ("conversation id", limits::CONV_ID_BYTES_MAX, "bytes"),
        ("kind", limits::KIND_BYTES_MAX, "bytes"),
        ("token", limits::TOKEN_BYTES_MAX, "bytes"),
        ("host, app version", limits::LABEL_BYTES_MAX, "bytes"),
        (
            "entries of a page or push",
            limits::PAGE_ENTRIES_MAX,
            "entries",
        ),
        (
            "entries of a page, if no limit is asked for",
            limits::PAGE_ENTRIES_DEFAULT,
            "entries",
        ),
        (
            "sends without an answer, on one connection",
            limits::SEND_WINDOW,
            "sends",
        ),
        (
            "entries pushed beyond the last ack",
            limits::PUSH_WINDOW,
            "entries",
        ),
        (
            "messages in the outbox",
            limits::OUTBOX_MESSAGES_MAX,
            "messages",
        ),
        (
            "entries that wait for the app",
            limits::INBOX_ENTRIES_MAX,
            "entries",
        ),
        (
            "entries kept aside ahead of a gap",
            limits::INBOX_EARLY_MAX,
            "entries",
        ),
        ("mentions of a message", limits::MENTIONS_MAX, "users"),
        (
            "users named in one change of a group",
            limits::GROUP_CHANGE_USERS_MAX,
            "users",
        ),
        (
            "title of a group or channel",
            limits::TITLE_BYTES_MAX,
            "bytes",
        ),
        (
            "announcement, as JSON writes it",
            limits::ANNOUNCEMENT_BYTES_MAX,
            "bytes",
        ),
        (
            "large conversations of one user",
            limits::CROWDS_PER_USER_MAX,
            "conversations",
        ),
        ("broadcasts of an app", limits::BROADCASTS_MAX, "broadcasts"),
        ("name of a method", limits::METHOD_BYTES_MAX, "bytes"),
        (
            "large conversations pulled at the same time",
            limits::CROWD_PULLS_MAX,
            "pulls",
        ),
        (
            "requests that wait for an answer",
            limits::REQUESTS_PENDING_MAX,
            "requests",
        ),
    ];
    for (what, limit, unit) in rows {
        let row = format!("\n| {what} | {} {unit} | ", with_commas(limit as u64));
        assert!(DOCUMENT.contains(&row), "no row {row}");
    }
    let row = format!(
        "\n| integers | {} | ",
        with_commas(limits::SAFE_INTEGER_MAX)
    );
    assert!(DOCUMENT.contains(&row), "no row {row}");
}

fn with_commas(number: u64) -> String {
    match number {
        0..1_000 => number.to_string(),
        _ => format!("{},{:03}", with_commas(number / 1_000), number % 1_000),
    }
}

#[test]
fn links_within_the_document_lead_somewhere() {
    let anchors: BTreeSet<_> = DOCUMENT
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| anchor(line.trim_start_matches('#').trim()))
        .collect();
    let mut links = 0;
    for (at, _) in DOCUMENT.match_indices("](#") {
        let link = DOCUMENT
            .get(at + 3..)
            .and_then(|rest| rest.split(')').next());
        let link = link.expect("a closing parenthesis");
        assert!(anchors.contains(link), "nothing has the anchor {link}");
        links += 1;
    }
    assert!(links > 20, "links were found");
}

fn anchor(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}
