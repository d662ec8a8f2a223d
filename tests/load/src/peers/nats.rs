//! NATS JetStream: one stream in files, and a durable consumer for each receiver.

use std::{fs, sync::Arc};

use async_nats::jetstream::{
    self, AckKind,
    consumer::{AckPolicy, pull},
    stream::{self, StorageType},
};
use futures_util::StreamExt as _;
use tempfile::TempDir;
use tokio::{process::Command, sync::mpsc};

use super::{
    Started, WAITING_MAX,
    startup::{free_port, listening},
};
use crate::{
    client::Busy,
    failure::Failure,
    measure::traffic::{Mark, Traffic},
    relay::process::ServerProcess,
    scenarios::traffic::Publisher,
};

const STREAM: &str = "load";

/// When files are synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sync {
    /// Every two minutes, as the server is set by default.
    Sometimes,
    /// Before each acknowledgement.
    Always,
}

impl Sync {
    fn server(self) -> &'static str {
        match self {
            Self::Sometimes => "nats",
            Self::Always => "nats, synced",
        }
    }

    fn config(self) -> &'static str {
        match self {
            Self::Sometimes => "",
            Self::Always => ", sync_interval: always",
        }
    }

    fn durability(self) -> &'static str {
        match self {
            Self::Sometimes => {
                "JetStream, acknowledged when it is written to a file, which is synced every two \
                 minutes"
            }
            Self::Always => "JetStream, every message is synced before it is acknowledged",
        }
    }
}

pub(super) async fn start(
    sync: Sync,
    lanes: usize,
    traffic: &Arc<Traffic>,
) -> Result<Started, Failure> {
    let folder = TempDir::with_prefix("seqline-load-nats-")?;
    let address = free_port()?;
    let config = folder.path().join("nats.conf");
    fs::write(
        &config,
        format!(
            "listen: \"{address}\"\njetstream {{ store_dir: \"{}\"{} }}\n",
            folder.path().display(),
            sync.config()
        ),
    )?;
    check(&config, sync).await?;
    let mut command = Command::new("nats-server");
    command.arg("-c").arg(&config);
    let log = folder.path().join("log");
    let advice = "install Debian's package `nats-server`";
    let process = ServerProcess::spawn(&mut command, &log, advice)?;
    listening("nats-server", address).await?;
    let url = address.to_string();
    let context = jetstream::new(async_nats::connect(&url).await.map_err(failed)?);
    let stream = context
        .create_stream(stream::Config {
            name: STREAM.to_owned(),
            subjects: vec![format!("{STREAM}.*")],
            storage: StorageType::File,
            ..stream::Config::default()
        })
        .await
        .map_err(failed)?;
    let mut publishers: Vec<Box<dyn Publisher>> = Vec::new();
    for lane in 0..lanes {
        receive(&url, &stream, lane, traffic).await?;
        publishers.push(Box::new(Writer::start(&url, lane, traffic).await?));
    }
    Ok(Started {
        server: sync.server().to_owned(),
        durability: sync.durability().to_owned(),
        publishers,
        process,
        folder,
    })
}

/// Older servers know no other way of syncing.
async fn check(config: &std::path::Path, sync: Sync) -> Result<(), Failure> {
    let mut command = Command::new("nats-server");
    let checked = command.arg("-t").arg("-c").arg(config).output().await;
    match checked {
        Ok(output) if !output.status.success() && sync == Sync::Always => {
            Err(Failure::Unsuitable(format!(
                "this nats-server cannot sync before it acknowledges; 2.10 and later can ({})",
                String::from_utf8_lossy(&output.stderr).trim()
            )))
        }
        // What else is wrong shows when it is started.
        _ => Ok(()),
    }
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::Unsuitable(format!("nats: {error}"))
}

fn subject(lane: usize) -> String {
    format!("{STREAM}.{lane}")
}

/// A consumer, which acknowledges what it gets.
async fn receive(
    url: &str,
    stream: &stream::Stream,
    lane: usize,
    traffic: &Arc<Traffic>,
) -> Result<(), Failure> {
    let name = format!("receiver-{lane}");
    stream
        .create_consumer(pull::Config {
            durable_name: Some(name.clone()),
            filter_subject: subject(lane),
            ack_policy: AckPolicy::Explicit,
            max_ack_pending: -1,
            ..pull::Config::default()
        })
        .await
        .map_err(failed)?;
    // Over a connection of its own.
    let context = jetstream::new(async_nats::connect(url).await.map_err(failed)?);
    let consumer: jetstream::consumer::PullConsumer = context
        .get_consumer_from_stream(name, STREAM)
        .await
        .map_err(failed)?;
    let mut messages = consumer.messages().await.map_err(failed)?;
    let traffic = Arc::clone(traffic);
    tokio::spawn(async move {
        while let Some(Ok(message)) = messages.next().await {
            let body = std::str::from_utf8(&message.payload).unwrap_or_default();
            if let Some(mark) = Mark::of(body) {
                traffic.received(0, mark);
            }
            if message.ack_with(AckKind::Ack).await.is_err() {
                return;
            }
        }
    });
    Ok(())
}

struct Writer(mpsc::Sender<(Mark, String)>);

impl Writer {
    async fn start(url: &str, lane: usize, traffic: &Arc<Traffic>) -> Result<Self, Failure> {
        let context = jetstream::new(async_nats::connect(url).await.map_err(failed)?);
        let (sender, mut receiver) = mpsc::channel::<(Mark, String)>(WAITING_MAX);
        let traffic = Arc::clone(traffic);
        tokio::spawn(async move {
            while let Some((mark, body)) = receiver.recv().await {
                let traffic = Arc::clone(&traffic);
                match context.publish(subject(lane), body.into()).await {
                    Ok(acknowledged) => {
                        tokio::spawn(async move {
                            match acknowledged.await {
                                Ok(_) => traffic.acknowledged(mark),
                                Err(error) => traffic.refused(mark, error.to_string()),
                            }
                        });
                    }
                    Err(error) => traffic.refused(mark, error.to_string()),
                }
            }
        });
        Ok(Self(sender))
    }
}

impl Publisher for Writer {
    fn publish(&self, mark: Mark, body: String) -> Result<(), Busy> {
        self.0.try_send((mark, body)).map_err(|_| Busy)
    }
}
