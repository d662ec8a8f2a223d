use serde_json::Value;

use super::{code, on, stderr};
use crate::{postgres_server, support::run};

const BENCH: [&str; 5] = ["bench", "--seconds", "1", "--format", "json"];

fn is_measured(report: &[u8]) {
    let report: Value = serde_json::from_slice(report).unwrap();
    for figure in [
        "lone_commit_ms_median",
        "sends_per_second",
        "commits_per_second",
        "pulls_per_second",
        "loopback_round_trips_per_second",
    ] {
        assert!(report[figure].as_f64().unwrap() > 0.0, "{figure}: {report}");
    }
}

#[test]
fn measures_beside_the_data_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let output = on(folder.path(), &BENCH);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    is_measured(&output.stdout);
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[tokio::test]
async fn on_a_server_a_database_of_its_own_is_made_and_dropped() {
    let server = postgres_server::Server::start(false);
    let url = server.database().await;
    let output = run(&[&BENCH[..], &["--database", &url]].concat(), &[]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    is_measured(&output.stdout);
    let pool = sqlx::PgPool::connect(&url).await.unwrap();
    let left: i64 =
        sqlx::query_scalar("SELECT count(*) FROM pg_database WHERE datname LIKE '%scratch%'")
            .fetch_one(&pool)
            .await
            .unwrap();
    let tables: i64 =
        sqlx::query_scalar("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert_eq!((left, tables), (0, 0));
}
