use std::fs;

use serde_json::Value;

use super::{code, stderr, stdout};
use crate::support::run;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

#[test]
fn shows_each_value_and_where_it_came_from_and_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("seqline.toml");
    let text = format!(
        "readers = 7\nallowed_origins = [\"https://a.example\", \"https://b.example\"]\n\
         database = \"postgres://u:{SECRET}@host/db\"\n[apps.chat]\nsecret = \"{SECRET}\"\n"
    );
    fs::write(&config, text).unwrap();
    let config = config.to_str().unwrap();
    let args = [
        "settings",
        "--config",
        config,
        "--drain-ms",
        "9",
        "--format",
        "json",
    ];
    let output = run(&args, &[("SEQLINE_LOG", "debug")]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(!stdout(&output).contains(SECRET));
    let rows: Value = serde_json::from_slice(&output.stdout).unwrap();
    let of = |setting: &str| -> (Option<&str>, &str) {
        let mut rows = rows.as_array().unwrap().iter();
        let row = rows.find(|row| row["setting"] == setting).unwrap();
        (row["value"].as_str(), row["origin"].as_str().unwrap())
    };
    assert_eq!(of("drain_ms"), (Some("9"), "from the flag --drain-ms"));
    let (value, origin) = of("log");
    assert_eq!(value, Some("debug"));
    assert_eq!(origin, "from the environment variable SEQLINE_LOG");
    let (value, origin) = of("readers");
    assert_eq!(value, Some("7"));
    assert_eq!(origin, format!("from the file {config}"));
    let (value, _) = of("allowed_origins");
    assert_eq!(value, Some("https://a.example,https://b.example"));
    assert_eq!(of("database").0, Some("postgres://(hidden)@host/db"));
    assert_eq!(of("listen"), (Some("127.0.0.1:7340"), "default"));
    assert_eq!(of("apps.chat.secret").0, Some("(hidden)"));
}

#[test]
fn settings_that_cannot_be_used_are_not_shown_as_if_they_could() {
    let output = run(&["settings", "--dev", "--readers", "0"], &[]);
    assert_eq!(code(&output), 2);
    assert!(stdout(&output).is_empty());
    assert!(stderr(&output).contains("readers"));
}
