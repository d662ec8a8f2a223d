//! The command line.

use clap::{Args, Parser, Subcommand};

use crate::{
    auth::Scope,
    config::{Settings, parse_time_s},
};

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
