//! `serve`: runs the relay until it is told to stop.

use std::{
    io::{Write as _, stdout},
    sync::Arc,
};

use clap::ArgMatches;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Failure, configure, keyring, runtime};
use crate::{
    assembly::Parts,
    clock::{Clock, SystemClock},
    config::{Config, Settings},
    entropy::{Entropy, SystemEntropy},
    http::AllowedOrigins,
    log,
    relay::{Plan, Running, start},
    traces::Traces,
    upkeep::UpkeepRules,
    webhooks::WebhookRules,
};

pub(super) fn run(settings: Settings, flags: &ArgMatches) -> Result<(), Failure> {
    let config = configure(settings, flags)?;
    log::start(&config.log, config.log_format);
    let plan = plan(config)?;
    let runtime = runtime()?;
    runtime.block_on(async {
        // Before anyone is told that it runs, so that no signal is missed.
        let mut signals = Signals::new()?;
        let _file_size = survive_file_size_limit()?;
        let is_dev = plan.parts.is_dev;
        let running = start(plan).await?;
        announce(&running, is_dev)?;
        until_told(&running, &mut signals).await?;
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

/// Until SIGTERM or Ctrl-C. SIGHUP has the certificate read again; where there is none, it ends the
/// process as it always does.
async fn until_told(running: &Running, signals: &mut Signals) -> Result<(), Failure> {
    if !running.has_tls() {
        signals.first().await;
        return Ok(());
    }
    let mut hang_up = signal(SignalKind::hangup())?;
    loop {
        tokio::select! {
            () = signals.first() => return Ok(()),
            _ = hang_up.recv() => running.reload_certificate().await,
        }
    }
}

fn plan(config: Config) -> Result<Plan, Failure> {
    let keyring = keyring(&config)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let traces = match &config.traces {
        Some(rules) => Traces::new(rules, Arc::clone(&clock), Arc::clone(&entropy))?,
        None => Traces::default(),
    };
    Ok(Plan {
        listen: config.listen,
        metrics_listen: config.metrics_listen,
        tls: config.tls,
        drain_rules: config.drain_rules,
        read_url: config.database_read_url,
        readers: config.readers,
        sqlite_cache_mib: config.sqlite_cache_mib,
        listener_rules: config.listener_rules,
        parts: Parts {
            keyring,
            is_dev: config.is_dev,
            origins: AllowedOrigins::new(config.allowed_origins, config.is_dev),
            sessions_max: config.sessions_max,
            logins_under_way_max: config.logins_under_way_max,
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
            traces,
            clock,
            entropy,
        },
        database: config.database,
        bus: config.bus,
        sweep_interval: config.sweep_interval,
    })
}

fn announce(running: &Running, is_dev: bool) -> Result<(), Failure> {
    let address = running.address();
    let scheme = if running.has_tls() { "https" } else { "http" };
    let mut out = stdout().lock();
    writeln!(out, "listening on {scheme}://{address}")?;
    if let Some(address) = running.metrics_address() {
        writeln!(out, "metrics on http://{address}/metrics")?;
    }
    if is_dev {
        writeln!(out, "Open {scheme}://{address}/ in two browser windows")?;
        writeln!(
            out,
            "Open {scheme}://{address}/console to write to all users"
        )?;
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
