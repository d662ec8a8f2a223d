//! Apps: their secrets, and the servers that are told and asked.

use super::*;

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
