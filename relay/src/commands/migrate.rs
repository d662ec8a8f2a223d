//! `migrate`: the database's schema, brought up to date or only looked at.

use std::io::{Write as _, stdout};

use clap::ArgMatches;

use super::{Failure, Outcome, gather, runtime};
use crate::{
    cli::MigrateArgs,
    clock::{Clock as _, SystemClock},
    store::{Database, SchemaStep},
};

pub(super) fn run(args: MigrateArgs, flags: &ArgMatches) -> Result<Outcome, Failure> {
    let database = gather(args.settings, flags)?.check_database()?;
    runtime()?.block_on(async {
        if args.check {
            check(&database).await
        } else {
            migrate(&database).await.map(|()| Outcome::Done)
        }
    })
}

async fn check(database: &Database) -> Result<Outcome, Failure> {
    let found = database.inspect().await?;
    let mut out = stdout().lock();
    if !found.exists {
        writeln!(out, "there is no database yet: it would be made")?;
    }
    for step in &found.steps {
        let state = if step.is_applied {
            "is there"
        } else {
            "would be taken"
        };
        writeln!(out, "{}: {state}", described(step))?;
    }
    if found.steps.iter().all(|step| step.is_applied) {
        writeln!(out, "the schema is up to date ({})", found.product)?;
        Ok(Outcome::Done)
    } else {
        writeln!(out, "to take these steps: the same without --check")?;
        Ok(Outcome::NotWell)
    }
}

async fn migrate(database: &Database) -> Result<(), Failure> {
    let clock = SystemClock::start();
    let mut count = 0;
    database
        .migrate(|step| {
            count += 1;
            // Who cannot be told is no reason to stop in between.
            let _ = writeln!(stdout(), "{} …", described(step));
        })
        .await?;
    let mut out = stdout().lock();
    if count == 0 {
        writeln!(out, "the schema was up to date")?;
    } else {
        let took = clock.now().uptime.as_secs_f64();
        writeln!(
            out,
            "the schema is up to date: {count} steps in {took:.1} s"
        )?;
    }
    Ok(())
}

fn described(step: &SchemaStep) -> String {
    format!("{}, step {} ({})", step.part, step.version, step.name)
}
