//! `seqline-load`: see `seqline-load --help`.

use std::process::ExitCode;

use clap::Parser as _;
use seqline_load::{cli::Cli, run::run};

fn main() -> ExitCode {
    // One thread: the server has the rest of the machine.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let cli = Cli::parse();
    match runtime {
        Ok(runtime) => runtime.block_on(run(&cli)),
        Err(error) => {
            eprintln!("seqline-load: {error}");
            ExitCode::from(2)
        }
    }
}
