//! `seqline-relay`: reads the configuration, then runs the relay or signs a token.

use std::{
    collections::BTreeMap,
    io::{Write as _, stdout},
    process::ExitCode,
    sync::Arc,
};

use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _};
use seqline_protocol::{AppId, Micros, Secret, UserId};
use seqline_relay::{
    account::Account,
    assembly::Parts,
    auth::{Identity, Keyring, Profile},
    cli::{Cli, Command, ProfileArgs, TokenArgs},
    clock::{Clock as _, SystemClock},
    config::{Config, Settings, Sources},
    dev_secret,
    entropy::SystemEntropy,
    http::{AllowedOrigins, DEV_APP},
    log,
    relay::{Plan, Running, start},
    upkeep::UpkeepRules,
    webhooks::WebhookRules,
};
use tokio::signal::unix::{Signal, SignalKind, signal};

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let matches = Cli::command().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let flags = matches.subcommand().map_or(&matches, |(_, flags)| flags);
    let done = match cli.command {
        Command::Serve(settings) => serve(settings, flags),
        Command::Token(args) => print_token(args, flags),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("seqline-relay: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(settings: Settings, flags: &ArgMatches) -> Result<(), Failure> {
    let config = configure(settings, flags)?;
    log::start(&config.log, config.log_format);
    let plan = plan(config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        // Before anyone is told that it runs, so that no signal is missed.
        let mut signals = Signals::new()?;
        let _file_size = survive_file_size_limit()?;
        let is_dev = plan.parts.is_dev;
        let running = start(plan).await?;
        announce(&running, is_dev)?;
        signals.first().await;
        tracing::info!("stopping; once more to leave at once");
        tokio::select! {
            () = running.stop() => tracing::info!("stopped"),
            () = signals.first() => tracing::warn!("left at once"),
        }
        Ok::<_, Failure>(())
    })?;
    runtime.shutdown_background();
    Ok(())
}

fn configure(settings: Settings, flags: &ArgMatches) -> Result<Config, Failure> {
    let app_secret = std::env::var("SEQLINE_APP_SECRET").ok();
    Ok(Sources::gather(settings, flags, app_secret)?.check()?)
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

fn plan(config: Config) -> Result<Plan, Failure> {
    let keyring = keyring(&config)?;
    Ok(Plan {
        listen: config.listen,
        drain_rules: config.drain_rules,
        readers: config.readers,
        listener_rules: config.listener_rules,
        parts: Parts {
            keyring,
            is_dev: config.is_dev,
            origins: AllowedOrigins::new(config.allowed_origins, config.is_dev),
            sessions_max: config.sessions_max,
            poll_wait_ms: config.poll_wait_ms,
            heartbeat: config.heartbeat,
            commit_rules: config.commit_rules,
            devices: config.devices,
            upkeep_rules: UpkeepRules::for_ttl(config.sync_ttl, config.tombstone_ttl),
            webhooks: config.webhooks,
            webhook_rules: WebhookRules::default(),
            checks: config.checks,
            traffic_rules: config.traffic_rules,
            public_rules: config.public_rules,
            clock: Arc::new(SystemClock::start()),
            entropy: Arc::new(SystemEntropy),
        },
        database: config.database,
    })
}

fn announce(running: &Running, is_dev: bool) -> Result<(), Failure> {
    let address = running.address();
    let mut out = stdout().lock();
    writeln!(out, "listening on http://{address}")?;
    if is_dev {
        writeln!(out, "Open http://{address}/ in two browser windows")?;
        writeln!(out, "Open http://{address}/console to write to all users")?;
    }
    out.flush()?;
    Ok(())
}

/// The limit of file sizes (`ulimit -f`, `LimitFSIZE=`) is a full disk like another: the write
/// fails, and is answered; but the process is ended by a signal unless someone listens to it.
fn survive_file_size_limit() -> std::io::Result<Signal> {
    const SIGXFSZ: i32 = 25;
    signal(SignalKind::from_raw(SIGXFSZ))
}

/// SIGTERM and Ctrl-C.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn first(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

fn print_token(args: TokenArgs, flags: &ArgMatches) -> Result<(), Failure> {
    let config = configure(args.settings, flags)?;
    let app = match (&config.app, config.apps.keys().next()) {
        _ if config.is_dev => dev_app(),
        (Some(app), _) => app.clone(),
        (None, Some(only)) if config.apps.len() == 1 => only.clone(),
        _ => return Err("several apps are configured; say which one with --app".into()),
    };
    let ProfileArgs {
        guest,
        segments,
        attributes,
    } = args.profile;
    let profile = Profile::new(guest, segments, attributes)?;
    let user = UserId::new(args.user).map_err(|error| format!("--user: {error}"))?;
    let expires_s = SystemClock::start().now().wall.get() / 1_000_000 + args.ttl;
    let identity = Identity {
        account: Account { app, user },
        scope: args.scope,
        expires: Micros::saturating(expires_s * 1_000_000),
        profile,
    };
    let token = keyring(&config)?.sign(&identity);
    let missing = || {
        format!(
            "no secret of the app `{}` is configured",
            identity.account.app
        )
    };
    writeln!(stdout(), "{}", token.ok_or_else(missing)?)?;
    Ok(())
}
