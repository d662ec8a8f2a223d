//! What a command does, from its flags to its exit code.

use std::{fs, io::Write as _, process::ExitCode, time::Duration};

use serde_json::json;
use tokio::signal::ctrl_c;

use crate::{
    cli::{Cli, Common, Format, GroupsArgs, LoadArgs, Scenario, SendArgs},
    failure::Failure,
    peers::{self, Places},
    progress::Progress,
    relay::{Address, Relay, RelaySettings},
    report::{
        Machine, Report, Run,
        table::{Style, render},
    },
    scenarios::{
        broadcast, groups, idle, pull, send, storm,
        traffic::{Load, Pace},
    },
};

/// What one process may have, with files to spare.
const CONNECTIONS_MAX: usize = 15_000;

/// Does it.
pub async fn run(cli: &Cli) -> ExitCode {
    let done = tokio::select! {
        done = measure(cli) => done.and_then(|report| {
            tell(&report, &cli.common)?;
            Ok(report)
        }),
        _ = ctrl_c() => Err(Failure::Unsuitable("stopped".to_owned())),
    };
    match done {
        Ok(report) => ExitCode::from(report.exit_code()),
        Err(failure) => {
            eprintln!("seqline-load: {failure}");
            ExitCode::from(2)
        }
    }
}

/// Does it, and gives what came of it.
///
/// # Errors
/// [`Failure`].
pub async fn measure(cli: &Cli) -> Result<Report, Failure> {
    let seed = cli.common.seed.unwrap_or_else(|| fastrand::u64(..1 << 32));
    let progress = if cli.common.quiet {
        Progress::Hidden
    } else {
        Progress::Shown
    };
    let mut runs = Vec::new();
    let mut done = None;
    for (at, count) in cli.common.relays.iter().enumerate() {
        // They share the database, but no users.
        let seed = seed.wrapping_add(at as u64);
        let mut relay = open(cli, *count, seed).await?;
        let (scenario, settings, mut run) = measure_relay(cli, &mut relay, seed, progress).await?;
        // Nothing runs beside the next one.
        relay.stop().await;
        if cli.common.relays != [1] {
            run.server = format!("{}, relays: {count}", run.server);
        }
        runs.push(run);
        done = Some((scenario, settings));
    }
    let Some((scenario, settings)) = done else {
        return Err(Failure::Unsuitable("--relays: how many?".to_owned()));
    };
    if let Scenario::Send(args) = &cli.scenario {
        runs.extend(measure_peers(args, seed, progress).await);
    }
    Ok(Report {
        version: env!("CARGO_PKG_VERSION"),
        scenario,
        settings,
        seed,
        machine: Machine::this(),
        runs,
    })
}

async fn measure_peers(args: &SendArgs, seed: u64, progress: Progress) -> Vec<Run> {
    let load = load(&args.load, args.rate, seed);
    let places = Places {
        socket_io: args.socket_io.clone(),
    };
    let mut runs = Vec::new();
    for peer in &args.peers {
        let run = peers::send(*peer, &places, args.pairs.into(), &load, progress).await;
        // What others gave is worth showing.
        runs.push(run.unwrap_or_else(|failure| {
            let mut run = Run::new(peer.name(), "not measured");
            run.is_peer = true;
            run.problems.push(failure.to_string());
            run
        }));
    }
    runs
}

async fn measure_relay(
    cli: &Cli,
    relay: &mut Relay,
    seed: u64,
    progress: Progress,
) -> Result<(&'static str, serde_json::Value, Run), Failure> {
    Ok(match &cli.scenario {
        Scenario::Send(args) => {
            let settings = send::Settings {
                pairs: args.pairs.into(),
            };
            let load = load(&args.load, args.rate, seed);
            let run = send::run(relay, &settings, &load, progress).await?;
            (
                "send",
                json!({ "pairs": args.pairs, "load": described(&load) }),
                run,
            )
        }
        Scenario::Pull(args) => {
            let settings = pull::Settings {
                devices: args.devices.into(),
                backlog: args.backlog.into(),
                rate_per_s: args.rate,
                payload_bytes: args.payload.into(),
                seed,
            };
            let run = pull::run(relay, &settings, progress).await?;
            ("pull", json!(settings), run)
        }
        Scenario::Broadcast(args) => {
            let settings = broadcast::Settings {
                devices: args.devices.into(),
                broadcasts: args.broadcasts.into(),
                every_ms: args.every_ms,
                wave_ms: args.wave_ms,
            };
            let run = broadcast::run(relay, &settings, progress).await?;
            ("broadcast", json!(settings), run)
        }
        Scenario::Groups(args) => {
            let settings = group_settings(args)?;
            let load = load(&args.load, args.rate, seed);
            let run = groups::run(relay, &settings, &load, progress).await?;
            (
                "groups",
                json!({ "groups": settings, "load": described(&load) }),
                run,
            )
        }
        Scenario::Idle(args) => {
            let settings = idle::Settings {
                connections: args.connections.into(),
                hold_s: args.seconds,
            };
            let run = idle::run(relay, &settings, progress).await?;
            ("idle", json!(settings), run)
        }
        Scenario::Storm(args) => {
            let settings = storm::Settings {
                clients: args.clients.into(),
                cause: args.cause,
                waiting: args.waiting.into(),
                payload_bytes: args.payload.into(),
            };
            let run = storm::run(relay, &settings, progress).await?;
            ("storm", json!(settings), run)
        }
    })
}

fn group_settings(args: &GroupsArgs) -> Result<groups::Settings, Failure> {
    let online = args.online.unwrap_or(args.members);
    if online > args.members || args.senders > online {
        return Err(Failure::Unsuitable(
            "--senders are some of those --online, and these some of the --members".to_owned(),
        ));
    }
    let settings = groups::Settings {
        groups: args.groups.into(),
        members: args.members.into(),
        online: online.into(),
        senders: args.senders.into(),
    };
    if settings.groups * settings.online > CONNECTIONS_MAX {
        return Err(Failure::Unsuitable(format!(
            "{} groups with {online} members online each are more than {CONNECTIONS_MAX} \
             connections; lower --groups or --online",
            args.groups
        )));
    }
    Ok(settings)
}

async fn open(cli: &Cli, count: u16, seed: u64) -> Result<Relay, Failure> {
    let common = &cli.common;
    let is_postgres = |url: &String| url.starts_with("postgres");
    if count > 1 && !common.database.as_ref().is_some_and(is_postgres) {
        return Err(Failure::Unsuitable(
            "several --relays share a PostgreSQL database; name it with --database, or have one \
             started: npm run load -- send --relays 1,2 --database postgres"
                .to_owned(),
        ));
    }
    if let Some(url) = &common.url {
        let address = Address {
            socket: resolve(url).await?,
            app: common.app.clone(),
            secret: common.secret.clone().unwrap_or_default(),
        };
        return Ok(Relay::attach(&address, common.pid, seed));
    }
    let mut config = match &common.config {
        Some(file) => fs::read_to_string(file)?,
        None => String::new(),
    };
    if let Scenario::Groups(GroupsArgs {
        crowd_from: Some(members),
        ..
    }) = &cli.scenario
    {
        config = format!("crowd_members_min = {members}\n{config}");
    }
    let settings = RelaySettings {
        binary: common.relay.clone(),
        database: common.database.clone(),
        database_pid: common.database_pid,
        config,
        count,
    };
    Ok(Relay::start(settings, seed).await?)
}

async fn resolve(url: &str) -> Result<std::net::SocketAddr, Failure> {
    let bad = |why: &str| Failure::Unsuitable(format!("--url {url}: {why}"));
    let host = url
        .strip_prefix("http://")
        .ok_or_else(|| bad("it is http://ADDRESS:PORT; TLS is not spoken here"))?
        .trim_end_matches('/');
    let mut found = tokio::net::lookup_host(host)
        .await
        .map_err(|error| bad(&error.to_string()))?;
    found.next().ok_or_else(|| bad("no such host"))
}

fn load(args: &LoadArgs, rate_per_s: f64, seed: u64) -> Load {
    Load {
        pace: if args.closed {
            Pace::Closed {
                window: args.window.into(),
            }
        } else {
            Pace::Open {
                arrivals: args.arrivals,
                rate_per_s,
            }
        },
        payload_bytes: args.payload.into(),
        warm_up: Duration::from_secs(args.warm_up),
        time: Duration::from_secs(args.seconds),
        grace: Duration::from_secs(args.grace),
        seed,
    }
}

fn described(load: &Load) -> serde_json::Value {
    let pace = match load.pace {
        Pace::Open {
            arrivals,
            rate_per_s,
        } => json!({ "open": format!("{arrivals:?}").to_lowercase(), "rate_per_s": rate_per_s }),
        Pace::Closed { window } => json!({ "closed": true, "window": window }),
    };
    json!({
        "pace": pace,
        "payload_bytes": load.payload_bytes,
        "warm_up_s": load.warm_up.as_secs(),
        "time_s": load.time.as_secs(),
    })
}

fn tell(report: &Report, common: &Common) -> Result<(), Failure> {
    let text = match common.format {
        Format::Table => render(report, Style::Plain),
        Format::Markdown => render(report, Style::Markdown),
        Format::Json => serde_json::to_string_pretty(report).unwrap_or_default() + "\n",
    };
    std::io::stdout().write_all(text.as_bytes())?;
    for file in report.write(&common.out)? {
        if !common.quiet {
            eprintln!("written: {}", file.display());
        }
    }
    Ok(())
}
