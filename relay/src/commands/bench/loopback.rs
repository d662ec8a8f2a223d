//! How fast bytes go through this machine's own network.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use tokio::{
    io::{self, AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use super::{super::Failure, times::Times};
use crate::clock::{Clock as _, SystemClock};

/// As many peers as keep a small machine busy.
const PEERS: usize = 32;

/// A frame with a short message.
const FRAME_BYTES: usize = 200;

/// Round trips of frames, on several connections at once.
pub(super) async fn round_trips(time: Duration) -> Result<Times, Failure> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let mut echoes = JoinSet::new();
    let mut peers = JoinSet::new();
    for _ in 0..PEERS {
        let peer = TcpStream::connect(address);
        let (peer, accepted) = tokio::try_join!(peer, listener.accept())?;
        echoes.spawn(echo(accepted));
        peers.spawn(ask(peer, time));
    }
    let mut times = Times::default();
    while let Some(own) = peers.join_next().await {
        times.append(own??);
    }
    Ok(times)
}

async fn echo((mut socket, _): (TcpStream, SocketAddr)) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let mut frame = [0; FRAME_BYTES];
    loop {
        socket.read_exact(&mut frame).await?;
        socket.write_all(&frame).await?;
    }
}

async fn ask(mut socket: TcpStream, time: Duration) -> io::Result<Times> {
    socket.set_nodelay(true)?;
    let clock = SystemClock::start();
    let mut times = Times::default();
    let mut frame = [0; FRAME_BYTES];
    loop {
        let began = clock.now().uptime;
        if began >= time {
            return Ok(times);
        }
        socket.write_all(&frame).await?;
        socket.read_exact(&mut frame).await?;
        times.add(clock.now().uptime.saturating_sub(began));
    }
}
