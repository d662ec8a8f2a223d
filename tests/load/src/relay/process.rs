//! A server that this tool starts and ends.

use std::{io, path::Path, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    time::timeout,
};

/// For a server to say that it listens.
const START_WAIT: Duration = Duration::from_secs(30);

/// Why a server of our own is not there.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The program.
    #[error("{program} could not be started: {source}; {advice}")]
    Spawn {
        /// Which.
        program: String,
        /// What the system says.
        source: io::Error,
        /// What to do.
        advice: &'static str,
    },
    /// It ended, or said nothing for long.
    #[error("{program} does not listen; its log: {log}")]
    Silent {
        /// Which.
        program: String,
        /// Its last lines.
        log: String,
    },
    /// It is not ours to start again.
    #[error("only a relay that was started by this tool can be restarted; leave out --url")]
    NotOurs,
    /// Its folder or files.
    #[error("the folder for the server's data: {0}")]
    Folder(#[from] io::Error),
}

/// A server's process. It is killed when this is dropped.
#[derive(Debug)]
pub struct ServerProcess {
    child: Child,
    pid: u32,
}

impl ServerProcess {
    /// Starts it, with its log in a file.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn spawn(
        command: &mut Command,
        log: &Path,
        advice: &'static str,
    ) -> Result<Self, StartError> {
        let program = command
            .as_std()
            .get_program()
            .to_string_lossy()
            .into_owned();
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(log)?)
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| StartError::Spawn {
                program,
                source,
                advice,
            })?;
        let pid = child.id().unwrap_or_default();
        Ok(Self { child, pid })
    }

    /// What stands behind `prefix` in the first line of its output that begins so.
    ///
    /// # Errors
    /// [`StartError::Silent`].
    pub async fn announced(&mut self, prefix: &str, log: &Path) -> Result<String, StartError> {
        let found = async {
            let mut lines = BufReader::new(self.child.stdout.take()?).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(rest) = line.strip_prefix(prefix) {
                    let rest = rest.trim().to_owned();
                    // Nobody reads on; a server must not wait for it.
                    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                    return Some(rest);
                }
            }
            None
        };
        let found = timeout(START_WAIT, found).await.ok().flatten();
        found.ok_or_else(|| StartError::Silent {
            program: prefix.to_owned(),
            log: last_lines(log),
        })
    }

    /// Its id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Ends it, and waits until it is gone.
    pub async fn stop(mut self) {
        // It may have ended by itself.
        let _ = self.child.kill().await;
    }
}

fn last_lines(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines
        .get(lines.len().saturating_sub(5)..)
        .unwrap_or_default()
        .join("\n")
}
