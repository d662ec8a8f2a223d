//! Where values come from, which of them wins, and what is said of a bad one.

use std::io::Write as _;

use clap::{CommandFactory as _, FromArgMatches as _};

use seqline_protocol::AppId;

use super::{Config, ConfigError, Sources};
use crate::cli::{Cli, Command};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn load(flags: &[&str], file: &str, app_secret: Option<&str>) -> Result<Config, ConfigError> {
    let mut on_disk = tempfile::NamedTempFile::new().unwrap();
    on_disk.write_all(file.as_bytes()).unwrap();
    let path = on_disk.path().to_str().unwrap();
    let mut args = vec!["seqline-relay", "serve", "--config", path];
    args.extend(flags);
    let matches = Cli::command().get_matches_from(args);
    let Command::Serve(settings) = Cli::from_arg_matches(&matches).unwrap().command else {
        unreachable!()
    };
    let (_, flags) = matches.subcommand().unwrap();
    Sources::gather(settings, flags, app_secret.map(str::to_owned))?.check()
}

fn complaint(flags: &[&str], file: &str, app_secret: Option<&str>) -> String {
    load(flags, file, app_secret).unwrap_err().to_string()
}

#[test]
fn development_needs_nothing() {
    let config = load(&["--dev"], "", None).unwrap();
    assert!(config.is_dev);
    assert_eq!(config.listen.to_string(), "127.0.0.1:7340");
    assert_eq!(config.database.to_str(), Some("data/seqline.db"));
    assert_eq!(config.data_folder().to_str(), Some("data"));
    assert_eq!(config.heartbeat, seqline_protocol::Heartbeat::default());
}

#[test]
fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
    let file = "listen = \"127.0.0.1:1\"\ndrain_ms = 7\ndev = true\nlog = \"debug\"";
    let config = load(&["--listen", "127.0.0.1:2"], file, None).unwrap();
    assert_eq!(config.listen.port(), 2);
    assert_eq!(config.drain_rules.time_ms, 7);
    assert_eq!(config.drain_rules.reconnect_window_ms, 5_000);
    assert_eq!(config.log, "debug");
}

#[test]
fn apps_come_from_the_file_and_from_the_environment() {
    let file = format!("[apps.one]\nsecret = \"{SECRET}\"\n[apps.two]\nsecret = \"{SECRET}x\"");
    let config = load(&["--app", "three"], &file, Some(SECRET)).unwrap();
    let names: Vec<_> = config.apps.keys().map(AppId::as_str).collect();
    assert_eq!(names, ["one", "three", "two"]);
    assert!(
        !format!("{config:?}").contains(SECRET),
        "secrets are not printed"
    );
}

#[test]
fn a_bad_value_is_named_with_its_source_and_a_way_out() {
    let app = format!("[apps.one]\nsecret = \"{SECRET}\"\n");
    let app = app.as_str();
    let short = Some("short");
    /// Flags, file and secret; and what the complaint must contain.
    type Case<'a> = (&'a [&'a str], &'a str, Option<&'a str>, &'a [&'a str]);
    let cases: [Case<'_>; 12] = [
        (
            &[],
            "",
            None,
            &["apps (not set)", "SEQLINE_APP_SECRET", "--dev"],
        ),
        (
            &["--dev", "--listen", "0.0.0.0:1"],
            "",
            None,
            &["listen (from the flag --listen)", "127.0.0.1"],
        ),
        (
            &["--listen", "here"],
            app,
            None,
            &["listen", "\"here\"", "127.0.0.1:7340"],
        ),
        (
            &["--database", "mysql://x"],
            app,
            None,
            &["database", "--database", "sqlite:"],
        ),
        (&["--database", "sqlite::memory:"], app, None, &["database"]),
        (
            &["--app", "a b"],
            "",
            Some(SECRET),
            &["app (from the flag --app)", "letters"],
        ),
        (
            &["--app", "one"],
            "",
            short,
            &[
                "app_secret (from the environment variable SEQLINE_APP_SECRET)",
                "32",
            ],
        ),
        (&[], "", Some(SECRET), &["app_secret", "--app"]),
        (
            &[],
            "[apps.one]\nsecret = \"short\"",
            None,
            &["apps.one.secret (from the file", "openssl"],
        ),
        (&["--dev"], app, None, &["apps", "dev"]),
        (
            &["--allowed-origin", "chat.example"],
            app,
            None,
            &[
                "allowed_origins (from the flag --allowed-origins)",
                "https://",
            ],
        ),
        (
            &["--heartbeat-interval-ms", "5"],
            app,
            None,
            &["heartbeat_interval_ms", "100"],
        ),
    ];
    for (flags, file, app_secret, expected) in cases {
        let text = complaint(flags, file, app_secret);
        for part in expected {
            assert!(text.contains(part), "{part:?} is not in: {text}");
        }
        assert!(!text.contains(SECRET));
    }
}

#[test]
fn all_complaints_come_at_once() {
    let text = complaint(
        &["--listen", "x", "--database", "y"],
        "drain_ms = 9999999999",
        None,
    );
    for field in ["listen", "database", "drain_ms (from the file"] {
        assert!(text.contains(field), "{text}");
    }
}

#[test]
fn a_file_is_checked_to_the_letter() {
    let text = complaint(&[], "lisden = \"127.0.0.1:1\"", None);
    assert!(text.contains("lisden") && text.contains("line 1"), "{text}");
    let text = complaint(&[], "drain_ms = \"soon\"", None);
    assert!(text.contains("drain_ms"), "{text}");
    let missing =
        Cli::command().get_matches_from(["seqline-relay", "serve", "--config", "/nowhere.toml"]);
    let Command::Serve(settings) = Cli::from_arg_matches(&missing).unwrap().command else {
        unreachable!()
    };
    let (_, flags) = missing.subcommand().unwrap();
    let error = Sources::gather(settings, flags, None).unwrap_err();
    assert!(error.to_string().contains("/nowhere.toml"));
}

#[test]
fn times_of_tokens_have_units() {
    let ttl = |text: &str| {
        let args = ["seqline-relay", "token", "--user", "u", "--ttl", text];
        let matches = Cli::command().try_get_matches_from(args).ok()?;
        match Cli::from_arg_matches(&matches).unwrap().command {
            Command::Token(args) => Some(args.ttl),
            Command::Serve(_) => None,
        }
    };
    for (text, seconds) in [
        ("90s", Some(90)),
        ("90", Some(90)),
        ("15m", Some(900)),
        ("24h", Some(86_400)),
        ("30d", Some(2_592_000)),
        ("0s", None),
        ("h", None),
        ("1y", None),
        ("99999999999999999999d", None),
        ("-1s", None),
    ] {
        assert_eq!(ttl(text), seconds, "{text}");
    }
}

#[test]
fn every_setting_is_in_the_reference_with_its_three_names() {
    let reference = include_str!("../../../docs/configuration.md");
    let command = Cli::command();
    let serve = command.find_subcommand("serve").unwrap();
    for arg in serve.get_arguments() {
        let Some(env) = arg.get_env().and_then(|env| env.to_str()) else {
            continue;
        };
        let flag = format!("`--{}", arg.get_long().unwrap());
        let row = reference
            .lines()
            .find(|line| line.contains(&format!("`{env}`")))
            .unwrap_or_else(|| panic!("{env} is not in docs/configuration.md"));
        assert!(row.contains(&flag), "{flag}: {row}");
        let key = arg.get_id().as_str();
        assert!(
            key == "config" || row.starts_with(&format!("| `{key}` |")),
            "{key}: {row}"
        );
    }
}
