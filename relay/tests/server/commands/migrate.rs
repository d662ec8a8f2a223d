use super::{code, on, stderr, stdout};
use crate::{postgres_server, support::Process, support::run};

#[test]
fn a_check_says_what_would_be_done_and_does_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let check = on(folder.path(), &["migrate", "--check"]);
    assert_eq!(code(&check), 1);
    assert!(stdout(&check).contains("step 1 (timelines): would be taken"));
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);

    let done = on(folder.path(), &["migrate"]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    assert!(stdout(&done).contains("step 1 (timelines) …"));
    assert!(stdout(&done).contains("2 steps"), "{}", stdout(&done));

    let check = on(folder.path(), &["migrate", "--check"]);
    assert_eq!(code(&check), 0, "{}", stderr(&check));
    assert!(stdout(&check).contains("up to date"));
    let again = on(folder.path(), &["migrate"]);
    assert!(stdout(&again).contains("was up to date"));
}

#[tokio::test]
async fn a_database_in_use_is_left_alone_and_can_be_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Process::serve(folder.path());
    let refused = on(folder.path(), &["migrate"]);
    assert_eq!(code(&refused), 1);
    assert!(stderr(&refused).contains("another relay is using"));
    let check = on(folder.path(), &["migrate", "--check"]);
    assert_eq!(code(&check), 0, "{}", stderr(&check));
    relay.kill();
}

#[tokio::test]
async fn a_schema_of_a_newer_relay_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(code(&on(folder.path(), &["migrate"])), 0);
    let options = sqlx::sqlite::SqliteConnectOptions::new();
    let options = options.filename(folder.path().join("seqline.db"));
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (999, 'of tomorrow', 1, x'00', 0)",
    )
    .execute(&pool)
    .await
    .unwrap();
    pool.close().await;
    for args in [&["migrate"][..], &["migrate", "--check"]] {
        let refused = on(folder.path(), args);
        assert_eq!(code(&refused), 1);
        assert!(stderr(&refused).contains("version 999, which is of a newer relay"));
    }
}

#[tokio::test]
async fn goes_for_postgresql_too() {
    let url = postgres_server::database().await;
    let args = ["migrate", "--database", &url];
    let check = run(&[&args[..], &["--check"]].concat(), &[]);
    assert_eq!(code(&check), 1, "{}", stderr(&check));
    let done = run(&args, &[]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    let check = run(&[&args[..], &["--check"]].concat(), &[]);
    assert_eq!(code(&check), 0, "{}", stderr(&check));
    assert!(stdout(&check).contains("PostgreSQL"), "{}", stdout(&check));
}
