//! The public mailbox.

use super::*;

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
