//! Settings and secrets.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use super::report::Report;
use crate::{
    config::{Config, ConfigError, Sources},
    listener::TlsFiles,
};

/// Read by others than the owner and the group.
const OTHERS_MAY_READ: u32 = 0o004;

pub(super) fn look(sources: &Sources, report: &mut Report) -> Option<Config> {
    let config = match sources.check() {
        Ok(config) => config,
        Err(ConfigError::Invalid(problems)) => {
            for problem in problems {
                let advice = "change it; `seqline-relay serve --help` lists all settings";
                report.failed("settings", problem.to_string(), advice);
            }
            return None;
        }
        Err(error) => {
            report.failed("settings", error.to_string(), "correct the file");
            return None;
        }
    };
    report.ok("settings", "all can be used");
    secrets(&config, report);
    if let Some(path) = sources.file_path() {
        readers("secrets", path, report);
    }
    if let Some(files) = &config.tls {
        tls(files, report);
    }
    Some(config)
}

fn secrets(config: &Config, report: &mut Report) {
    if config.is_dev {
        let advice = "configure apps with secrets instead of `dev` where others can reach it";
        let finding = "development: anyone on this machine can be any user";
        return report.warning("secrets", finding, advice);
    }
    let (count, before) = (config.apps.len(), config.previous_secrets.len());
    report.ok(
        "secrets",
        format!("{count} apps, each with a secret that is long enough"),
    );
    if before > 0 {
        report.warning(
            "secrets",
            format!("{before} apps have a previous secret, and tokens signed with it are taken"),
            "remove previous_secret once the longest token of before has expired",
        );
    }
}

fn tls(files: &TlsFiles, report: &mut Report) {
    match files.check() {
        Ok(()) => report.ok("tls", format!("{} can be served", files.cert.display())),
        Err(error) => {
            let advice = "name the whole chain in PEM form, and its own key, not encrypted";
            report.failed("tls", error.to_string(), advice);
        }
    }
    readers("tls", &files.key, report);
}

/// Whether a file is read by those who have no need to.
fn readers(check: &'static str, path: &Path, report: &mut Report) {
    let Ok(metadata) = fs::metadata(path) else {
        return;
    };
    if metadata.permissions().mode() & OTHERS_MAY_READ != 0 {
        let shown = path.display();
        report.warning(
            check,
            format!("every user of this machine can read {shown}"),
            format!("chmod 640 {shown}, and give it the group that the relay runs as"),
        );
    }
}
