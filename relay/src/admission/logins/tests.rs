use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::{
    task::{JoinSet, yield_now},
    time::{Instant, sleep},
};

use super::*;
use crate::{clock::VirtualClock, entropy::SystemEntropy};

fn logins(under_way_max: u32) -> Arc<Logins> {
    Logins::new(
        under_way_max,
        Arc::new(VirtualClock::start()),
        Arc::new(SystemEntropy),
        Arc::default(),
    )
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn retry_ms(refused: &ApiError) -> u64 {
    assert_eq!(refused.code, ErrorCode::Overloaded);
    refused.retry_after_ms.unwrap().into()
}

/// Log-ins whose place is held for as long were done before.
async fn after_one_of(logins: &Arc<Logins>, took: Duration) {
    let place = logins.try_enter().unwrap();
    sleep(took).await;
    drop(place);
}

#[tokio::test(start_paused = true)]
async fn places_are_given_in_order_and_who_left_is_passed_over() {
    let logins = logins(2);
    let first = logins.try_enter().unwrap();
    let second = logins.try_enter().unwrap();
    assert!(logins.try_enter().is_none());
    assert_eq!(logins.under_way(), 2);
    let (turns, mut told) = tokio::sync::mpsc::unbounded_channel();
    let mut line = Vec::new();
    for who in 0..4 {
        let (logins, turns) = (Arc::clone(&logins), turns.clone());
        line.push(tokio::spawn(async move {
            let place = logins.enter().await;
            turns.send((who, place.unwrap())).unwrap();
        }));
        yield_now().await;
    }
    assert_eq!(logins.waiting(), 4);
    line[1].abort();
    let _ = (&mut line[1]).await;
    assert_eq!(logins.waiting(), 3, "it left the line");
    drop(first);
    let (who, place) = told.recv().await.unwrap();
    assert_eq!(who, 0);
    // Nobody comes in between who has just come.
    drop(second);
    assert!(logins.try_enter().is_none());
    let (who, _other) = told.recv().await.unwrap();
    assert_eq!(who, 2, "the one before is gone");
    assert_eq!((logins.under_way(), logins.waiting()), (2, 1));
    drop(place);
    assert_eq!(told.recv().await.unwrap().0, 3);
    assert_eq!(logins.counters.login_waits.count(), 5);
}

#[tokio::test(start_paused = true)]
async fn who_would_wait_too_long_is_told_when_there_is_room_each_another_time() {
    let logins = logins(1);
    after_one_of(&logins, ms(1_000)).await;
    let _place = logins.try_enter().unwrap();
    let mut line = JoinSet::new();
    for _ in 0..3 {
        line.spawn(Arc::clone(&logins).enter());
    }
    yield_now().await;
    assert_eq!(logins.waiting(), 3, "as many as are served in 3 s");
    let began = Instant::now();
    let mut times = Vec::new();
    for _ in 0..4 {
        times.push(retry_ms(
            &Arc::clone(&logins).enter().await.expect_err("full"),
        ));
    }
    assert_eq!(Instant::now(), began, "at once");
    // After three others, half a line early, and less of what clients add.
    assert_eq!(times, [2_000, 2_800, 3_600, 4_400]);
    assert_eq!(logins.counters.logins_turned_away.get(), 4);
}

#[tokio::test(start_paused = true)]
async fn more_than_can_be_foreseen_are_spread() {
    let logins = logins(1);
    after_one_of(&logins, ms(10_000)).await;
    let _place = logins.try_enter().unwrap();
    let mut times = Vec::new();
    for _ in 0..200 {
        times.push(retry_ms(
            &Arc::clone(&logins).enter().await.expect_err("full"),
        ));
    }
    assert!(times.iter().all(|time| *time <= LOGIN_RETRY_MS_MAX));
    let late = times.iter().skip(10).copied();
    let late: std::collections::BTreeSet<_> = late.collect();
    assert!(late.len() > 100, "{late:?}");
    assert!(late.first() >= Some(&(LOGIN_RETRY_MS_MAX / 2)));
}

#[tokio::test(start_paused = true)]
async fn one_whose_turn_does_not_come_is_told_so() {
    let logins = logins(1);
    let _place = logins.try_enter().unwrap();
    let began = Instant::now();
    let refused = Arc::clone(&logins).enter().await.expect_err("no turn");
    assert_eq!(began.elapsed(), LINE_WAIT);
    assert_eq!(logins.counters.logins_timed_out.get(), 1);
    assert!(retry_ms(&refused) >= 1_200, "{refused:?}");
    assert_eq!(logins.waiting(), 0);
    // What is known of it by now: nobody else waits for nothing.
    let refused = Arc::clone(&logins).enter().await;
    assert_eq!(began.elapsed(), LINE_WAIT * 2, "one place may still come");
    assert!(refused.is_err());
}

/// Many return at once to a slow database, and come again as they are told, with the spread that
/// clients add.
#[tokio::test(start_paused = true)]
async fn all_of_a_storm_are_in_about_as_soon_as_can_be() {
    const CLIENTS: u32 = 3_000;
    const TAKES: Duration = Duration::from_millis(400);
    let logins = logins(40);
    let most = Arc::new(AtomicUsize::new(0));
    let refusals = Arc::new(AtomicUsize::new(0));
    let began = Instant::now();
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let (logins, most, refusals) = (
            Arc::clone(&logins),
            Arc::clone(&most),
            Arc::clone(&refusals),
        );
        let mut rng = fastrand_of(client);
        clients.spawn(async move {
            loop {
                let entered = match logins.try_enter() {
                    Some(place) => Ok(place),
                    None => Arc::clone(&logins).enter().await,
                };
                match entered {
                    Ok(place) => {
                        most.fetch_max(logins.under_way(), Ordering::Relaxed);
                        sleep(TAKES).await;
                        drop(place);
                        return;
                    }
                    Err(refused) => {
                        refusals.fetch_add(1, Ordering::Relaxed);
                        let wait_ms = retry_ms(&refused);
                        sleep(ms(wait_ms + rng() % (wait_ms / 2))).await;
                    }
                }
            }
        });
    }
    while clients.join_next().await.is_some() {}
    let took = began.elapsed();
    let least = TAKES * CLIENTS / 40;
    assert_eq!(most.load(Ordering::Relaxed), 40);
    assert!(took >= least);
    assert!(took < least * 13 / 10, "{took:?} where {least:?} would do");
    // Nearly everyone was told once when to come, and had a place then.
    let refusals = refusals.load(Ordering::Relaxed);
    assert!(refusals < 3_000 * 3 / 2, "{refusals}");
}

/// Numbers that look random, the same in each run.
fn fastrand_of(seed: u32) -> impl FnMut() -> u64 {
    let mut state = u64::from(seed) + 1;
    move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state >> 33
    }
}
