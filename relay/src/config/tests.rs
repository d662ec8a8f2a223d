//! Where values come from, which of them wins, and what is said of a bad one.

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
fn servers_of_apps_are_told_and_asked() {
    let file = format!(
        "[apps.told]\nsecret = \"{SECRET}\"\nwebhook_url = \"https://a.example/hook\"\n\
         webhook_secret = \"{SECRET}-told\"\n\
         [apps.asked]\nsecret = \"{SECRET}\"\ncheck_url = \"http://127.0.0.1:1/check\"\n\
         webhook_secret = \"{SECRET}-asked\"\ncheck_timeout_ms = 50\ncheck_default = \"accept\"\n\
         [apps.neither]\nsecret = \"{SECRET}\""
    );
    let config = load(&[], &file, None).unwrap();
    assert_eq!(config.apps.len(), 3);
    let told = AppId::new("told").unwrap();
    assert_eq!(config.webhooks.len(), 1);
    assert_eq!(config.webhooks[&told].url, "https://a.example/hook");
    assert_eq!(
        config.webhooks[&told].secret.expose(),
        format!("{SECRET}-told")
    );
    let check = &config.checks[&AppId::new("asked").unwrap()];
    assert_eq!(config.checks.len(), 1);
    assert_eq!(
        (check.timeout_ms, check.default),
        (50, CheckDefault::Accept)
    );
    assert!(!format!("{config:?}").contains(SECRET));
}

#[test]
fn an_app_whose_secret_is_elsewhere_needs_none_in_the_file() {
    let file =
        format!("[apps.NAME]\nwebhook_url = \"https://a.example/\"\nwebhook_secret = \"{SECRET}\"");
    let config = load(&["--dev"], &file.replace("NAME", "dev"), None).unwrap();
    assert_eq!(config.webhooks.len(), 1);
    let config = load(
        &["--app", "one"],
        &file.replace("NAME", "one"),
        Some(SECRET),
    )
    .unwrap();
    assert_eq!((config.apps.len(), config.webhooks.len()), (1, 1));
    let text = complaint(
        &["--app", "one"],
        &file.replace("NAME", "two"),
        Some(SECRET),
    );
    assert!(text.contains("apps.two.secret"), "{text}");
}

#[test]
fn a_server_that_cannot_be_told_or_asked_is_complained_of() {
    let cases = [
        (
            "webhook_url = \"ftp://a.example\"",
            "webhook_url",
            "https://",
        ),
        ("webhook_url = \"/hook\"", "webhook_url", "https://"),
        (
            "webhook_url = \"https://user:word@a.example/\"",
            "webhook_url",
            "signed",
        ),
        ("check_url = \"https://a b/\"", "check_url", "https://"),
        ("check_timeout_ms = 5", "check_url", "check_timeout_ms"),
        (
            "check_url = \"https://a.example\"\ncheck_timeout_ms = 0",
            "check_timeout_ms",
            "10000",
        ),
        (
            "check_url = \"https://a.example\"\ncheck_default = \"maybe\"",
            "check_default",
            "refuse",
        ),
    ];
    for (lines, field, way_out) in cases {
        let secrets = format!("secret = \"{SECRET}\"\nwebhook_secret = \"{SECRET}\"");
        let text = complaint(&[], &format!("[apps.one]\n{secrets}\n{lines}"), None);
        assert!(
            text.contains(field) && text.contains(way_out),
            "{lines}: {text}"
        );
        assert!(!text.contains(SECRET), "{text}");
    }
    for (secret, way_out) in [("", "signed"), ("webhook_secret = \"short\"", "32")] {
        let lines = format!("webhook_url = \"https://a.example\"\n{secret}");
        let file = format!("[apps.one]\nsecret = \"{SECRET}\"\n{lines}");
        let text = complaint(&[], &file, None);
        assert!(
            text.contains("apps.one.webhook_secret (from the file"),
            "{text}"
        );
        assert!(text.contains(way_out), "{text}");
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

#[test]
fn every_setting_of_an_app_is_in_the_reference() {
    let reference = include_str!("../../../docs/configuration.md");
    // An unknown key is refused with the list of all that there are.
    let text = complaint(&[], "[apps.one]\nno_such_key = 1", None);
    let keys: Vec<_> = text.split('`').skip(3).step_by(2).collect();
    assert!(keys.contains(&"check_default"), "{text}");
    for key in keys {
        assert!(reference.contains(&format!("\n| `{key}` |")), "{key}");
    }
}

#[test]
fn the_bus_fits_the_database() {
    let secret = format!("[apps.one]\nsecret = \"{SECRET}\"");
    let bus = |flags: &[&str]| load(flags, &secret, None).map(|config| config.bus);
    let postgres = ["--database", "postgres://u@h/d"];
    let with = |more: &[&'static str]| [&postgres[..], more].concat();
    assert_eq!(bus(&[]).unwrap(), BusChoice::None);
    assert_eq!(bus(&postgres).unwrap(), BusChoice::Postgres);
    assert_eq!(bus(&with(&["--bus", "none"])).unwrap(), BusChoice::None);
    let urls = ["--nats-urls", "nats://a:1,tls://u:sesame@b:2"];
    let BusChoice::Nats(settings) = bus(&with(&urls)).unwrap() else {
        panic!("NATS, since its servers are named");
    };
    assert_eq!(settings.servers.len(), 2);
    let file = format!("bus = \"nats\"\nnats_urls = [\"nats://a\"]\n{secret}");
    let config = load(&postgres, &file, None).unwrap();
    assert!(matches!(config.bus, BusChoice::Nats(_)));
    assert_eq!(config.sweep_interval, Duration::from_secs(5));
}

#[test]
fn a_bus_that_cannot_be_is_complained_of() {
    let secret = format!("[apps.one]\nsecret = \"{SECRET}\"");
    let postgres = "postgres://u@h/d";
    for (flags, expected) in [
        (&["--bus", "postgres"][..], "a SQLite file is one relay's"),
        (&["--database", postgres, "--bus", "nats"], "`nats_urls`"),
        (
            &["--database", postgres, "--nats-urls", "ftp://u:sesame@h:x"],
            "nats://HOST:PORT",
        ),
        (&["--sweep-interval-ms", "1"], "from 50 to 300000"),
    ] {
        let text = complaint(flags, &secret, None);
        assert!(text.contains(expected), "{text}");
        assert!(!text.contains("sesame"), "{text}");
    }
}

#[test]
fn a_standby_is_of_a_server() {
    let secret = format!("[apps.one]\nsecret = \"{SECRET}\"");
    let postgres = ["--database", "postgres://u@h/d", "--database-read-url"];
    let with = |url: &'static str| [&postgres[..], &[url]].concat();
    let config = load(&with("postgres://u@standby/d"), &secret, None).unwrap();
    assert!(config.database_read_url.is_some());
    for (flags, expected) in [
        (with("sqlite:x.db"), "a standby is at a postgres:// URL"),
        (with("u:sesame@h"), "is neither"),
        (
            postgres[2..]
                .iter()
                .copied()
                .chain(["postgres://h/d"])
                .collect(),
            "has no standby",
        ),
    ] {
        let text = complaint(&flags, &secret, None);
        assert!(
            text.contains("database_read_url") && text.contains(expected),
            "{text}"
        );
        assert!(!text.contains("sesame"), "{text}");
    }
}

#[test]
fn what_the_public_mailbox_goes_by() {
    let file = format!(
        "broadcast_attributes = [\"name\", \"city\"]\nbroadcast_tombstone_ttl = \"7d\"\n\
         [apps.one]\nsecret = \"{SECRET}\"\nwebhook_secret = \"{SECRET}\"\n\
         lookup_url = \"https://one.example/attributes\"\nlookup_ttl = \"1h\"\n\
         allow_list = [\"alice\", \"bob\"]"
    );
    let config = load(&["--broadcast-refresh-ms", "0"], &file, None).unwrap();
    assert_eq!(config.tombstone_ttl, Duration::from_secs(7 * 24 * 3600));
    let rules = config.public_rules;
    assert_eq!((rules.poll_ms, rules.refresh_ms), (1_000, None));
    assert_eq!(rules.reach_flush_ms, 30_000);
    assert!(rules.attribute_names.iter().eq(["city", "name"]));
    let app = AppId::new("one").unwrap();
    let listed = rules.allow_lists[&app].iter().map(UserId::as_str);
    assert!(listed.eq(["alice", "bob"]));
    let lookup = &rules.lookups[&app];
    assert_eq!(
        (lookup.timeout_ms, lookup.ttl),
        (500, Duration::from_secs(3600))
    );
}

#[test]
fn what_the_public_mailbox_cannot_go_by_is_complained_of() {
    let app = format!("[apps.one]\nsecret = \"{SECRET}\"\n");
    for (line, expected) in [
        (
            "lookup_url = \"https://one.example/\"",
            "apps.one.webhook_secret",
        ),
        ("lookup_ttl = \"1h\"", "apps.one.lookup_url"),
        ("lookup_ttl = \"soon\"", "apps.one.lookup_ttl"),
        ("lookup_timeout_ms = 6000", "from 1 to 5000"),
        ("allow_list = [\"no spaces please\"]", "apps.one.allow_list"),
    ] {
        let text = complaint(&[], &format!("{app}{line}"), None);
        assert!(text.contains(expected), "{line}: {text}");
    }
}
