//! What is written to stderr while the relay runs.

use std::io::{IsTerminal as _, stderr};

use tracing::{Level, Metadata};
use tracing_subscriber::{
    EnvFilter, Layer as _, filter::filter_fn, fmt, layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use crate::config::LogFormat;

/// Starts the process's log, by a filter such as `info` or `seqline_relay=debug`. The format is
/// by default as fits where it goes.
pub fn start(filter: &str, format: Option<LogFormat>) {
    let is_terminal = stderr().is_terminal();
    let format = format.unwrap_or(if is_terminal {
        LogFormat::Human
    } else {
        LogFormat::Json
    });
    let lines = fmt::layer().with_writer(stderr);
    let lines = match format {
        LogFormat::Human => lines.with_ansi(is_terminal).boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    // Not filters of this one layer: sqlx asks whether its own events are wanted, and after a "no"
    // the thread's next event would be dropped, whatever it is.
    tracing_subscriber::registry()
        .with(lines)
        .with(EnvFilter::new(filter))
        .with(filter_fn(is_discreet))
        .init();
}

/// At `trace`, libraries write what passes through them: tokens, and what users say.
fn is_discreet(event: &Metadata<'_>) -> bool {
    *event.level() < Level::TRACE || event.target().starts_with(env!("CARGO_CRATE_NAME"))
}
