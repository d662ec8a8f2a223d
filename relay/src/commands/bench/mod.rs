//! `bench`: what this machine's storage and loopback can do, in a few seconds. Real data is not
//! touched: the database is one of its own, beside the real one, and thrown away.

mod loopback;
mod progress;
mod report;
mod storage;
mod times;

use std::{path::Path, time::Duration};

use clap::ArgMatches;
use tokio::signal::ctrl_c;

use self::{progress::Progress, report::Report, storage::Storage};
use super::{Failure, folder::existing, gather, runtime};
use crate::{
    cli::BenchArgs,
    entropy::SystemEntropy,
    store::{Database, Scratch},
};

pub(super) fn run(args: BenchArgs, flags: &ArgMatches) -> Result<(), Failure> {
    let database = gather(args.settings, flags)?.check_database()?;
    let time = Duration::from_secs(args.seconds);
    let runtime = runtime()?;
    let report = runtime.block_on(measure_beside(&database, time))?;
    runtime.shutdown_background();
    report.print(args.format)?;
    Ok(())
}

async fn measure_beside(database: &Database, time: Duration) -> Result<Report, Failure> {
    let wanted = database.folder().unwrap_or(Path::new("."));
    let folder = existing(wanted).ok_or("there is no folder to measure in")?;
    let scratch = Scratch::beside(database, &folder, &SystemEntropy).await?;
    let measured = tokio::select! {
        measured = measure(scratch.database(), time) => measured,
        _ = ctrl_c() => Err("stopped; nothing is left behind".into()),
    };
    scratch.remove().await?;
    measured
}

async fn measure(database: &Database, time: Duration) -> Result<Report, Failure> {
    let product = database.inspect().await?.product;
    let storage = Storage::open(database).await?;
    let progress = Progress::new(time);
    let lone = progress
        .part("lone commits", storage.lone_commits(time))
        .await?;
    let together = progress.part("commits together", storage.commits_together(time));
    let together = together.await?;
    let pulls = progress.part("pulls", storage.pulls(time)).await?;
    let loopback = progress
        .part("loopback", loopback::round_trips(time))
        .await?;
    progress.finish();
    storage.close().await;
    Ok(Report::new(
        product, time, &lone, &together, &pulls, &loopback,
    ))
}
