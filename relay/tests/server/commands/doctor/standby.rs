use serde_json::Value;

use super::{DOCTOR, found, report};
use crate::{
    postgres_server::{Server, on_standby},
    support::run,
};

fn look(database: &str, standby: &str) -> Value {
    let own = ["--dev", "--listen", "127.0.0.1:0", "--database", database];
    let read = ["--database-read-url", standby];
    report(&run(&[&DOCTOR[..], &own, &read].concat(), &[]))
}

#[tokio::test]
async fn has_to_follow_this_very_database() {
    let server = Server::start(false);
    server.command("make-standby");
    let url = server.database().await;
    let other = server.database().await;
    for database in [&url, &other] {
        let migrated = run(&["migrate", "--database", database], &[]);
        assert!(migrated.status.success());
        // What gives a database its numbering.
        let numbered = run(&["epoch", "--yes", "--database", database], &[]);
        assert!(numbered.status.success());
    }
    let verdict = |standby: &str| {
        let report = look(&url, standby);
        let (verdict, finding) = found(&report, "standby")[0];
        (verdict.to_owned(), finding.to_owned())
    };
    assert_eq!(verdict(&on_standby(&url)).0, "ok");
    let away = verdict("postgres://nobody:sesame@127.0.0.1:1/none");
    assert_eq!(away.0, "warning");
    assert!(!away.1.contains("sesame"));
    let of_other = verdict(&on_standby(&other));
    assert_eq!(of_other.0, "failed");
    assert!(of_other.1.contains("other_database"), "{of_other:?}");
    let primary = verdict(&url);
    assert_eq!(primary.0, "failed");
    assert!(primary.1.contains("is no standby"), "{primary:?}");
}
