//! The sub-commands beside `serve`: what they print, what they change, how they end.

mod bench;
mod completions;
mod doctor;
mod documents;
mod epoch;
mod migrate;
mod settings;

use std::{path::Path, process::Output};

use crate::support::run;

/// The binary on the database of a folder.
fn on(folder: &Path, args: &[&str]) -> Output {
    let database = sqlite(folder);
    run(&[args, &["--database", &database]].concat(), &[])
}

fn sqlite(folder: &Path) -> String {
    format!("sqlite:{}/seqline.db", folder.display())
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

#[test]
fn what_cannot_be_asked_for_ends_with_2_and_what_fails_with_1() {
    let folder = tempfile::tempdir().unwrap();
    let unknown = on(folder.path(), &["doctor", "--no-such-flag"]);
    assert_eq!(code(&unknown), 2, "{}", stderr(&unknown));
    let unusable = on(folder.path(), &["serve", "--dev", "--listen", "nowhere"]);
    assert_eq!(code(&unusable), 2, "{}", stderr(&unusable));
    assert!(stderr(&unusable).contains("listen (from the flag --listen)"));
    let nowhere = run(&["migrate", "--database", "sqlite:/proc/none/x.db"], &[]);
    assert_eq!(code(&nowhere), 1, "{}", stderr(&nowhere));
    assert!(
        stderr(&nowhere).contains("/proc/none"),
        "{}",
        stderr(&nowhere)
    );
}
