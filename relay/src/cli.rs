//! The command line.

use clap::{Args, Parser, Subcommand};

use crate::{auth::Scope, config::Settings};

/// The thin server behind Seqline.
///
/// Keeps a private timeline for every user in one SQLite file, and tells the devices that
/// are connected. For a first look: `seqline-relay serve --dev`.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the relay until SIGTERM or Ctrl-C; a second one ends it at once.
    Serve(Settings),
    /// Sign a token with an app's secret, and print it. With `--dev`: the app `dev`'s.
    Token(TokenArgs),
}

/// A token to sign.
#[derive(Debug, Args)]
pub struct TokenArgs {
    /// The user whom it is for.
    #[arg(long, value_name = "USER")]
    pub user: String,

    /// What it may be used for.
    #[arg(long, value_enum, default_value = "user")]
    pub scope: Scope,

    /// How long it is valid: a number with s, m, h or d.
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = parse_time_s)]
    pub ttl: u64,

    /// Where the secrets are: the same settings as `serve` has.
    #[command(flatten)]
    pub settings: Settings,
}

fn parse_time_s(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text:?} is not a time such as 90s, 15m, 24h or 30d");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit_s = match text.strip_prefix(digits) {
        Some("s" | "") => 1,
        Some("m") => 60,
        Some("h") => 3600,
        Some("d") => 24 * 3600,
        _ => return Err(wrong()),
    };
    let count: u64 = digits.parse().map_err(|_| wrong())?;
    count
        .checked_mul(unit_s)
        .filter(|time_s| (1..=3650 * 24 * 3600).contains(time_s))
        .ok_or_else(|| format!("{text:?} is not between 1s and 3650d"))
}
