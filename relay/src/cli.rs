//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::{
    auth::Scope,
    config::{Settings, parse_time_s},
};

/// The thin server behind Seqline.
///
/// Keeps a private timeline for every user, in one SQLite file or in PostgreSQL, and tells the
/// devices that are connected. For a first look: `seqline-relay serve --dev`.
#[derive(Debug, Parser)]
#[command(
    version,
    propagate_version = true,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 done; 1 failed, or what was looked at is not well; 2 a flag or \
                  setting that cannot be used."
)]
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
    /// Bring the database's schema up to date, or say what that would do. `serve` does it too.
    Migrate(MigrateArgs),
    /// Begin a new numbering in a restored database, so that devices start over and miss nothing.
    Epoch(EpochArgs),
    /// Look at settings, database and machine, and say what is wrong and what to do.
    Doctor(DoctorArgs),
    /// Measure what this machine's storage and loopback can do, in a database that is thrown away.
    Bench(BenchArgs),
    /// Print each setting with its value and where that came from. Secrets are not shown.
    Settings(SettingsArgs),
    /// Print a script that completes this command line in a shell.
    Completions {
        /// Which shell's.
        shell: Shell,
    },
}

/// How a schema is brought up to date.
#[derive(Debug, Args)]
pub struct MigrateArgs {
    /// Change nothing: say what would be done. Ends with 1 if there is anything.
    #[arg(long)]
    pub check: bool,

    /// Where the database is: the same settings as `serve` has.
    #[command(flatten)]
    pub settings: Settings,
}

/// How a new numbering is begun.
#[derive(Debug, Args)]
pub struct EpochArgs {
    /// Change nothing: say which numbering there is.
    #[arg(long, conflicts_with = "yes")]
    pub check: bool,

    /// Do not ask: for scripts.
    #[arg(long)]
    pub yes: bool,

    /// Where the database is: the same settings as `serve` has.
    #[command(flatten)]
    pub settings: Settings,
}

/// What is looked at.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// How it is told.
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "human")]
    pub format: ReportFormat,

    /// What is looked at: the same settings as `serve` has.
    #[command(flatten)]
    pub settings: Settings,
}

/// What is measured.
#[derive(Debug, Args)]
pub struct BenchArgs {
    /// Time for each of the four measurements, in seconds: from 1 to 60.
    #[arg(long, value_name = "SECONDS", default_value = "3",
          value_parser = clap::value_parser!(u64).range(1..=60))]
    pub seconds: u64,

    /// How it is told.
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "human")]
    pub format: ReportFormat,

    /// Where: beside the database's file, or on its server, by the settings that `serve` has.
    #[command(flatten)]
    pub settings: Settings,
}

/// What is printed of the settings.
#[derive(Debug, Args)]
pub struct SettingsArgs {
    /// How they are told.
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "human")]
    pub format: ReportFormat,

    /// The settings.
    #[command(flatten)]
    pub settings: Settings,
}

/// How a report is written to stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For people.
    Human,
    /// One JSON object.
    Json,
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

    /// What more it says of the user.
    #[command(flatten)]
    pub profile: ProfileArgs,

    /// Where the secrets are: the same settings as `serve` has.
    #[command(flatten)]
    pub settings: Settings,
}

/// What a token says of a user, by which broadcasts are chosen and filled in.
#[derive(Debug, Args)]
pub struct ProfileArgs {
    /// The user has not logged in.
    #[arg(long)]
    pub guest: bool,

    /// Segments that the user is in, separated by commas.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub segments: Vec<String>,

    /// A text for `{{NAME}}` in broadcasts; any number of them.
    #[arg(long = "attribute", value_name = "NAME=TEXT", value_parser = parse_attribute)]
    pub attributes: Vec<(String, String)>,
}

fn parse_attribute(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("it is NAME=TEXT")?;
    Ok((name.to_owned(), value.to_owned()))
}
