use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
};

use seqline_relay::store::Database;
use sqlx::Connection as _;

use super::{code, on, sqlite, stderr, stdout};
use crate::{
    postgres_server,
    support::{BINARY, Process, Relay, Wish, run},
};

/// The numbering that a command told.
fn told(output: &Output) -> u64 {
    assert_eq!(code(output), 0, "{}", stderr(output));
    let last = stdout(output)
        .lines()
        .rfind(|line| line.contains("the epoch "));
    let words = last.expect("it is told").split_whitespace();
    words.filter_map(|word| word.parse().ok()).next().unwrap()
}

async fn execute(file: &Path, sql: &'static str) {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    let mut connection = sqlx::SqliteConnection::connect_with(&options)
        .await
        .unwrap();
    sqlx::query(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// A database on which a relay ran.
fn used(folder: &Path) {
    Process::serve(folder).terminate();
}

#[test]
fn a_file_gets_another_numbering_once_it_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    used(folder.path());
    let before = told(&on(folder.path(), &["epoch", "--check"]));

    let not_asked = on(folder.path(), &["epoch"]);
    assert_eq!(code(&not_asked), 2);
    assert!(stderr(&not_asked).contains("--yes"));
    assert_eq!(told(&on(folder.path(), &["epoch", "--check"])), before);

    let begun = on(folder.path(), &["epoch", "--yes"]);
    let now = told(&begun);
    assert!(stdout(&begun).contains(&format!("the epoch {before}\n")));
    assert_ne!(now, before);
    assert_eq!(told(&on(folder.path(), &["epoch", "--check"])), now);
}

#[test]
fn on_a_terminal_it_asks() {
    let folder = tempfile::tempdir().unwrap();
    used(folder.path());
    let before = told(&on(folder.path(), &["epoch", "--check"]));
    for (answer, expected) in [("no\n", 1), ("\n", 1), ("yes\n", 0)] {
        let command = format!("{BINARY} epoch --database {}", sqlite(folder.path()));
        let mut child = Command::new("script")
            .args(["--quiet", "--return", "--command", &command, "/dev/null"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut answers = child.stdin.take().unwrap();
        answers.write_all(answer.as_bytes()).unwrap();
        let asked = child.wait_with_output().unwrap();
        drop(answers);
        assert!(stdout(&asked).contains("Begin a new numbering?"));
        assert_eq!(code(&asked), expected, "{answer:?}: {}", stdout(&asked));
        let now = told(&on(folder.path(), &["epoch", "--check"]));
        assert_eq!(now != before, expected == 0, "{answer:?}");
    }
}

#[test]
fn what_has_no_numbering_or_a_relay_on_it_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let missing = on(folder.path(), &["epoch", "--yes"]);
    assert_eq!(code(&missing), 1);
    assert!(stderr(&missing).contains("there is no database"));
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);

    let other = tempfile::tempdir().unwrap();
    fs::write(other.path().join("seqline.db"), "").unwrap();
    let empty = on(other.path(), &["epoch", "--yes"]);
    assert_eq!(code(&empty), 1);
    assert!(stderr(&empty).contains("no tables of a relay"));

    let relay = Process::serve(folder.path());
    for flag in ["--yes", "--check"] {
        let refused = on(folder.path(), &["epoch", flag]);
        assert_eq!(code(&refused), 1);
        assert!(stderr(&refused).contains("another relay is using"));
    }
    relay.kill();
}

#[tokio::test]
async fn an_index_that_knows_of_more_than_there_is_goes() {
    let folder = tempfile::tempdir().unwrap();
    used(folder.path());
    let index = folder.path().join("seqline.db.search");
    let begun = on(folder.path(), &["epoch", "--yes"]);
    assert!(!stdout(&begun).contains("the index"));
    assert!(index.exists());

    // As of before the backup.
    let ahead = "INSERT OR REPLACE INTO progress (key, value) VALUES ('messages', 7)";
    execute(&index, ahead).await;
    let begun = on(folder.path(), &["epoch", "--yes"]);
    assert!(stdout(&begun).contains("the index"));
    assert!(!index.exists());

    fs::write(&index, "this is no index at all".repeat(99)).unwrap();
    told(&on(folder.path(), &["epoch", "--yes"]));
    assert!(!index.exists());
    used(folder.path());
}

#[tokio::test]
async fn a_server_gets_another_numbering_once_no_relay_is_on_it() {
    let url = postgres_server::database().await;
    // Beside the relay, whose sessions end by themselves when it is gone.
    let epoch = async |flag: &'static str| {
        let url = url.clone();
        let command = move || run(&["epoch", flag, "--database", &url], &[]);
        tokio::task::spawn_blocking(command).await.unwrap()
    };
    let empty = epoch("--yes").await;
    assert_eq!(code(&empty), 1);
    assert!(stderr(&empty).contains("no tables of a relay"));

    let wish = || Wish {
        database: Some(Database::Postgres(url.clone())),
        ..Wish::default()
    };
    let relay = Relay::start_with(wish()).await;
    let refused = epoch("--yes").await;
    assert_eq!(code(&refused), 1);
    let text = stderr(&refused);
    assert!(text.contains("sessions of relays are on"), "{text}");
    relay.running.stop().await;

    let before = told(&epoch("--check").await);
    let now = told(&epoch("--yes").await);
    assert_ne!(before, now);
    let relay = Relay::start_with(wish()).await;
    relay.running.stop().await;
    assert_eq!(told(&epoch("--check").await), now);
}
