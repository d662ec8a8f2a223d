//! Where servers listen that cannot choose a port themselves, and when they do.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    time::Duration,
};

use tokio::{
    net::TcpStream,
    time::{Instant, sleep},
};

use crate::{failure::Failure, relay::process::StartError};

/// For a server to take connections.
pub(super) const START_WAIT: Duration = Duration::from_secs(30);

/// A port that nobody has at the moment, for servers that cannot choose one.
pub(super) fn free_port() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

/// Until it takes connections.
pub(super) async fn listening(program: &str, address: SocketAddr) -> Result<(), Failure> {
    let until = Instant::now() + START_WAIT;
    while Instant::now() < until {
        if TcpStream::connect(address).await.is_ok() {
            return Ok(());
        }
        sleep(Duration::from_millis(20)).await;
    }
    Err(Failure::Start(StartError::Silent {
        program: program.to_owned(),
        log: String::new(),
    }))
}
