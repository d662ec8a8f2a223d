//! How long each of many takes for something.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::series::Series;

/// Measures from one moment on, which may be that at which all of them begin.
#[derive(Debug, Clone)]
pub struct Stopwatch(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    began: Option<Instant>,
    series: Series,
}

impl Stopwatch {
    /// Of something that takes about this long at most.
    #[must_use]
    pub fn over(time: Duration) -> Self {
        Self(Arc::new(Mutex::new(State {
            began: None,
            series: Series::over(time),
        })))
    }

    /// All of them begin.
    pub fn start(&self) {
        self.with(|state| state.began = Some(Instant::now()));
    }

    /// One of them is there. Before the start it does not count.
    pub fn stop(&self) {
        self.with(|state| {
            if let Some(began) = state.began {
                let took = began.elapsed();
                // By when it was there: they begin together.
                state.series.record(took, took);
            }
        });
    }

    /// One of them is there, which was to begin then.
    pub fn stop_since(&self, intended: Instant) {
        self.with(|state| {
            if let Some(began) = state.began {
                let begin = intended.saturating_duration_since(began);
                state.series.record(begin, intended.elapsed());
            }
        });
    }

    /// What was measured.
    #[must_use]
    pub fn series(&self) -> Series {
        self.with(|state| state.series.clone())
    }

    fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
