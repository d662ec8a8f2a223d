//! What a relay shares with others: database, standby, bus.

use super::*;

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
