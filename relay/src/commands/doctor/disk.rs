//! The folder of a database that is a file: what it is on, whether it takes files, how full it is.

use std::{io, path::Path};

use rustix::fs::{statfs, statvfs};

use super::report::Report;
use crate::{commands::folder::existing, store::Database};

const GIB: u64 = 1024 * 1024 * 1024;

/// Less free is a matter of days; and a tenth of what is less than nothing.
const FREE_BYTES_MIN: u64 = GIB;
const FREE_BYTES_NEEDED: u64 = 64 * 1024 * 1024;

/// File systems of other machines: SQLite's log needs memory that all its users share.
const NETWORKS: [(i64, &str); 5] = [
    (0x6969, "NFS"),
    (0x517B, "SMB"),
    (0xFF53_4D42, "CIFS"),
    (0xFE53_4D42, "SMB2"),
    (0x0102_1997, "9P"),
];

/// In memory.
const TMPFS: i64 = 0x0102_1994;

pub(super) fn look(database: &Database, report: &mut Report) {
    let Some(folder) = database.folder() else {
        return;
    };
    let Some(existing) = existing(folder) else {
        return report.failed(
            "data folder",
            format!(
                "{} is not there, nor is any folder above it",
                folder.display()
            ),
            "make it, or choose another `database`",
        );
    };
    writable(folder, &existing, report);
    kind(&existing, report);
    room(&existing, report);
}

fn writable(folder: &Path, existing: &Path, report: &mut Report) {
    let shown = folder.display();
    match tempfile::tempfile_in(existing) {
        Ok(_) if folder.is_dir() => report.ok("data folder", format!("{shown} takes files")),
        Ok(_) => report.ok("data folder", format!("{shown} will be made")),
        Err(error) => report.failed(
            "data folder",
            format!("no file can be made in {}: {error}", existing.display()),
            "give it to the user that the relay runs as, mounted for writing",
        ),
    }
}

fn kind(folder: &Path, report: &mut Report) {
    let Ok(found) = statfs(folder) else {
        return;
    };
    let kind = found.f_type;
    if let Some((_, name)) = NETWORKS.iter().find(|(network, _)| *network == kind) {
        report.failed(
            "data folder",
            format!("{} is on another machine ({name})", folder.display()),
            "SQLite needs a disk of this machine; for several machines use PostgreSQL",
        );
    } else if kind == TMPFS {
        report.warning(
            "data folder",
            format!(
                "{} is in memory: all is gone with the machine",
                folder.display()
            ),
            "choose a folder on a disk",
        );
    }
}

fn room(folder: &Path, report: &mut Report) {
    let found = match statvfs(folder) {
        Ok(found) => found,
        Err(error) => {
            let error = io::Error::from(error);
            return report.skipped("disk", format!("the system does not tell: {error}"));
        }
    };
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    let total = found.f_blocks.saturating_mul(found.f_frsize).max(1);
    let percent = u128::from(free) * 100 / u128::from(total);
    let text = format!("{} free ({percent} %)", size(free));
    let advice = "make room, or move the database: with a full disk nothing can be sent";
    if free < FREE_BYTES_NEEDED {
        report.failed("disk", text, advice);
    } else if free < FREE_BYTES_MIN {
        report.warning("disk", text, advice);
    } else {
        report.ok("disk", text);
    }
}

fn size(bytes: u64) -> String {
    const MIB: u64 = 1024 * 1024;
    if bytes >= 10 * GIB {
        format!("{} GiB", bytes / GIB)
    } else {
        format!("{} MiB", bytes / MIB)
    }
}
