//! A server that stands still for a while, in virtual time.

use std::{sync::Arc, time::Duration};

use seqline_load::{
    client::Busy,
    measure::{
        process::Processes,
        traffic::{Mark, Outcome, Traffic},
    },
    progress::Progress,
    scenarios::traffic::{Load, Pace, Publisher, drive},
    schedule::Arrivals,
};
use tokio::time::{Instant, sleep, sleep_until};

const SERVICE: Duration = Duration::from_millis(1);
const STALL: Duration = Duration::from_secs(1);
const STALL_AFTER: Duration = Duration::from_secs(2);
const WARM_UP: Duration = Duration::from_secs(1);
pub(crate) const TIME: Duration = Duration::from_secs(5);

pub(crate) const OPEN: Pace = Pace::Open {
    arrivals: Arrivals::Constant,
    rate_per_s: 1_000.0,
};

/// Answers a millisecond later, but for one second in which it does nothing.
struct Stalling {
    traffic: Arc<Traffic>,
    stalls_at: Instant,
    loses: Option<usize>,
}

impl Publisher for Stalling {
    fn publish(&self, mark: Mark, _body: String) -> Result<(), Busy> {
        let traffic = Arc::clone(&self.traffic);
        let stall = self.stalls_at..self.stalls_at + STALL;
        let is_lost = self.loses == Some(mark.number);
        tokio::spawn(async move {
            if stall.contains(&Instant::now()) {
                sleep_until(stall.end).await;
            }
            sleep(SERVICE).await;
            traffic.acknowledged(mark);
            if !is_lost {
                traffic.received(0, mark);
            }
        });
        Ok(())
    }
}

/// What became of messages that were sent through it; one of them may be lost.
pub(crate) async fn outcome(pace: Pace, loses: Option<usize>) -> Outcome {
    let load = Load {
        pace,
        payload_bytes: 100,
        warm_up: WARM_UP,
        time: TIME,
        grace: Duration::from_secs(1),
        seed: 1,
    };
    let (traffic, answers) = load.traffic(1, 1);
    let publishers: Vec<Box<dyn Publisher>> = vec![Box::new(Stalling {
        traffic: Arc::clone(&traffic),
        stalls_at: Instant::now() + WARM_UP + STALL_AFTER,
        loses,
    })];
    let hidden = Progress::Hidden;
    let (outcome, _) = drive(
        &publishers,
        (&traffic, answers),
        &load,
        Processes::default(),
        hidden,
    )
    .await;
    outcome
}
