//! `doctor`: looks at settings, database and machine, and says what to do.

mod bus;
mod database;
mod disk;
mod machine;
mod replica;
mod report;
mod settings;

use clap::ArgMatches;

use self::report::Report;
use super::{Failure, Outcome, gather, runtime};
use crate::{
    bus::BusChoice,
    cli::{DoctorArgs, ReportFormat},
    clock::SystemClock,
    entropy::SystemEntropy,
};

pub(super) fn run(args: DoctorArgs, flags: &ArgMatches) -> Result<Outcome, Failure> {
    let mut report = Report::default();
    let sources = match gather(args.settings, flags) {
        Ok(sources) => sources,
        Err(error) => {
            report.failed("settings", error.to_string(), "correct the file");
            return finish(&report, args.format);
        }
    };
    let config = settings::look(&sources, &mut report);
    machine::look(config.as_ref(), &mut report);
    match sources.check_database() {
        Ok(database) => {
            disk::look(&database, &mut report);
            let readers = config.as_ref().map_or(0, |config| config.readers);
            let clock = SystemClock::start();
            runtime()?.block_on(async {
                let answers = database::look(&database, readers, &clock, &mut report).await;
                if let Some(read_url) = config
                    .as_ref()
                    .and_then(|one| one.database_read_url.as_ref())
                    && answers
                {
                    replica::look(&database, read_url.expose(), &mut report).await;
                }
                match &config {
                    Some(config) if answers || matches!(config.bus, BusChoice::Nats(_)) => {
                        bus::look(&config.bus, &database, &SystemEntropy, &mut report).await;
                    }
                    _ => report.skipped("bus", "settings or database have to be well first"),
                }
            });
        }
        Err(_) => report.skipped("database", "the setting `database` cannot be used"),
    }
    finish(&report, args.format)
}

fn finish(report: &Report, format: ReportFormat) -> Result<Outcome, Failure> {
    report.print(format)?;
    Ok(if report.is_well() {
        Outcome::Done
    } else {
        Outcome::NotWell
    })
}
