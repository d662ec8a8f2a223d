//! Configuration files: any text is a configuration or a list of complaints, which show no secret.

use std::{cell::RefCell, fs, path::PathBuf};

use clap::{ArgMatches, CommandFactory as _};
use seqline_relay::{
    cli::Cli,
    config::{Settings, Sources},
};
use tempfile::TempDir;

/// Stands in the corpus where secrets do.
const SECRET: &str = "qwertzuiopasdfghjklyxcvbnmqwertz";

thread_local! {
    static FILE: RefCell<Option<(TempDir, PathBuf, ArgMatches)>> = const { RefCell::new(None) };
}

/// Whether the secret stands where no secret belongs, and may be quoted.
fn is_elsewhere(input: &[u8]) -> bool {
    let text = String::from_utf8_lossy(input);
    let mut lines = text.lines().filter(|line| line.contains(SECRET));
    !lines.all(|line| line.starts_with("secret = \""))
}

/// Reads one file.
pub fn run(input: &[u8]) {
    FILE.with_borrow_mut(|file| {
        let (_, path, matches) = file.get_or_insert_with(|| {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("relay.toml");
            let matches = Cli::command().get_matches_from(["seqline-relay", "serve"]);
            (folder, path, matches)
        });
        fs::write(&*path, input).expect("a file");
        let (_, flags) = matches.subcommand().expect("`serve`");
        let given = Settings {
            config: Some(path.clone()),
            ..Settings::default()
        };
        let complaint = match Sources::gather(given, flags, None).and_then(|all| all.check()) {
            Ok(config) => {
                assert!((1..=64).contains(&config.readers));
                assert!(config.is_dev || !config.apps.is_empty());
                assert!(config.commit_rules.crowd_members_min >= 2);
                return;
            }
            Err(error) => error.to_string(),
        };
        assert!(!complaint.is_empty());
        let shows = complaint.contains(SECRET) && !is_elsewhere(input);
        assert!(!shows, "shows a secret: {complaint}");
    });
}
