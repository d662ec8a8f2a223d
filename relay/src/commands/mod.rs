//! What `seqline-relay` does at the command line: a file for each sub-command.

mod bench;
mod completions;
mod doctor;
mod epoch;
mod folder;
mod migrate;
mod serve;
mod settings;
mod token;

use std::{collections::BTreeMap, io, process::ExitCode};

use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _};
use seqline_protocol::{AppId, Secret};

use crate::{
    auth::Keyring,
    cli::{Cli, Command},
    config::{Config, ConfigError, Settings, Sources},
    dev_secret,
    entropy::SystemEntropy,
    http::DEV_APP,
};

type Failure = Box<dyn std::error::Error>;

/// How a command ended that did what it was asked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// All is well.
    Done,
    /// What was looked at is not well; it was said how.
    NotWell,
}

/// What was asked for cannot be: a flag, a setting or a file of settings.
const EXIT_USAGE: u8 = 2;

/// Does what the command line says. The exit code is 0 if it is done, 1 if it failed or what was
/// looked at is not well, 2 if it could not begin: a wrong flag or setting.
#[must_use]
pub fn run() -> ExitCode {
    let matches = Cli::command().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let flags = matches.subcommand().map_or(&matches, |(_, flags)| flags);
    let done = match cli.command {
        Command::Serve(settings) => serve::run(settings, flags).map(|()| Outcome::Done),
        Command::Token(args) => token::run(args, flags).map(|()| Outcome::Done),
        Command::Migrate(args) => migrate::run(args, flags),
        Command::Epoch(args) => epoch::run(args, flags),
        Command::Doctor(args) => doctor::run(args, flags),
        Command::Bench(args) => bench::run(args, flags).map(|()| Outcome::Done),
        Command::Settings(args) => settings::run(args, flags).map(|()| Outcome::Done),
        Command::Completions { shell } => completions::run(shell).map(|()| Outcome::Done),
    };
    match done {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::NotWell) => ExitCode::FAILURE,
        // Whoever read what was printed has had enough.
        Err(error) if is_broken_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("seqline-relay: {error}");
            if error.is::<ConfigError>() || error.is::<epoch::NotAsked>() {
                ExitCode::from(EXIT_USAGE)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

fn is_broken_pipe(error: &(dyn std::error::Error + 'static)) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn gather(settings: Settings, flags: &ArgMatches) -> Result<Sources, ConfigError> {
    let app_secret = std::env::var("SEQLINE_APP_SECRET").ok();
    Sources::gather(settings, flags, app_secret)
}

fn configure(settings: Settings, flags: &ArgMatches) -> Result<Config, ConfigError> {
    gather(settings, flags)?.check()
}

fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
}

fn keyring(config: &Config) -> Result<Keyring, Failure> {
    if config.is_dev {
        let folder = config.data_folder();
        let secret = dev_secret::load(&folder, &SystemEntropy).map_err(|error| {
            format!(
                "cannot keep the secret of `dev` in {}: {error}",
                folder.display()
            )
        })?;
        return Ok(Keyring::new([(&dev_app(), secret.expose())]));
    }
    Ok(Keyring::new(exposed(&config.apps)).with_previous(exposed(&config.previous_secrets)))
}

fn exposed(secrets: &BTreeMap<AppId, Secret>) -> impl Iterator<Item = (&AppId, &str)> {
    secrets.iter().map(|(app, secret)| (app, secret.expose()))
}

fn dev_app() -> AppId {
    AppId::new(DEV_APP).expect("a valid id")
}
