//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::{peers::Peer, scenarios::storm::Cause, schedule::Arrivals};

/// Puts load on a Seqline relay with real clients, and says what came of it.
///
/// Starts a relay with a temporary database, unless told where one is. Times are measured from
/// when something was to be done, so a relay that stalls cannot hide it. Writes a table to
/// standard output, and JSON and a chart (SVG) to a folder.
///
/// Exit code: 0 if all is well, 1 if messages were lost, doubled, out of order or never
/// answered, or clients did not get where they should; 2 if the run came to nothing.
#[derive(Debug, Parser)]
#[command(name = "seqline-load", version, arg_required_else_help = true)]
pub struct Cli {
    /// What is done.
    #[command(subcommand)]
    pub scenario: Scenario,

    /// What it is done to, and how it is told of.
    #[command(flatten)]
    pub common: Common,
}

/// What is done.
#[derive(Debug, Clone, Subcommand)]
pub enum Scenario {
    /// Users in pairs: the first writes to the second
    Send(SendArgs),
    /// New devices appear, and pull all that waits for them
    Pull(PullArgs),
    /// Operators write to all users: each device is told in a wave, and pulls
    Broadcast(BroadcastArgs),
    /// Connections that say nothing: what each takes of the relay's memory
    Idle(IdleArgs),
    /// Many clients come back at once, and have something to catch up with
    Storm(StormArgs),
    /// Some members of groups write, and all who are online receive
    Groups(GroupsArgs),
}

/// What every scenario has.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "The relay")]
pub struct Common {
    /// A relay that runs already (http://ADDRESS:PORT); then --app and --secret are needed
    #[arg(long, global = true, value_name = "URL", requires = "secret")]
    pub url: Option<String>,

    /// The app of that relay
    #[arg(long, global = true, default_value = "default")]
    pub app: String,

    /// The app's secret
    #[arg(
        long,
        global = true,
        env = "SEQLINE_APP_SECRET",
        hide_env_values = true
    )]
    pub secret: Option<String>,

    /// The id of that relay's process, to measure what it takes
    #[arg(long, global = true)]
    pub pid: Option<u32>,

    /// The relay's program, where one is started
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "SEQLINE_RELAY_BINARY",
        default_value = "target/release/seqline-relay"
    )]
    pub relay: PathBuf,

    /// Its database: sqlite:FILE or postgres://…; a temporary SQLite file by default. `npm run
    /// load` takes `postgres`, too: then it starts a server of its own
    #[arg(long, global = true, value_name = "URL")]
    pub database: Option<String>,

    /// The id of the main process of that database's server, to measure what it takes
    #[arg(long, global = true, value_name = "PID", requires = "database")]
    pub database_pid: Option<u32>,

    /// Relays on that database, which clients are spread over; several numbers, separated by
    /// commas, are measured one after the other
    #[arg(
        long,
        global = true,
        value_name = "COUNT",
        value_delimiter = ',',
        default_value = "1",
        conflicts_with = "url",
        value_parser = clap::value_parser!(u16).range(1..=16)
    )]
    pub relays: Vec<u16>,

    /// More of its configuration (TOML)
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// What all random choices come from; a new one each time by default
    #[arg(long, global = true, help_heading = "The run")]
    pub seed: Option<u64>,

    /// Where JSON and chart go
    #[arg(
        long,
        global = true,
        value_name = "FOLDER",
        default_value = "target/load",
        help_heading = "The run"
    )]
    pub out: PathBuf,

    /// What is written to standard output
    #[arg(
        long,
        global = true,
        value_enum,
        default_value = "table",
        help_heading = "The run"
    )]
    pub format: Format,

    /// No progress
    #[arg(long, short, global = true, help_heading = "The run")]
    pub quiet: bool,
}

/// What is written to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// Tables for documents.
    Markdown,
    /// Everything.
    Json,
}

/// When messages are sent, and for how long.
#[derive(Debug, Clone, Args)]
pub struct LoadArgs {
    /// How they follow each other
    #[arg(long, value_enum, default_value = "poisson")]
    pub arrivals: Arrivals,

    /// Sends as fast as it is answered, instead of at a rate; hides what a stall costs
    #[arg(long, conflicts_with_all = ["rate", "arrivals"])]
    pub closed: bool,

    /// With --closed: messages that each sender has on their way
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=512))]
    pub window: u16,

    /// Bytes of a message
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(24..=32_768))]
    pub payload: u16,

    /// Seconds before anything is measured
    #[arg(long, default_value_t = 3)]
    pub warm_up: u64,

    /// Seconds that are measured
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub seconds: u64,

    /// Seconds for what is on its way in the end
    #[arg(long, default_value_t = 10)]
    pub grace: u64,
}

/// `send`.
#[derive(Debug, Clone, Args)]
pub struct SendArgs {
    /// Pairs of users, of a connection each
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=7_500))]
    pub pairs: u16,

    /// Messages a second, of all senders together
    #[arg(long, default_value_t = 2_000.0, value_parser = above_zero)]
    pub rate: f64,

    /// When, and for how long.
    #[command(flatten)]
    pub load: LoadArgs,

    /// Other servers to do the same to, one after the other; separated by commas
    #[arg(long, value_enum, value_delimiter = ',', value_name = "SERVER")]
    pub peers: Vec<Peer>,

    /// Where npm installed socket.io
    #[arg(long, value_name = "FOLDER", default_value = "target/socket.io")]
    pub socket_io: PathBuf,
}

/// `idle`.
#[derive(Debug, Clone, Args)]
pub struct IdleArgs {
    /// Connections, of a user each
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u16).range(1..=15_000))]
    pub connections: u16,

    /// Seconds that they say nothing
    #[arg(long, default_value_t = 10)]
    pub seconds: u64,
}

/// `storm`.
#[derive(Debug, Clone, Args)]
pub struct StormArgs {
    /// Clients, of a user each
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u16).range(1..=15_000))]
    pub clients: u16,

    /// Why they were away
    #[arg(long, value_enum, default_value = "leave")]
    pub cause: Cause,

    /// Messages that wait for each, where they leave
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(0..=1_000))]
    pub waiting: u16,

    /// Bytes of a message
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(24..=32_768))]
    pub payload: u16,
}

/// `pull`.
#[derive(Debug, Clone, Args)]
pub struct PullArgs {
    /// Devices, of a user each
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u16).range(1..=15_000))]
    pub devices: u16,

    /// Messages that wait for each
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub backlog: u16,

    /// New devices in a second
    #[arg(long, default_value_t = 50.0, value_parser = above_zero)]
    pub rate: f64,

    /// Bytes of a message
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(24..=32_768))]
    pub payload: u16,
}

/// `broadcast`.
#[derive(Debug, Clone, Args)]
pub struct BroadcastArgs {
    /// Devices, of a user each
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u16).range(1..=15_000))]
    pub devices: u16,

    /// Broadcasts
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=200))]
    pub broadcasts: u16,

    /// Milliseconds between two of them
    #[arg(long, default_value_t = 3_000)]
    pub every_ms: u64,

    /// Milliseconds over which all are told
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(100..=600_000))]
    pub wave_ms: u64,
}

/// `groups`.
#[derive(Debug, Clone, Args)]
pub struct GroupsArgs {
    /// Groups, each of users of its own
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub groups: u16,

    /// Members of each
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u16).range(2..=15_000))]
    pub members: u16,

    /// Of them, those who are connected; all by default
    #[arg(long)]
    pub online: Option<u16>,

    /// Of those, the ones who write
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..))]
    pub senders: u16,

    /// Members from which a group has a timeline of its own; the relay's default by default
    #[arg(long, value_name = "MEMBERS", conflicts_with = "url")]
    pub crowd_from: Option<u16>,

    /// Messages a second, to all groups together
    #[arg(long, default_value_t = 100.0, value_parser = above_zero)]
    pub rate: f64,

    /// When, and for how long.
    #[command(flatten)]
    pub load: LoadArgs,
}

fn above_zero(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate > 0.0 && rate <= 1e6 => Ok(rate),
        _ => Err("a number above 0, up to 1,000,000".to_owned()),
    }
}
