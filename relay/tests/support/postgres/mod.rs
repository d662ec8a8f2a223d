//! A PostgreSQL server for tests: Debian's binaries, a temporary folder, a Unix socket.
//!
//! One for all tests of a binary, and in it a database for each; tests that stop the server
//! start their own.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

/// Handed over as text: the other user may not be able to read the file.
const SCRIPT: &str = include_str!("server.sh");

const MISSING: &str = "PostgreSQL's server binaries (initdb, postgres) were not found. These \
    tests start a server of their own; install it: `apt-get install postgresql` on Debian and \
    Ubuntu, `brew install postgresql` on macOS; or name the folder of its binaries in \
    SEQLINE_POSTGRES_BIN";

/// A running server; ends with this, or with the process.
pub(crate) struct Server {
    folder: String,
    databases: AtomicUsize,
    watcher: Mutex<Watcher>,
}

/// Where a database is on its server's standby.
pub(crate) fn on_standby(url: &str) -> String {
    format!("{url}/standby-socket")
}

/// The script that starts the server, and ends it when its input ends.
struct Watcher {
    child: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// A new database on the server of this test binary; its URL.
pub(crate) async fn database() -> String {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::start(false)).database().await
}

impl Server {
    /// A server of one's own. Without `is_synced` it is faster, and would not survive a crash
    /// of the machine (it does survive its own).
    pub(crate) fn start(is_synced: bool) -> Self {
        let bin = binaries().unwrap_or_else(|| panic!("{MISSING}"));
        let mut child = shell()
            .args(["-c", SCRIPT, "server.sh"])
            .arg(bin)
            .arg(if is_synced { "on" } else { "off" })
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server's script runs");
        let mut watcher = Watcher {
            commands: child.stdin.take(),
            answers: BufReader::new(child.stdout.take().unwrap()),
            child,
        };
        let folder = watcher.answer();
        Self {
            folder,
            databases: AtomicUsize::new(0),
            watcher: Mutex::new(watcher),
        }
    }

    /// A new database; its URL.
    pub(crate) async fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut connection = PgConnection::connect(&self.url("postgres")).await.unwrap();
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        self.url(&name)
    }

    fn url(&self, database: &str) -> String {
        format!(
            "postgres://postgres@localhost/{database}?host={}",
            self.folder
        )
    }

    /// Has the script do something: see there.
    pub(crate) fn command(&self, command: &str) {
        self.watcher.lock().unwrap().command(command);
    }

    /// As if it had crashed: connections are cut, nothing is written.
    pub(crate) fn stop(&self) {
        self.command("stop");
    }

    pub(crate) fn start_again(&self) {
        self.command("start");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut watcher = self.watcher.lock().unwrap();
        watcher.commands = None;
        let _ = watcher.child.wait();
    }
}

impl Watcher {
    fn command(&mut self, command: &str) {
        writeln!(self.commands.as_mut().unwrap(), "{command}").unwrap();
        assert_eq!(self.answer(), "done");
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        if line.is_empty() {
            let mut why = String::new();
            let _ = self.child.stderr.take().unwrap().read_to_string(&mut why);
            panic!("PostgreSQL did not start:\n{why}");
        }
        line.trim_end().to_owned()
    }
}

/// PostgreSQL refuses to run as root: then as its own user, or as no one.
fn shell() -> Command {
    let id = |args: &[&str]| {
        let output = Command::new("id").args(args).output().ok()?;
        output
            .status
            .success()
            .then(|| String::from_utf8(output.stdout).unwrap().trim().to_owned())
    };
    if id(&["-u"]).as_deref() == Some("0") {
        let user = ["postgres", "nobody"]
            .into_iter()
            .find(|user| id(&["-u", user]).is_some())
            .expect("a user to run PostgreSQL as");
        let mut command = Command::new("setpriv");
        command.args([
            format!("--reuid={user}"),
            format!("--regid={}", id(&["-g", user]).unwrap()),
            "--clear-groups".to_owned(),
            "sh".to_owned(),
        ]);
        command
    } else {
        Command::new("sh")
    }
}

/// The newest version there is.
fn binaries() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("SEQLINE_POSTGRES_BIN") {
        return Some(PathBuf::from(named));
    }
    let version = |folder: &PathBuf| {
        let name = folder.parent()?.file_name()?.to_str()?;
        name.parse::<u32>().ok()
    };
    let debian = std::fs::read_dir("/usr/lib/postgresql")
        .ok()
        .and_then(|versions| {
            versions
                .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
                .filter(|folder| folder.join("initdb").exists())
                .max_by_key(version)
        });
    let path = || {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).find(|folder| folder.join("initdb").exists())
    };
    debian.or_else(path)
}
