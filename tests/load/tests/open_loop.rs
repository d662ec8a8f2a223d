//! A server that stalls is seen by an open loop, and hidden by a closed one.

mod support;

use std::time::Duration;

use seqline_load::{
    scenarios::traffic::Pace,
    schedule::{Arrivals, Schedule},
};
use support::stalling::{OPEN, outcome};
use tokio::time::{Instant, sleep};

#[tokio::test(start_paused = true)]
async fn a_stall_is_in_every_message_that_was_to_be_sent_meanwhile() {
    let outcome = outcome(OPEN, None).await;
    let of = outcome.acknowledged.percentiles();
    // A fifth of the time it stood still; who came first waited longest.
    assert!((4_990..=5_010).contains(&of.count), "{of:?}");
    assert!((0.9..2.2).contains(&of.p50_ms), "{of:?}");
    assert!((450.0..550.0).contains(&of.p90_ms), "{of:?}");
    assert!((900.0..1_010.0).contains(&of.p99_ms), "{of:?}");
    assert!((990.0..1_010.0).contains(&of.max_ms), "{of:?}");
    // And in its second alone.
    let slots = outcome.acknowledged.over_time();
    let p50: Vec<f64> = slots.iter().map(|slot| slot.latency.p50_ms).collect();
    assert_eq!(p50.len(), 5, "{p50:?}");
    assert!(p50[2] > 400.0 && p50[1] < 3.0 && p50[3] < 3.0, "{p50:?}");
}

#[tokio::test(start_paused = true)]
async fn a_closed_loop_hides_it() {
    let outcome = outcome(Pace::Closed { window: 1 }, None).await;
    let of = outcome.acknowledged.percentiles();
    assert!(of.p99_9_ms < 3.0, "{of:?}");
    assert!(of.max_ms > 990.0, "{of:?}");
}

#[tokio::test(start_paused = true)]
async fn what_never_comes_is_lost_and_waited_for_no_longer_than_the_grace() {
    let began = Instant::now();
    let outcome = outcome(OPEN, Some(3_000)).await;
    assert_eq!(outcome.tally.lost, 1);
    assert!(outcome.tally.is_broken());
    assert_eq!(outcome.tally.unanswered, 0);
    assert!(began.elapsed() < Duration::from_millis(7_100));
}

#[tokio::test(start_paused = true)]
async fn times_do_not_wait_for_who_is_late() {
    let began = Instant::now();
    let mut schedule = Schedule::new(Arrivals::Constant, 100.0, began, 1);
    let end = began + Duration::from_secs(1);
    assert_eq!(
        schedule.next(end).await,
        Some(began + Duration::from_millis(10))
    );
    sleep(Duration::from_millis(500)).await;
    for n in 2..=10 {
        let due = schedule.next(end).await;
        assert_eq!(due, Some(began + Duration::from_millis(10 * n)));
    }
    assert_eq!(Instant::now(), began + Duration::from_millis(510));
}

#[tokio::test(start_paused = true)]
async fn poisson_arrivals_have_the_rate_and_the_spread() {
    let began = Instant::now();
    let mut schedule = Schedule::new(Arrivals::Poisson, 1_000.0, began, 1);
    let mut waits = Vec::new();
    let mut last = began;
    for _ in 0..20_000 {
        let due = schedule.advance();
        waits.push((due - last).as_secs_f64());
        last = due;
    }
    let count = 20_000.0;
    let mean = waits.iter().sum::<f64>() / count;
    let variance = waits.iter().map(|wait| (wait - mean).powi(2)).sum::<f64>() / count;
    assert!((0.000_97..0.001_03).contains(&mean), "{mean}");
    // Of exponential waits the deviation is the mean.
    assert!(
        (0.95..1.05).contains(&(variance.sqrt() / mean)),
        "{variance}"
    );
}
