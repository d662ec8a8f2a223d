//! The binary: what it prints, what it refuses, and how it ends.

use std::process::Output;

use crate::support::{Client, Process, cannot_serve, run};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

#[tokio::test]
async fn serves_until_it_is_told_to_stop_and_then_ends_well() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Process::serve(folder.path());
    let address = relay.address;
    let (status, rest) = relay.terminate();
    assert!(status.success());
    assert_eq!(
        rest,
        format!(
            "Open http://{address}/ in two browser windows\n\
             Open http://{address}/console to write to all users\n"
        )
    );
}

#[tokio::test]
async fn a_development_token_stays_valid_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}/seqline.db", folder.path().display());
    let args = [
        "token",
        "--dev",
        "--user",
        "alice",
        "--ttl",
        "1h",
        "--database",
        &database,
    ];
    let token = String::from_utf8(run(&args, &[]).stdout).unwrap();
    for _ in 0..2 {
        let relay = Process::serve(folder.path());
        let mut client = Client::dial(&relay.url()).await;
        let welcome = client.hello(token.trim(), "phone", None).await;
        assert_eq!(
            (welcome.app.as_str(), welcome.user.as_str()),
            ("dev", "alice")
        );
        relay.kill();
    }
}

#[test]
fn will_not_start_without_an_app_or_with_a_short_secret() {
    let none = run(&["serve"], &[]);
    assert!(!none.status.success());
    assert!(
        stderr(&none).contains("SEQLINE_APP_SECRET"),
        "{}",
        stderr(&none)
    );
    let short = run(
        &["serve"],
        &[("SEQLINE_APP", "a"), ("SEQLINE_APP_SECRET", "short")],
    );
    assert!(!short.status.success());
    let text = stderr(&short);
    assert!(
        text.contains("app_secret (from the environment variable"),
        "{text}"
    );
    let open = run(&["serve", "--dev", "--listen", "0.0.0.0:0"], &[]);
    assert!(!open.status.success());
    assert!(stderr(&open).contains("loopback") || stderr(&open).contains("other machines"));
}

#[test]
fn signs_tokens_for_the_configured_apps_only() {
    let env = [("SEQLINE_APP", "chat"), ("SEQLINE_APP_SECRET", SECRET)];
    let token = run(&["token", "--user", "alice", "--scope", "server"], &env);
    assert!(token.status.success(), "{}", stderr(&token));
    assert_eq!(token.stdout.iter().filter(|byte| **byte == b'.').count(), 2);
    let told = [
        "token",
        "--user",
        "alice",
        "--guest",
        "--segments",
        "gold,eu",
        "--attribute",
        "name=Al=ice",
    ];
    assert!(run(&told, &env).status.success());
    for (bad, reason) in [
        (
            ["token", "--user", "alice", "--segments", "two words"],
            "`segments`",
        ),
        (
            ["token", "--user", "alice", "--attribute", "name"],
            "NAME=TEXT",
        ),
    ] {
        assert!(stderr(&run(&bad, &env)).contains(reason));
    }
    let bad_user = run(&["token", "--user", "a b"], &env);
    assert!(stderr(&bad_user).contains("--user"));
    let env = [("SEQLINE_APP_SECRET", SECRET)];
    assert!(stderr(&run(&["token", "--user", "alice"], &env)).contains("SEQLINE_APP"));
}

#[test]
fn a_database_that_is_in_use_is_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Process::serve(folder.path());
    let second = cannot_serve(folder.path(), &[]);
    assert!(
        stderr(&second).contains("another relay is using"),
        "{}",
        stderr(&second)
    );
    drop(relay);
}
