//! `epoch`: a new numbering in a restored database.

use std::io::{IsTerminal as _, Write as _, stdin, stdout};

use clap::ArgMatches;
use seqline_protocol::Epoch;
use thiserror::Error;

use super::{Failure, Outcome, gather, runtime};
use crate::{cli::EpochArgs, entropy::SystemEntropy, store::NewEpoch};

/// Nobody is there who could be asked.
#[derive(Debug, Error)]
#[error(
    "a new numbering makes every device start over, and there is no terminal to ask on: give \
     --yes if that is wanted"
)]
pub(super) struct NotAsked;

const EXPLAINED: &str = "\
With a new numbering, every device that comes back is told to start over: it reads its conversations
anew, and sends again what was not acknowledged. No message is removed. It is needed after a restore,
and there is no way back.";

pub(super) fn run(args: EpochArgs, flags: &ArgMatches) -> Result<Outcome, Failure> {
    let database = gather(args.settings, flags)?.check_database()?;
    let runtime = runtime()?;
    let epoch = runtime.block_on(database.epoch())?;
    writeln!(stdout(), "{database} has {}", shown(epoch))?;
    if args.check {
        return Ok(Outcome::Done);
    }
    if !args.yes && !is_confirmed()? {
        writeln!(stdout(), "nothing was changed")?;
        return Ok(Outcome::NotWell);
    }
    let begun = runtime.block_on(database.begin_epoch(&SystemEntropy))?;
    tell(begun)?;
    Ok(Outcome::Done)
}

fn is_confirmed() -> Result<bool, Failure> {
    if !stdin().is_terminal() {
        return Err(NotAsked.into());
    }
    let mut out = stdout().lock();
    write!(out, "{EXPLAINED}\nBegin a new numbering? [yes/no] ")?;
    out.flush()?;
    let mut answer = String::new();
    stdin().read_line(&mut answer)?;
    Ok(answer.trim() == "yes")
}

fn tell(begun: NewEpoch) -> Result<(), Failure> {
    let mut out = stdout().lock();
    writeln!(out, "it has {} now", shown(Some(begun.epoch)))?;
    if begun.removed_index {
        writeln!(
            out,
            "the index for searches knew of messages that are not there: it was removed, and the \
             relay makes it again"
        )?;
    }
    writeln!(
        out,
        "start the relays: each device that comes back starts over, once (`reset`, epoch_changed)"
    )?;
    Ok(())
}

fn shown(epoch: Option<Epoch>) -> String {
    epoch.map_or_else(
        || "no epoch yet: no relay ever ran on it".to_owned(),
        |epoch| format!("the epoch {epoch}"),
    )
}
