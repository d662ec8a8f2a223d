//! Tells whoever waits how far it is: a bar in a terminal, nothing elsewhere.

use std::{
    io::{IsTerminal as _, stderr},
    pin::pin,
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::interval;

/// How often the bar moves.
const STEP: Duration = Duration::from_millis(100);

/// Four parts of the same time.
const PARTS: u64 = 4;

pub(super) struct Progress {
    bar: ProgressBar,
    steps_of_part: u64,
}

impl Progress {
    pub(super) fn new(part: Duration) -> Self {
        let target = if stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let steps_of_part = u64::try_from(part.as_millis() / STEP.as_millis()).unwrap_or(1);
        let bar = ProgressBar::with_draw_target(Some(PARTS * steps_of_part), target);
        if let Ok(style) = ProgressStyle::with_template("{msg:<18} {wide_bar} {percent:>3} %") {
            bar.set_style(style);
        }
        Self { bar, steps_of_part }
    }

    /// Shows a part for as long as it takes.
    pub(super) async fn part<T>(&self, name: &'static str, work: impl Future<Output = T>) -> T {
        self.bar.set_message(name);
        let end = (self.bar.position() / self.steps_of_part + 1) * self.steps_of_part;
        let mut work = pin!(work);
        let mut steps = interval(STEP);
        let done = loop {
            tokio::select! {
                done = &mut work => break done,
                _ = steps.tick() => {
                    let next = self.bar.position() + 1;
                    self.bar.set_position(next.min(end - 1));
                }
            }
        };
        self.bar.set_position(end);
        done
    }

    pub(super) fn finish(self) {
        self.bar.finish_and_clear();
    }
}
