//! `seqline-relay`: see [`seqline_relay::commands`].

use std::process::ExitCode;

fn main() -> ExitCode {
    seqline_relay::commands::run()
}
