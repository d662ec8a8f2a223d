//! The relay's binary, with its data in a temporary folder.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
};

use seqline_protocol::{AppId, Micros, UserId};
use seqline_relay::{
    account::Account,
    auth::{Identity, Keyring, Profile, Scope},
    clock::{Clock as _, SystemClock},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::tls::Certificate;

const APP: &str = "bench";
const SECRET: &str = "a secret of the benchmark, 32 bytes and more";
const LOG_FILE: &str = "relay.log";
const HOUR_US: u64 = 3_600_000_000;

pub struct Relay {
    child: Child,
    pub address: SocketAddr,
    keyring: Keyring,
    expires: Micros,
    folder: TempDir,
}

impl Relay {
    /// Starts it, with more lines for its configuration. Set `TMPDIR` to choose the disk.
    pub fn start(settings: &str) -> Self {
        Self::start_logging(settings, "warn")
    }

    /// The same with a log of every statement that the database is asked.
    pub fn start_traced() -> Self {
        Self::start_logging("", "warn,sqlx::query=debug")
    }

    /// The same with TLS, which clients need not speak: they are carried to it.
    pub fn start_with_tls() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, settings) = Certificate::make(folder.path());
        let mut relay = Self::start_in(folder, &settings, "warn");
        relay.address = certificate.tunnel(relay.address);
        relay
    }

    fn start_logging(settings: &str, log: &str) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), settings, log)
    }

    fn start_in(folder: TempDir, settings: &str, log: &str) -> Self {
        let config = folder.path().join("seqline.toml");
        let text = format!("{settings}\n[apps.{APP}]\nsecret = \"{SECRET}\"\n");
        fs::write(&config, text).unwrap();
        let database = format!("sqlite:{}/seqline.db", folder.path().display());
        let mut child = Command::new(env!("CARGO_BIN_EXE_seqline-relay"))
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(["--log-format", "json", "--log", log])
            .args(["--rate-limits", "false"])
            .args([
                "--database",
                &database,
                "--config",
                config.to_str().unwrap(),
            ])
            .stdout(Stdio::piped())
            .stderr(fs::File::create(folder.path().join(LOG_FILE)).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let (_, address) = line.trim().split_once("://").unwrap();
        let now_us = SystemClock::start().now().wall.get();
        Self {
            child,
            address: address.parse().unwrap(),
            keyring: Keyring::new([(&AppId::new(APP).unwrap(), SECRET)]),
            expires: Micros::new(now_us + HOUR_US).unwrap(),
            folder,
        }
    }

    pub fn token(&self, user: &str, scope: Scope) -> String {
        let identity = Identity {
            account: Account {
                app: AppId::new(APP).unwrap(),
                user: UserId::new(user).unwrap(),
            },
            scope,
            expires: self.expires,
            profile: Profile::default(),
        };
        self.keyring.sign(&identity).unwrap()
    }

    /// Calls a method of the API as the app's server.
    pub async fn call(&self, method: &str, params: &str) -> String {
        self.call_as(Scope::Server, method, params).await
    }

    /// Calls a method of the API.
    pub async fn call_as(&self, scope: Scope, method: &str, params: &str) -> String {
        let path = method.replace('.', "/");
        let token = self.token("server", scope);
        let request = format!(
            "POST /v1/{path} HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\
             content-type: application/json\r\nauthorization: Bearer {token}\r\n\
             content-length: {}\r\n\r\n{params}",
            params.len()
        );
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await.unwrap();
        assert!(reply.starts_with("HTTP/1.1 200"), "{method}: {reply}");
        reply
    }

    /// Statements that the database was asked so far, if that is logged.
    pub fn statements(&self) -> usize {
        let log = fs::read_to_string(self.folder.path().join(LOG_FILE)).unwrap();
        log.lines()
            .filter(|line| line.contains("sqlx::query"))
            .count()
    }

    /// One of its counts.
    pub async fn metric(&self, name: &str) -> u64 {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = "GET /metrics HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut page = String::new();
        stream.read_to_string(&mut page).await.unwrap();
        let name = format!("seqline_{name} ");
        let line = page.lines().find_map(|line| line.strip_prefix(&name));
        line.unwrap_or_else(|| panic!("no {name}")).parse().unwrap()
    }

    /// Its resident memory, in KiB.
    pub fn resident_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.unwrap()
            .trim()
            .trim_end_matches(" kB")
            .parse()
            .unwrap()
    }

    /// Files and sockets that it has open.
    pub fn descriptors(&self) -> usize {
        let open = fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap();
        open.count()
    }

    /// Processor time that it has used, in seconds.
    pub fn cpu_s(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
        let ticks = |field: usize| fields[field].parse::<f64>().unwrap();
        // utime and stime, in hundredths of a second.
        (ticks(11) + ticks(12)) / 100.0
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
