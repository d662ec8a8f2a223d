//! `completions`: a script for a shell.

use std::io::{Write as _, stdout};

use clap::CommandFactory as _;
use clap_complete::{Shell, generate};

use super::Failure;
use crate::cli::Cli;

pub(super) fn run(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), "seqline-relay", &mut script);
    stdout().write_all(&script)?;
    Ok(())
}
