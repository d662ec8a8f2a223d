//! Where values come from, which of them wins, and what is said of a bad one.

mod apps;
mod broadcasts;
mod fleet;
mod reference;

use std::{io::Write as _, time::Duration};

use clap::{CommandFactory as _, FromArgMatches as _};

use seqline_protocol::{AppId, UserId};

use super::{Config, ConfigError, Sources};
use crate::{
    bus::BusChoice,
    check::CheckDefault,
    cli::{Cli, Command},
    session::DevicePolicy,
    store::Database,
};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn load(flags: &[&str], file: &str, app_secret: Option<&str>) -> Result<Config, ConfigError> {
    gather(flags, file, app_secret)?.check()
}

fn gather(flags: &[&str], file: &str, app_secret: Option<&str>) -> Result<Sources, ConfigError> {
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
    Sources::gather(settings, flags, app_secret.map(str::to_owned))
}

fn complaint(flags: &[&str], file: &str, app_secret: Option<&str>) -> String {
    load(flags, file, app_secret).unwrap_err().to_string()
}

#[test]
fn development_needs_nothing() {
    let config = load(&["--dev"], "", None).unwrap();
    assert!(config.is_dev);
    assert_eq!(config.listen.to_string(), "127.0.0.1:7340");
    assert_eq!(config.database, Database::Sqlite("data/seqline.db".into()));
    assert_eq!(config.data_folder().to_str(), Some("data"));
    assert_eq!(config.heartbeat, seqline_protocol::Heartbeat::default());
}

#[test]
fn whoever_sets_an_interval_and_no_bound_gets_that_one() {
    let heartbeat = |flags: &[&str]| {
        let mut args = vec!["--dev"];
        args.extend(flags);
        let heartbeat = load(&args, "", None).unwrap().heartbeat;
        let bounds = heartbeat.bounds.unwrap();
        (
            [heartbeat.interval_ms, heartbeat.background_interval_ms],
            [
                bounds.interval_ms_min,
                bounds.interval_ms_max,
                bounds.background_interval_ms_max,
            ],
        )
    };
    assert_eq!(
        heartbeat(&["--heartbeat-interval-ms", "1000"]),
        ([1_000, 55_000], [1_000, 1_000, 240_000])
    );
    assert_eq!(
        heartbeat(&["--heartbeat-background-interval-ms", "30000"]),
        ([25_000, 30_000], [15_000, 55_000, 30_000])
    );
    assert_eq!(
        heartbeat(&[
            "--heartbeat-interval-ms=30000",
            "--heartbeat-interval-ms-max=90000",
        ]),
        ([30_000, 55_000], [15_000, 90_000, 240_000])
    );
    assert_eq!(
        heartbeat(&[
            "--heartbeat-interval-ms-max=20000",
            "--heartbeat-background-interval-ms-max=20000",
        ]),
        ([20_000, 20_000], [15_000, 20_000, 20_000])
    );
    assert_eq!(
        heartbeat(&["--heartbeat-interval-ms-min=40000"]),
        ([40_000, 55_000], [40_000, 55_000, 240_000])
    );
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
    let cases: [Case<'_>; 19] = [
        (
            &["--sync-ttl", "soon"],
            app,
            None,
            &["sync_ttl", "\"soon\"", "30d"],
        ),
        (
            &["--sync-ttl", "59s"],
            app,
            None,
            &["sync_ttl", "--sync-ttl", "60s"],
        ),
        (
            &["--broadcast-poll-ms", "1"],
            app,
            None,
            &["broadcast_poll_ms", "--broadcast-poll-ms", "10"],
        ),
        (
            &["--broadcast-attributes", "name,first name"],
            app,
            None,
            &["broadcast_attributes", "\"first name\"", "letters"],
        ),
        (
            &["--crowd-members-min", "1"],
            app,
            None,
            &["crowd_members_min", "2"],
        ),
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
            &["database", "--database", "sqlite:", "postgres://"],
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
        (
            &[
                "--heartbeat-interval-ms=30000",
                "--heartbeat-interval-ms-max=20000",
            ],
            app,
            None,
            &["heartbeat_interval_ms (from the flag", "30000", "20000"],
        ),
        (
            &["--heartbeat-interval-ms-min=60000"],
            app,
            None,
            &["heartbeat_interval_ms_min", "60000", "lower it"],
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
fn a_secret_may_have_one_before_it() {
    let app =
        |before: &str| format!("[apps.one]\nsecret = \"{SECRET}\"\nprevious_secret = \"{before}\"");
    let before = format!("{SECRET}, before");
    let config = load(&[], &app(&before), None).unwrap();
    let one = AppId::new("one").unwrap();
    assert_eq!(config.previous_secrets[&one].expose(), before);
    let text = complaint(&[], &app("short"), None);
    assert!(
        text.contains("apps.one.previous_secret") && text.contains("32"),
        "{text}"
    );
}

#[test]
fn no_complaint_shows_a_secret() {
    let password = format!("mysql://u:{SECRET}@host/db");
    for (flags, file) in [
        (&[][..], format!("[apps.one]\nsecret = \"{SECRET}")),
        (&[], format!("[apps.one]\nsecrets = \"{SECRET}\"")),
        (&[], format!("[apps.one]\nsecret = [\"{SECRET}\"]")),
        (&["--database", password.as_str()], String::new()),
    ] {
        let text = complaint(flags, &file, None);
        assert!(!text.contains(SECRET), "{text}");
        assert!(
            flags.len() == 2 || text.contains("line 2"),
            "says where: {text}"
        );
    }
    let file = format!("[apps.one]\nsecret = \"{SECRET}\"\nwebhook_secret = \"{SECRET}\"");
    let sources = gather(&["--app", "two"], &file, Some(SECRET)).unwrap();
    assert!(!format!("{sources:?}").contains(SECRET));
}

#[test]
fn what_groups_and_devices_go_by() {
    let config = load(&["--dev"], "", None).unwrap();
    let rules = &config.commit_rules;
    assert_eq!(config.sync_ttl, Duration::from_secs(30 * 24 * 3600));
    assert_eq!(config.devices, DevicePolicy::Any);
    assert_eq!(
        (
            rules.edit_window_ms,
            rules.crowd_members_min,
            rules.group_members_max
        ),
        (900_000, 500, 100_000)
    );
    assert_eq!(
        (rules.receipt_members_max, rules.shows_history_to_new),
        (100, false)
    );
    let file = "sync_ttl = \"2h\"\ndevices = \"one_per_platform\"\nhistory_for_new = true\n\
                crowd_members_min = 3\nedit_window_ms = 0";
    let flags = [
        "--dev",
        "--group-members-max",
        "7",
        "--receipt-members-max=5",
    ];
    let config = load(&flags, file, None).unwrap();
    let rules = &config.commit_rules;
    assert_eq!(config.sync_ttl, Duration::from_secs(7200));
    assert_eq!(config.devices, DevicePolicy::OnePerPlatform);
    assert_eq!(
        (
            rules.edit_window_ms,
            rules.crowd_members_min,
            rules.group_members_max
        ),
        (0, 3, 7)
    );
    assert_eq!(
        (rules.receipt_members_max, rules.shows_history_to_new),
        (5, true)
    );
    let config = load(
        &["--dev", "--devices", "one", "--history-for-new"],
        "",
        None,
    )
    .unwrap();
    assert_eq!(config.devices, DevicePolicy::One);
    assert!(config.commit_rules.shows_history_to_new);
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
            _ => None,
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
