//! NATS, as a process of a test's own.

use std::{
    io::{BufRead as _, BufReader, ErrorKind},
    process::{Child, Command, Stdio},
};

use seqline_relay::bus::{BusChoice, NatsSettings};

const MISSING: &str = "nats-server was not found. These tests start one; install it: `apt-get \
    install nats-server` on Debian and Ubuntu, `brew install nats-server` on macOS; or name it in \
    SEQLINE_NATS_SERVER";

/// A NATS server of a test's own.
pub(crate) struct Nats {
    child: Child,
    port: u16,
    flags: Vec<String>,
}

impl Nats {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// With more flags.
    pub(crate) fn start_with(flags: &[&str]) -> Self {
        let flags: Vec<_> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let (child, port) = spawn("-1", &flags);
        Self { child, port, flags }
    }

    pub(crate) fn bus(&self) -> BusChoice {
        bus(&self.address())
    }

    /// As a user: `USER:PASSWORD`, or a token.
    pub(crate) fn bus_as(&self, user: &str) -> BusChoice {
        bus(&format!("{user}@{}", self.address()))
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn stop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn start_again(&mut self) {
        (self.child, _) = spawn(&self.port.to_string(), &self.flags);
    }
}

fn bus(address: &str) -> BusChoice {
    BusChoice::Nats(NatsSettings {
        servers: vec![format!("nats://{address}").parse().unwrap()],
    })
}

/// Returns once it listens, and where.
fn spawn(port: &str, flags: &[String]) -> (Child, u16) {
    let program = std::env::var("SEQLINE_NATS_SERVER");
    let program = program.unwrap_or_else(|_| "nats-server".to_owned());
    let spawned = Command::new(program)
        .args(["-a", "127.0.0.1", "-p", port])
        .args(flags)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = spawned.unwrap_or_else(|error| match error.kind() {
        ErrorKind::NotFound => panic!("{MISSING}"),
        _ => panic!("{error}"),
    });
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    let said = "Listening for client connections on 127.0.0.1:";
    let port = log.find_map(|line| {
        let line = line.unwrap();
        let (_, port) = line.split_once(said)?;
        port.trim().parse().ok()
    });
    // Whatever else it says is thrown away, so that it never waits for a reader.
    std::thread::spawn(move || log.for_each(drop));
    (child, port.expect("NATS listens"))
}

impl Drop for Nats {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
