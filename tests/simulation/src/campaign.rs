//! Runs scenarios of many seeds, on several threads: which thread has which changes nothing.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde::Serialize;

use crate::{
    model::{Checks, Violation},
    plan::Plan,
    scenario,
    shrink::{Shrunk, shrink},
    world::{Figures, World},
};

/// What to run.
#[derive(Debug, Clone)]
pub struct Campaign {
    /// The first seed.
    pub seed: u64,
    /// So many of them; as many as there is time for, if none.
    pub scenarios: Option<u64>,
    /// No more are begun after so long; never mind the time, if none.
    pub time: Option<Duration>,
    /// Threads.
    pub jobs: usize,
    /// No more are begun once so many have broken a promise.
    pub violations_max: usize,
    /// How long each of those is made smaller.
    pub shrink_time: Duration,
    /// Where those are saved.
    pub save: PathBuf,
}

/// What came of it.
#[derive(Debug, Default, Serialize)]
pub struct Summary {
    /// The first seed.
    pub seed_first: u64,
    /// The one after the last.
    pub seed_end: u64,
    /// How many were run.
    pub scenarios: u64,
    /// How long it took.
    pub seconds: f64,
    /// How fast it went.
    pub scenarios_per_minute: u64,
    /// How much virtual time passed.
    pub virtual_hours: u64,
    /// What happened.
    pub figures: BTreeMap<&'static str, Figure>,
    /// How often each promise was looked at.
    pub checks: Checks,
    /// Promises that were broken.
    pub violations: Vec<Found>,
}

/// How often something happened.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Figure {
    /// In all.
    pub times: u64,
    /// In so many scenarios.
    pub scenarios: u64,
}

/// A scenario that breaks a promise.
#[derive(Debug, Serialize)]
pub struct Found {
    /// Its seed.
    pub seed: u64,
    /// What it breaks.
    pub violation: Box<Violation>,
    /// How many steps the plan that was saved has.
    pub steps: usize,
    /// Where it was saved.
    pub saved: PathBuf,
}

/// How far it is.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Scenarios that were run.
    pub done: u64,
    /// Of so many, if that is known.
    pub of: Option<u64>,
    /// For so long.
    pub elapsed: Duration,
    /// Promises that were broken.
    pub violations: usize,
    /// The seed of the scenario that was found last to break one.
    pub last_broken: Option<u64>,
}

/// Seeds that a thread takes at once.
const CHUNK: u64 = 32;

struct Shared<'c> {
    campaign: &'c Campaign,
    started: Instant,
    next: AtomicU64,
    done: AtomicU64,
    is_over: AtomicBool,
    results: Mutex<Results>,
}

#[derive(Default)]
struct Results {
    figures: BTreeMap<&'static str, Figure>,
    checks: Checks,
    virtual_ms: u64,
    broken: Vec<(u64, Box<Violation>)>,
}

/// The machine's time, which nothing in a scenario depends on.
#[expect(
    clippy::disallowed_methods,
    reason = "how long it takes is told to people, and decides nothing in a scenario"
)]
#[must_use]
pub fn now() -> Instant {
    Instant::now()
}

/// Runs it. `report` is called about once a second.
///
/// # Panics
/// If a plan that breaks a promise cannot be saved.
#[must_use]
pub fn run(campaign: &Campaign, report: &mut dyn FnMut(Progress)) -> Summary {
    let shared = Shared {
        campaign,
        started: now(),
        next: AtomicU64::new(campaign.seed),
        done: AtomicU64::new(0),
        is_over: AtomicBool::new(false),
        results: Mutex::default(),
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..campaign.jobs.max(1))
            .map(|_| scope.spawn(|| shared.work()))
            .collect();
        while !workers.iter().all(thread::ScopedJoinHandle::is_finished) {
            thread::park_timeout(Duration::from_millis(200));
            report(shared.progress());
        }
    });
    let results = shared
        .results
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    let elapsed = now().duration_since(shared.started);
    let mut summary = summary(campaign, shared.done.into_inner(), elapsed, &results);
    let mut broken = results.broken;
    broken.sort_by_key(|(seed, _)| *seed);
    for (seed, violation) in broken.into_iter().take(campaign.violations_max) {
        let shrunk = shrink_within(scenario::plan(seed), violation, campaign.shrink_time);
        let saved = save(&campaign.save, seed, &shrunk.plan);
        summary.violations.push(Found {
            seed,
            steps: shrunk.plan.steps.len(),
            violation: shrunk.violation,
            saved: saved.expect("a plan that breaks a promise is saved"),
        });
    }
    summary
}

/// Makes a plan smaller for some time.
#[must_use]
pub fn shrink_within(plan: Plan, violation: Box<Violation>, time: Duration) -> Shrunk {
    let until = now() + time;
    shrink(plan, violation, &mut || now() < until)
}

impl Shared<'_> {
    fn work(&self) {
        while let Some((from, upto)) = self.take() {
            let mut mine = Results::default();
            for seed in from..upto {
                if self.is_over.load(Ordering::Relaxed) {
                    break;
                }
                let outcome = World::run(&scenario::plan(seed));
                mine.virtual_ms += outcome.ended_at_ms;
                mine.add_figures(&outcome.figures);
                mine.add_checks(outcome.checks);
                if let Some(violation) = outcome.violation {
                    mine.broken.push((seed, violation));
                }
                self.done.fetch_add(1, Ordering::Relaxed);
            }
            self.add(mine);
        }
    }

    /// Some seeds.
    fn take(&self) -> Option<(u64, u64)> {
        let campaign = self.campaign;
        let elapsed = now().duration_since(self.started);
        if self.is_over.load(Ordering::Relaxed) || campaign.time.is_some_and(|time| elapsed >= time)
        {
            return None;
        }
        let from = self.next.fetch_add(CHUNK, Ordering::Relaxed);
        let end = campaign
            .scenarios
            .map_or(u64::MAX, |count| campaign.seed.saturating_add(count));
        (from < end).then(|| (from, end.min(from + CHUNK)))
    }

    fn add(&self, mine: Results) {
        let mut results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        results.virtual_ms += mine.virtual_ms;
        for (what, mine) in mine.figures {
            let figure = results.figures.entry(what).or_default();
            figure.times += mine.times;
            figure.scenarios += mine.scenarios;
        }
        results.add_checks(mine.checks);
        results.broken.extend(mine.broken);
        if results.broken.len() >= self.campaign.violations_max {
            self.is_over.store(true, Ordering::Relaxed);
        }
    }

    fn progress(&self) -> Progress {
        let results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        Progress {
            done: self.done.load(Ordering::Relaxed),
            of: self.campaign.scenarios,
            elapsed: now().duration_since(self.started),
            violations: results.broken.len(),
            last_broken: results.broken.last().map(|(seed, _)| *seed),
        }
    }
}

impl Results {
    /// Of one scenario.
    fn add_figures(&mut self, figures: &Figures) {
        for (what, times) in figures {
            let figure = self.figures.entry(what).or_default();
            figure.times += times;
            figure.scenarios += 1;
        }
    }

    fn add_checks(&mut self, checks: Checks) {
        for (promise, times) in checks {
            *self.checks.entry(promise).or_default() += times;
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "figures for people"
)]
fn summary(campaign: &Campaign, done: u64, elapsed: Duration, results: &Results) -> Summary {
    let seconds = elapsed.as_secs_f64();
    Summary {
        seed_first: campaign.seed,
        seed_end: campaign.seed + done,
        scenarios: done,
        seconds: (seconds * 10.0).round() / 10.0,
        scenarios_per_minute: (done as f64 * 60.0 / seconds.max(0.001)) as u64,
        virtual_hours: results.virtual_ms / 3_600_000,
        figures: results.figures.clone(),
        checks: results.checks.clone(),
        violations: Vec::new(),
    }
}

/// Writes a plan where it can be replayed.
///
/// # Errors
/// It cannot be written.
pub fn save(folder: &Path, seed: u64, plan: &Plan) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let path = folder.join(format!("seed-{seed}.json"));
    let mut text = serde_json::to_string_pretty(plan).map_err(std::io::Error::other)?;
    text.push('\n');
    std::fs::write(&path, text)?;
    Ok(path)
}
