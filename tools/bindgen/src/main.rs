//! Makes a compiled wasm file loadable: writes its JavaScript glue (ES module
//! for browsers and Node) and type declarations beside a rewritten wasm file.
//!
//! ```text
//! seqline-bindgen INPUT.wasm OUT_DIR NAME [--keep-debug]
//! ```
//!
//! Writes `OUT_DIR/NAME.js`, `NAME.d.ts`, `NAME_bg.wasm` and `NAME_bg.wasm.d.ts`.
//! `--keep-debug` keeps function names and line tables, for readable traces
//! in tests.
//!
//! This does the work of `wasm-bindgen-cli`, which takes minutes to install
//! and whose version has to be matched with the library's by hand.

mod features;

use std::{env, fs, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    match Options::parse(env::args().skip(1)).and_then(|options| generate(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("seqline-bindgen: {error:#}");
            ExitCode::FAILURE
        }
    }
}

struct Options {
    input: PathBuf,
    out_dir: PathBuf,
    name: String,
    keep_debug: bool,
}

impl Options {
    fn parse(args: impl Iterator<Item = String>) -> Result<Self> {
        let (flags, positional): (Vec<_>, Vec<_>) = args.partition(|arg| arg.starts_with("--"));
        if let Some(unknown) = flags.iter().find(|flag| *flag != "--keep-debug") {
            bail!("unknown option {unknown}; {USAGE}");
        }
        let [input, out_dir, name] =
            <[String; 3]>::try_from(positional).map_err(|_| anyhow::anyhow!(USAGE))?;
        Ok(Self {
            input: input.into(),
            out_dir: out_dir.into(),
            name,
            keep_debug: !flags.is_empty(),
        })
    }
}

const USAGE: &str = "usage: seqline-bindgen INPUT.wasm OUT_DIR NAME [--keep-debug]";

fn generate(options: &Options) -> Result<()> {
    let wasm = fs::read(&options.input)
        .with_context(|| format!("cannot read {}", options.input.display()))?;
    let wasm = features::without_unsupported(&wasm)
        .with_context(|| format!("{} is not a whole wasm file", options.input.display()))?;

    Bindgen::new()
        .input_bytes(&options.name, wasm)
        .web(true)?
        .typescript(true)
        .keep_debug(options.keep_debug)
        .remove_name_section(!options.keep_debug)
        .remove_producers_section(true)
        .generate(&options.out_dir)
        .with_context(|| format!("cannot write bindings for {}", options.input.display()))
}
