//! The relay's binary as a process of its own.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read as _},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, ExitStatus, Output, Stdio},
};

use super::{Client, request};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_seqline-relay");

/// The binary with these arguments and this environment alone, until it ends.
pub(crate) fn run(args: &[&str], env: &[(&str, &str)]) -> Output {
    let mut command = Command::new(BINARY);
    command.args(args).env_clear();
    command.envs(env.iter().copied()).output().unwrap()
}

/// `serve --dev` with the data in a folder and more flags, which it cannot: it ends by itself.
pub(crate) fn cannot_serve(folder: &Path, flags: &[&str]) -> Output {
    let database = format!("sqlite:{}/seqline.db", folder.display());
    let own = ["serve", "--dev", "--listen", "127.0.0.1:0", "--database"];
    run(&[&own[..], &[&database], flags].concat(), &[])
}

pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
    /// What it printed until it listened, and after.
    stdout: BufReader<std::process::ChildStdout>,
}

impl Process {
    /// `serve --dev` with the data in a folder. Returns once it listens.
    pub(crate) fn serve(folder: &Path) -> Self {
        Self::serve_with(folder, &[])
    }

    /// The same with more flags.
    pub(crate) fn serve_with(folder: &Path, flags: &[&str]) -> Self {
        let own = ["--dev", "--log", "warn"];
        Self::spawn(folder, &[&own, flags].concat(), Stdio::inherit())
    }

    /// With a file of settings, and with everything that can be logged in the file `log`.
    pub(crate) fn serve_and_log(folder: &Path, config: &Path) -> Self {
        let config = config.to_str().unwrap();
        let flags = ["--config", config, "--log", "trace", "--log-format", "json"];
        let log = File::create(folder.join("log")).unwrap();
        Self::spawn(folder, &flags, log.into())
    }

    /// With the data in a database that others share, and what is this one's own in a folder.
    pub(crate) fn serve_beside(database: &str, folder: &Path, flags: &[&str]) -> Self {
        let flags = [&["--dev", "--log", "warn"], flags].concat();
        Self::spawn_on(database, folder, &flags, Stdio::inherit())
    }

    fn spawn(folder: &Path, flags: &[&str], stderr: Stdio) -> Self {
        let database = format!("sqlite:{}/seqline.db", folder.display());
        Self::spawn_on(&database, folder, flags, stderr)
    }

    fn spawn_on(database: &str, folder: &Path, flags: &[&str], stderr: Stdio) -> Self {
        let mut child = Command::new(BINARY)
            .current_dir(folder)
            .args(["serve", "--listen", "127.0.0.1:0", "--database", database])
            .args(flags)
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line
            .strip_prefix("listening on http")
            .map(|rest| rest.strip_prefix('s').unwrap_or(rest))
            .and_then(|rest| rest.strip_prefix("://"))
            .unwrap_or_else(|| panic!("not listening: {line:?}"))
            .trim_end()
            .parse()
            .unwrap();
        Self {
            child,
            address,
            stdout,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}/v1/socket", self.address)
    }

    /// A token of this user.
    pub(crate) async fn dev_token(&self, user: &str) -> String {
        let headers = [("content-type", "application/json")];
        let body = format!("{{\"user\":\"{user}\"}}");
        let reply = request(self.address, "POST", "/dev/token", &headers, &body).await;
        reply.json()["token"].as_str().unwrap().to_owned()
    }

    /// An open session of a device.
    pub(crate) async fn open(&self, user: &str, device: &str) -> Client {
        let mut client = Client::dial(&self.url()).await;
        let token = self.dev_token(user).await;
        client.hello(&token, device, None).await;
        client
    }

    /// The number of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Files and sockets that it has open.
    pub(crate) fn descriptors(&self) -> usize {
        let open = std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap();
        open.count()
    }

    /// SIGKILL: nothing is finished.
    pub(crate) fn kill(self) {
        drop(self);
    }

    /// SIGTERM. Returns how it ended, and what else it had printed.
    pub(crate) fn terminate(mut self) -> (ExitStatus, String) {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap(), rest)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
