//! Tells whoever waits how far it is: a bar in a terminal, a line for each phase elsewhere.

use std::{
    io::{IsTerminal as _, stderr},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Where progress goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// To standard error.
    Shown,
    /// Nowhere.
    Hidden,
}

/// A part of a run.
#[derive(Debug)]
pub struct Phase {
    bar: ProgressBar,
}

impl Progress {
    /// A new part begins, of so many steps.
    #[must_use]
    pub fn phase(self, name: impl Into<String>, steps: u64) -> Phase {
        let name = name.into();
        let is_shown = self == Self::Shown;
        let is_terminal = stderr().is_terminal();
        if is_shown && !is_terminal {
            eprintln!("{name} …");
        }
        let target = if is_shown && is_terminal {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(steps.max(1)), target);
        if let Ok(style) =
            ProgressStyle::with_template("{prefix:<34} {wide_bar} {pos}/{len} {elapsed:>4}  {msg}")
        {
            bar.set_style(style);
        }
        bar.set_prefix(name);
        Phase { bar }
    }

    /// The same for something that takes a known time; [`Phase::reached`] moves it.
    #[must_use]
    pub fn timed(self, name: impl Into<String>, time: Duration) -> Phase {
        let phase = self.phase(name, time.as_secs().max(1));
        phase.reached(0);
        phase
    }
}

impl Phase {
    /// So many steps are done.
    pub fn reached(&self, steps: u64) {
        self.bar.set_position(steps);
    }

    /// Says something beside the bar.
    pub fn note(&self, text: impl Into<String>) {
        self.bar.set_message(text.into());
    }
}

impl Drop for Phase {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
