//! `simulate`: runs scenarios, shows how far it is, and saves what breaks a promise.

use std::{
    io::{self, IsTerminal as _, Write as _},
    num::NonZeroUsize,
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
    time::Duration,
};

use clap::Parser;
use seqline_simulation::{
    campaign::{self, Campaign, Progress, Summary},
    plan::Plan,
    scenario,
    world::{Outcome, World},
};

/// Runs scenarios of many clients and a relay in virtual time, and checks every promise.
///
/// Exit code: 0 if all promises were kept, 1 if one was broken, 2 if it could not run.
#[derive(Debug, Parser)]
#[command(name = "simulate", version)]
struct Options {
    /// Scenarios to run [default: 10000, or as many as --seconds gives time for]
    #[arg(long)]
    scenarios: Option<u64>,
    /// Seconds after which no more scenarios are begun
    #[arg(long)]
    seconds: Option<u64>,
    /// The seed of the first scenario; the others follow
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Threads [default: as many as there are cores]
    #[arg(long)]
    jobs: Option<NonZeroUsize>,
    /// Violations after which it ends
    #[arg(long, default_value_t = NonZeroUsize::MIN)]
    violations: NonZeroUsize,
    /// Seconds for making each plan that breaks a promise smaller
    #[arg(long, default_value_t = 30)]
    shrink_time: u64,
    /// Where such plans are saved
    #[arg(long, default_value = "tests/results/simulation")]
    save: PathBuf,
    /// Writes the summary as JSON to this file; `-` for standard output
    #[arg(long)]
    json: Option<PathBuf>,
    /// Runs a plan that was saved, twice, and tells what it breaks
    #[arg(long, conflicts_with_all = ["scenarios", "seconds", "show"])]
    replay: Option<PathBuf>,
    /// Prints the plan of --seed, and runs nothing
    #[arg(long, conflicts_with_all = ["scenarios", "seconds"])]
    show: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let done = match &options.replay {
        Some(path) => replay(path),
        None if options.show => show(options.seed),
        None => simulate(&options),
    };
    done.unwrap_or_else(|error| {
        eprintln!("simulate: {error}");
        ExitCode::from(2)
    })
}

fn show(seed: u64) -> io::Result<ExitCode> {
    let text = serde_json::to_string_pretty(&scenario::plan(seed)).map_err(io::Error::other)?;
    println!("{text}");
    Ok(ExitCode::SUCCESS)
}

fn replay(path: &Path) -> io::Result<ExitCode> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| io::Error::other(format!("{}: {error}", path.display())))?;
    let plan: Plan = serde_json::from_str(&text)
        .map_err(|error| io::Error::other(format!("{}: {error}", path.display())))?;
    let outcome = World::run(&plan);
    let again = World::run(&plan);
    println!(
        "{} steps, {} ms of virtual time",
        plan.steps.len(),
        outcome.ended_at_ms
    );
    for (what, count) in &outcome.figures {
        println!("  {what:<26} {count}");
    }
    let is_same = outcome.trace == again.trace;
    println!(
        "trace {:016x}{}",
        outcome.trace,
        if is_same {
            ""
        } else {
            ": ANOTHER ONE THE SECOND TIME"
        }
    );
    Ok(told(&outcome, is_same))
}

fn told(outcome: &Outcome, is_same: bool) -> ExitCode {
    match &outcome.violation {
        Some(violation) => {
            println!(
                "VIOLATION of {:?} at {} ms",
                violation.promise, violation.at_ms
            );
            println!("  {}", violation.text);
            ExitCode::FAILURE
        }
        None if is_same => {
            println!("all promises were kept");
            ExitCode::SUCCESS
        }
        None => ExitCode::FAILURE,
    }
}

fn simulate(options: &Options) -> io::Result<ExitCode> {
    let scenarios = match (options.scenarios, options.seconds) {
        (None, None) => Some(10_000),
        (scenarios, _) => scenarios,
    };
    let cores = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let campaign = Campaign {
        seed: options.seed,
        scenarios,
        time: options.seconds.map(Duration::from_secs),
        jobs: options.jobs.unwrap_or(cores).get(),
        violations_max: options.violations.get(),
        shrink_time: Duration::from_secs(options.shrink_time),
        save: options.save.clone(),
    };
    let mut line = ProgressLine::default();
    let summary = campaign::run(&campaign, &mut |progress| line.show(progress));
    line.end();
    if let Some(path) = &options.json {
        let text = serde_json::to_string_pretty(&summary).map_err(io::Error::other)?;
        if path.as_os_str() == "-" {
            println!("{text}");
        } else {
            std::fs::write(path, text + "\n")?;
        }
    }
    tell(&summary);
    Ok(if summary.violations.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn tell(summary: &Summary) {
    eprintln!(
        "{} scenarios (seeds {} to {}) in {} s: {} a minute, {} hours of virtual time",
        summary.scenarios,
        summary.seed_first,
        summary.seed_end.saturating_sub(1),
        summary.seconds,
        summary.scenarios_per_minute,
        summary.virtual_hours
    );
    eprintln!("  {:<26} {:>12}  in scenarios", "what happened", "times");
    for (what, figure) in &summary.figures {
        eprintln!("  {what:<26} {:>12} {:>13}", figure.times, figure.scenarios);
    }
    eprintln!("  {:<26} {:>12}", "promise", "looked at");
    for (promise, times) in &summary.checks {
        eprintln!("  {:<26} {times:>12}", format!("{promise:?}"));
    }
    if summary.violations.is_empty() {
        eprintln!("all promises were kept");
    }
    for found in &summary.violations {
        let violation = &found.violation;
        eprintln!(
            "VIOLATION of {:?}, seed {}, at {} ms, with {} steps:\n  {}\n  simulate --replay {}",
            violation.promise,
            found.seed,
            violation.at_ms,
            found.steps,
            violation.text,
            found.saved.display()
        );
    }
}

/// One line that changes; a line now and then where nobody looks.
#[derive(Default)]
struct ProgressLine {
    told: Duration,
    is_open: bool,
}

impl ProgressLine {
    fn show(&mut self, progress: Progress) {
        let is_terminal = io::stderr().is_terminal();
        let every = Duration::from_secs(if is_terminal { 1 } else { 30 });
        if progress.elapsed < self.told + every {
            return;
        }
        self.told = progress.elapsed;
        let text = words(progress);
        if is_terminal {
            eprint!("\r{text:<78}");
            let _ = io::stderr().flush();
            self.is_open = true;
        } else {
            eprintln!("{text}");
        }
    }

    fn end(&mut self) {
        if self.is_open {
            eprintln!();
        }
    }
}

fn words(progress: Progress) -> String {
    let seconds = progress.elapsed.as_secs().max(1);
    let rate = progress.done / seconds;
    let violations = match progress.last_broken {
        Some(seed) => format!(
            "{} violations, the last one of seed {seed}",
            progress.violations
        ),
        None => "no violation".to_owned(),
    };
    let done = progress.done;
    match progress.of {
        Some(of) => {
            let left_s = of.saturating_sub(done) / rate.max(1);
            let percent = done * 100 / of.max(1);
            format!("{percent:>3} %  {done} of {of}, {rate}/s, {left_s} s left, {violations}")
        }
        None => format!("{done} scenarios, {rate}/s, {violations}"),
    }
}
