//! socket.io: the server of npm, and as much of its protocol as is needed here.

use std::{path::Path, sync::Arc};

use futures_util::{SinkExt as _, StreamExt as _, stream::SplitSink};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{net::TcpStream, process::Command, sync::mpsc};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message},
};

use super::{Started, WAITING_MAX};
use crate::{
    client::Busy,
    failure::Failure,
    measure::traffic::{Mark, Traffic},
    relay::process::ServerProcess,
    scenarios::traffic::Publisher,
};

const SERVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/socket-io.mjs");
const DURABILITY: &str = "acknowledged when the server has passed it on; nothing is kept";

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub(super) async fn start(
    installed: &Path,
    lanes: usize,
    traffic: &Arc<Traffic>,
) -> Result<Started, Failure> {
    let folder = TempDir::with_prefix("seqline-load-socket-io-")?;
    let mut command = Command::new("node");
    command.arg(SERVER).arg(installed);
    let log = folder.path().join("log");
    let mut process = ServerProcess::spawn(&mut command, &log, "install Node 20 or later")?;
    let port = process.announced("listening on ", &log).await?;
    let url = format!("ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket");
    let mut publishers: Vec<Box<dyn Publisher>> = Vec::new();
    for lane in 0..lanes {
        let receiver = open(&url).await.map_err(failed)?;
        receive(receiver, lane, traffic).await.map_err(failed)?;
        let sender = open(&url).await.map_err(failed)?;
        publishers.push(Box::new(Writer::start(sender, lane, traffic)));
    }
    Ok(Started {
        server: "socket.io".to_owned(),
        durability: DURABILITY.to_owned(),
        publishers,
        process,
        folder,
    })
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::Unsuitable(format!("socket.io: {error}"))
}

/// A connection to the default namespace.
async fn open(url: &str) -> Result<Socket, Error> {
    let (mut socket, _) = connect_async(url).await?;
    socket.send(Message::text("40")).await?;
    while let Some(message) = socket.next().await {
        if message?.to_text()?.starts_with("40") {
            return Ok(socket);
        }
    }
    Err(Error::ConnectionClosed)
}

/// Joins the room of a lane, and takes what comes there.
async fn receive(mut socket: Socket, lane: usize, traffic: &Arc<Traffic>) -> Result<(), Error> {
    socket
        .send(Message::text(event("0", &json!(["join", lane]))))
        .await?;
    while let Some(message) = socket.next().await {
        if message?.to_text()?.starts_with("43") {
            break;
        }
    }
    let traffic = Arc::clone(traffic);
    tokio::spawn(async move {
        while let Some(Ok(message)) = socket.next().await {
            let text = message.to_text().unwrap_or_default();
            if text == "2" && socket.send(Message::text("3")).await.is_err() {
                return;
            }
            let event = text.strip_prefix("42").map(serde_json::from_str::<Value>);
            if let Some(Ok(event)) = event
                && let Some(mark) = event.get(1).and_then(Value::as_str).and_then(Mark::of)
            {
                traffic.received(0, mark);
            }
        }
    });
    Ok(())
}

/// An event that is to be answered under this number.
fn event(number: &str, arguments: &Value) -> String {
    format!("42{number}{arguments}")
}

struct Writer(mpsc::Sender<(Mark, String)>);

impl Writer {
    fn start(socket: Socket, lane: usize, traffic: &Arc<Traffic>) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        let (sink, mut stream) = socket.split();
        let (pong, pongs) = mpsc::channel(1);
        tokio::spawn(write(sink, receiver, pongs, lane));
        let traffic = Arc::clone(traffic);
        tokio::spawn(async move {
            while let Some(Ok(message)) = stream.next().await {
                let text = message.to_text().unwrap_or_default();
                if text == "2" {
                    // One that waits is enough.
                    let _ = pong.try_send(());
                }
                let number = text
                    .strip_prefix("43")
                    .and_then(|rest| rest.split('[').next());
                if let Some(Ok(number)) = number.map(str::parse) {
                    traffic.acknowledged(Mark { lane, number });
                }
            }
        });
        Self(sender)
    }
}

async fn write(
    mut sink: SplitSink<Socket, Message>,
    mut messages: mpsc::Receiver<(Mark, String)>,
    mut pongs: mpsc::Receiver<()>,
    lane: usize,
) -> Result<(), Error> {
    loop {
        let text = tokio::select! {
            Some(()) = pongs.recv() => "3".to_owned(),
            message = messages.recv() => match message {
                Some((mark, body)) => {
                    event(&mark.number.to_string(), &json!(["send", lane, body]))
                }
                None => return Ok(()),
            },
        };
        sink.send(Message::text(text)).await?;
    }
}

impl Publisher for Writer {
    fn publish(&self, mark: Mark, body: String) -> Result<(), Busy> {
        self.0.try_send((mark, body)).map_err(|_| Busy)
    }
}
