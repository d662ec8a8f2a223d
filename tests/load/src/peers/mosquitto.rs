//! mosquitto: MQTT 3.1.1, QoS 1, sessions that outlast connections.

use std::{
    collections::{BTreeMap, VecDeque},
    fs,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Outgoing, Packet, QoS};
use tempfile::TempDir;
use tokio::{process::Command, sync::watch, time::timeout};

use super::{
    Started, WAITING_MAX,
    startup::{START_WAIT, free_port, listening},
};
use crate::{
    client::Busy,
    failure::Failure,
    measure::traffic::{Mark, Traffic},
    relay::process::ServerProcess,
    scenarios::traffic::Publisher,
};

/// Messages that a client has unacknowledged: as many as ours.
const WINDOW: u16 = 64;
const PROGRAM: &str = "mosquitto";
const DURABILITY: &str = "acknowledged when it is in memory; its file is written when the server \
                          stops and every 30 minutes, and nothing is synced";

pub(super) async fn start(lanes: usize, traffic: &Arc<Traffic>) -> Result<Started, Failure> {
    let folder = TempDir::with_prefix("seqline-load-mosquitto-")?;
    let address = free_port()?;
    let config = folder.path().join("mosquitto.conf");
    fs::write(
        &config,
        format!(
            "listener {} 127.0.0.1\nallow_anonymous true\npersistence true\n\
             persistence_location {}/\nmax_queued_messages 0\nmax_inflight_messages 0\n\
             set_tcp_nodelay true\nuser root\n",
            address.port(),
            folder.path().display()
        ),
    )?;
    let mut command = Command::new(program());
    command.arg("-c").arg(&config);
    let log = folder.path().join("log");
    let advice = "install Debian's package `mosquitto`";
    let process = ServerProcess::spawn(&mut command, &log, advice)?;
    listening(PROGRAM, address).await?;
    let mut publishers: Vec<Box<dyn Publisher>> = Vec::new();
    for lane in 0..lanes {
        receive(address, lane, traffic).await?;
        publishers.push(Box::new(Writer::start(address, lane, traffic)));
    }
    Ok(Started {
        server: PROGRAM.to_owned(),
        durability: DURABILITY.to_owned(),
        publishers,
        process,
        folder,
    })
}

/// Debian puts it where only root looks.
fn program() -> &'static str {
    let path = "/usr/sbin/mosquitto";
    if fs::exists(path).unwrap_or_default() {
        path
    } else {
        PROGRAM
    }
}

fn client(address: SocketAddr, id: String) -> (AsyncClient, EventLoop) {
    let mut options = MqttOptions::new(id, address.ip().to_string(), address.port());
    options.set_keep_alive(Duration::from_secs(60));
    options.set_clean_session(false);
    options.set_inflight(WINDOW);
    let (client, mut events) = AsyncClient::new(options, WAITING_MAX);
    let mut network = rumqttc::NetworkOptions::new();
    network.set_tcp_nodelay(true);
    events.set_network_options(network);
    (client, events)
}

fn topic(lane: usize) -> String {
    format!("load/{lane}")
}

/// A subscriber, which acknowledges what it gets. Gives when it is subscribed.
async fn receive(address: SocketAddr, lane: usize, traffic: &Arc<Traffic>) -> Result<(), Failure> {
    let (client, mut events) = client(address, format!("receiver-{lane}"));
    let traffic = Arc::clone(traffic);
    let (tell, mut told) = watch::channel(false);
    let refused = |why: String| Failure::Unsuitable(format!("{PROGRAM}: {why}"));
    let subscribed = client.subscribe(topic(lane), QoS::AtLeastOnce).await;
    subscribed.map_err(|error| refused(error.to_string()))?;
    tokio::spawn(async move {
        // As long as events are asked for, the client lives.
        let _client = client;
        while let Ok(event) = events.poll().await {
            match event {
                Event::Incoming(Packet::SubAck(_)) => {
                    tell.send_replace(true);
                }
                Event::Incoming(Packet::Publish(publish)) => {
                    let body = std::str::from_utf8(&publish.payload).unwrap_or_default();
                    if let Some(mark) = Mark::of(body) {
                        traffic.received(0, mark);
                    }
                }
                _ => {}
            }
        }
    });
    let is_subscribed = timeout(START_WAIT, told.wait_for(|is_told| *is_told)).await;
    match is_subscribed {
        Ok(Ok(_)) => Ok(()),
        _ => Err(refused("no answer to a subscription".to_owned())),
    }
}

struct Writer {
    client: AsyncClient,
    lane: usize,
    /// Those that have no packet id yet, in their order.
    waiting: Arc<Mutex<VecDeque<Mark>>>,
}

impl Writer {
    fn start(address: SocketAddr, lane: usize, traffic: &Arc<Traffic>) -> Self {
        let (client, mut events) = client(address, format!("sender-{lane}"));
        let waiting = Arc::new(Mutex::new(VecDeque::new()));
        tokio::spawn({
            let waiting = Arc::clone(&waiting);
            let traffic = Arc::clone(traffic);
            async move {
                let mut under_way: BTreeMap<u16, Mark> = BTreeMap::new();
                while let Ok(event) = events.poll().await {
                    match event {
                        Event::Outgoing(Outgoing::Publish(packet)) => {
                            let mut waiting =
                                waiting.lock().unwrap_or_else(PoisonError::into_inner);
                            if let Some(mark) = waiting.pop_front() {
                                under_way.insert(packet, mark);
                            }
                        }
                        Event::Incoming(Packet::PubAck(ack)) => {
                            if let Some(mark) = under_way.remove(&ack.pkid) {
                                traffic.acknowledged(mark);
                            }
                        }
                        _ => {}
                    }
                }
            }
        });
        Self {
            client,
            lane,
            waiting,
        }
    }
}

impl Publisher for Writer {
    fn publish(&self, mark: Mark, body: String) -> Result<(), Busy> {
        let published =
            self.client
                .try_publish(topic(self.lane), QoS::AtLeastOnce, false, body.into_bytes());
        published.map_err(|_| Busy)?;
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push_back(mark);
        Ok(())
    }
}
