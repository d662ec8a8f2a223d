//! Makes a compiled wasm file usable: writes its JavaScript glue (an ES module)
//! and type declarations beside a rewritten wasm file.
//!
//! ```text
//! seqline-bindgen INPUT.wasm OUT_DIR NAME [--web] [--keep-debug]
//! ```
//!
//! Writes `OUT_DIR/NAME_bg.js`, which is given its instance by whoever makes one,
//! `NAME.d.ts` and `NAME_bg.wasm`. With `--web`, the glue is `NAME.js` and fetches
//! and compiles the wasm itself. `--keep-debug` keeps function names and line
//! tables, for readable traces in tests.
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
    web: bool,
    keep_debug: bool,
}

impl Options {
    fn parse(args: impl Iterator<Item = String>) -> Result<Self> {
        let (flags, positional): (Vec<_>, Vec<_>) = args.partition(|arg| arg.starts_with("--"));
        let known = ["--web", "--keep-debug"];
        if let Some(unknown) = flags.iter().find(|flag| !known.contains(&flag.as_str())) {
            bail!("unknown option {unknown}; {USAGE}");
        }
        let [input, out_dir, name] =
            <[String; 3]>::try_from(positional).map_err(|_| anyhow::anyhow!(USAGE))?;
        Ok(Self {
            input: input.into(),
            out_dir: out_dir.into(),
            name,
            web: flags.iter().any(|flag| flag == "--web"),
            keep_debug: flags.iter().any(|flag| flag == "--keep-debug"),
        })
    }
}

const USAGE: &str = "usage: seqline-bindgen INPUT.wasm OUT_DIR NAME [--web] [--keep-debug]";

fn generate(options: &Options) -> Result<()> {
    let wasm = fs::read(&options.input)
        .with_context(|| format!("cannot read {}", options.input.display()))?;
    let wasm = features::without_unsupported(&wasm)
        .with_context(|| format!("{} is not a whole wasm file", options.input.display()))?;

    let mut bindgen = Bindgen::new();
    if options.web {
        bindgen.web(true)?;
    } else {
        bindgen.bundler(true)?;
    }
    bindgen
        .input_bytes(&options.name, wasm)
        .typescript(true)
        .keep_debug(options.keep_debug)
        .remove_name_section(!options.keep_debug)
        .remove_producers_section(true)
        .generate(&options.out_dir)
        .with_context(|| format!("cannot write bindings for {}", options.input.display()))
}
