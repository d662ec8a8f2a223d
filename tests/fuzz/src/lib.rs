//! Whatever takes bytes from strangers, as functions of bytes. A function panics if what it tries
//! breaks a promise; it returns for everything else, however senseless.
//!
//! `cargo test -p seqline-fuzz` runs each on its corpus and on a number of mutations of it. For
//! long runs, `libfuzzer` beside this crate links the same functions with libFuzzer.

pub mod corpus;
pub mod frames;
pub mod methods;
pub mod mutator;
pub mod search;
pub mod session;
pub mod settings;
pub mod tokens;
mod virtual_relay;

/// Something that is tried.
pub struct Target {
    /// Its name, and that of its folder in `corpus`.
    pub name: &'static str,
    /// Tries it with one input.
    pub run: fn(&[u8]),
    /// Mutations that the short run tries: a few seconds' worth without optimisation.
    pub short_run: u32,
}

/// All of them.
pub static TARGETS: &[Target] = &[
    Target {
        name: "client_frames",
        run: frames::client,
        short_run: 20_000,
    },
    Target {
        name: "relay_frames",
        run: frames::relay,
        short_run: 20_000,
    },
    Target {
        name: "polls",
        run: frames::polls,
        short_run: 20_000,
    },
    Target {
        name: "methods",
        run: methods::run,
        short_run: 1_000,
    },
    Target {
        name: "tokens",
        run: tokens::run,
        short_run: 10_000,
    },
    Target {
        name: "session",
        run: session::run,
        short_run: 3_000,
    },
    Target {
        name: "search",
        run: search::run,
        short_run: 2_000,
    },
    Target {
        name: "settings",
        run: settings::run,
        short_run: 3_000,
    },
];
