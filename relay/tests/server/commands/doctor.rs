mod bus;
mod standby;

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt as _, process::Output};

use serde_json::Value;

use super::{code, on, sqlite, stderr};
use crate::{postgres_server, support::Process, support::run};

fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", stderr(output)))
}

/// The verdict of a check, and what was found.
fn found<'a>(report: &'a Value, check: &str) -> Vec<(&'a str, &'a str)> {
    let all = report["checks"].as_array().unwrap().iter();
    all.filter(|one| one["check"] == check)
        .map(|one| {
            let text = |field: &str| one[field].as_str().unwrap();
            (text("verdict"), text("finding"))
        })
        .collect()
}

const DOCTOR: [&str; 3] = ["doctor", "--format", "json"];

#[test]
fn a_first_look_is_well_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let flags = ["--dev", "--listen", "127.0.0.1:0"];
    let output = on(folder.path(), &[&DOCTOR[..], &flags].concat());
    let report = report(&output);
    assert_eq!(code(&output), 0, "{report}");
    assert_eq!(report["is_well"], true);
    assert_eq!(found(&report, "settings")[0].0, "ok");
    assert_eq!(found(&report, "secrets")[0].0, "warning");
    assert_eq!(found(&report, "listen")[0].0, "ok");
    assert_eq!(found(&report, "durability")[0].0, "ok");
    assert!(
        found(&report, "database")[0]
            .1
            .contains("there is no file yet")
    );
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[test]
fn every_setting_that_cannot_be_used_is_named_and_the_rest_is_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let flags = ["--dev", "--listen", "nowhere", "--readers", "1000"];
    let output = on(folder.path(), &[&DOCTOR[..], &flags].concat());
    assert_eq!(code(&output), 1);
    let report = report(&output);
    let settings = found(&report, "settings");
    assert_eq!(settings.len(), 2, "{report}");
    assert!(settings.iter().all(|(verdict, _)| *verdict == "failed"));
    assert_eq!(found(&report, "data folder")[0].0, "ok");
    assert_eq!(found(&report, "database")[0].0, "ok");
}

#[test]
fn says_who_can_read_the_secrets_and_what_listens_already() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("seqline.toml");
    let secret = "0123456789abcdef0123456789abcdef";
    fs::write(&config, format!("[apps.a]\nsecret = \"{secret}\"\n")).unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let shown = config.to_str().unwrap();
    let flags = ["--config", shown, "--listen", &address];
    for (mode, verdicts) in [(0o644, &["ok", "warning"][..]), (0o640, &["ok"])] {
        fs::set_permissions(&config, fs::Permissions::from_mode(mode)).unwrap();
        let output = on(folder.path(), &[&DOCTOR[..], &flags].concat());
        let report = report(&output);
        let secrets = found(&report, "secrets").into_iter();
        assert_eq!(
            secrets.map(|(verdict, _)| verdict).collect::<Vec<_>>(),
            verdicts
        );
        assert_eq!(found(&report, "listen")[0].0, "warning");
        assert!(!report.to_string().contains(secret));
    }
}

#[test]
fn a_relay_that_runs_is_no_trouble_and_a_broken_file_is() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Process::serve(folder.path());
    let flags = ["--dev", "--listen", "127.0.0.1:0"];
    let output = on(folder.path(), &[&DOCTOR[..], &flags].concat());
    let report_of_running = report(&output);
    assert_eq!(code(&output), 0, "{report_of_running}");
    assert!(
        found(&report_of_running, "database")[0]
            .1
            .contains("is using the file")
    );
    assert_eq!(found(&report_of_running, "schema")[0], ("ok", "up to date"));
    relay.kill();

    fs::write(
        folder.path().join("seqline.db"),
        "this is no database at all".repeat(99),
    )
    .unwrap();
    let output = on(folder.path(), &[&DOCTOR[..], &flags].concat());
    assert_eq!(code(&output), 1);
    assert_eq!(found(&report(&output), "database")[0].0, "failed");
}

/// The tests' server is set not to sync.
#[tokio::test]
async fn a_server_that_could_lose_what_was_acknowledged_is_refused() {
    let url = postgres_server::database().await;
    let flags = ["--dev", "--listen", "127.0.0.1:0", "--database", &url];
    let output = run(&[&DOCTOR[..], &flags].concat(), &[]);
    let report_of_server = report(&output);
    assert_eq!(code(&output), 1, "{report_of_server}");
    let durability = found(&report_of_server, "durability");
    assert!(
        durability
            .iter()
            .any(|(verdict, text)| *verdict == "failed" && text.contains("fsync"))
    );
    assert!(
        found(&report_of_server, "database")[0]
            .1
            .contains("PostgreSQL")
    );
    assert_eq!(found(&report_of_server, "clock")[0].0, "ok");
    assert_eq!(found(&report_of_server, "connections")[0].0, "ok");

    let gone = "postgres://nobody:sesame@127.0.0.1:1/none";
    let flags = ["--dev", "--listen", "127.0.0.1:0", "--database", gone];
    let output = run(&[&DOCTOR[..], &flags].concat(), &[]);
    let report = report(&output);
    assert_eq!(code(&output), 1);
    assert_eq!(found(&report, "database")[0].0, "failed");
    assert!(!report.to_string().contains("sesame"), "{report}");
}

#[test]
fn people_are_told_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let database = sqlite(folder.path());
    let output = run(&["doctor", "--database", &database], &[]);
    let text = std::str::from_utf8(&output.stdout).unwrap();
    assert!(text.contains("FAILED   settings"), "{text}");
    assert!(text.contains("→ "), "{text}");
    assert!(text.contains("1 failed"), "{text}");
}
