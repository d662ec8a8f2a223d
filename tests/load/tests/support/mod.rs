//! What the tests share.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test uses some of it, and stops where something is wrong"
)]

pub(crate) mod stalling;

use std::path::PathBuf;

use clap::Parser as _;
use seqline_load::{cli::Cli, failure::Failure, report::Report, run::measure};

/// The relay that is tried: as `npm test` names it, or as `cargo build -p seqline-relay` leaves it.
pub(crate) fn relay() -> PathBuf {
    let named = std::env::var_os("SEQLINE_RELAY_BINARY").map(PathBuf::from);
    let relay = named.unwrap_or_else(|| {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
        PathBuf::from(root).join("target/debug/seqline-relay")
    });
    assert!(
        relay.exists(),
        "there is no {}: run `cargo build -p seqline-relay` first",
        relay.display()
    );
    relay
}

/// What a command gives, run here.
pub(crate) async fn load(args: &[&str]) -> Report {
    try_load(args).await.unwrap()
}

/// The same, also if it comes to nothing.
pub(crate) async fn try_load(args: &[&str]) -> Result<Report, Failure> {
    let relay = relay();
    let relay = relay.to_str().unwrap();
    let common = ["--relay", relay, "--quiet", "--seed", "7"];
    let args = ["seqline-load"].iter().chain(args).chain(&common);
    let cli = Cli::try_parse_from(args).unwrap();
    measure(&cli).await
}
