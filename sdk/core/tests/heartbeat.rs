//! The interval of the heartbeat on networks that forget silent connections: found with few
//! losses, kept without any, and remembered.

mod support;

use seqline_core::{Config, Input, NetworkKind};
use seqline_protocol::{ClientFrame, Heartbeat, HeartbeatBounds};
use support::{
    Device,
    path::{Forgets, HOUR, Line, MINUTE, SECOND},
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const LINES: u64 = 150;
const WAYS: [Forgets; 3] = [Forgets::Silently, Forgets::WithReset, Forgets::AtOnce];

/// Losses while a limit is searched for from nothing: two on the way down from the interval
/// to begin with, and two around the limit.
const LOSSES_MAX: usize = 4;

fn in_background(timeout_ms: u64, forgets: Forgets) -> Line {
    let mut line = Line::new(timeout_ms, forgets);
    line.background(true);
    line
}

#[test]
fn a_quiet_line_is_asked_nearly_as_rarely_as_it_bears() {
    for forgets in WAYS {
        for timeout_s in [16, 20, 26, 31, 45, 61, 90, 125, 180, 239, 300, 1_000] {
            let mut line = in_background(timeout_s * SECOND, forgets);
            line.quiet(2 * HOUR);
            let learned = format!("{timeout_s} s, {forgets:?}: {:?}", line.losses);
            assert!(line.losses.len() <= LOSSES_MAX, "{learned}");

            let (losses, pings) = (line.losses.len(), line.pings);
            line.quiet(9 * HOUR);
            assert_eq!(line.losses.len(), losses, "{learned}: stays below it");
            // At most half as often again as what bears it only just.
            let best_ms = (timeout_s * SECOND).min(240 * SECOND);
            let pings = (line.pings - pings) as u64;
            assert!(pings * best_ms <= 9 * HOUR * 3 / 2, "{learned}: {pings}");
        }
    }
}

#[test]
fn a_longer_silence_is_tried_again_after_half_a_day() {
    let mut line = in_background(50 * SECOND, Forgets::Silently);
    line.quiet(2 * HOUR);
    let losses = line.losses.len();
    assert!(line.stats().heartbeat_ms < 50 * SECOND);
    line.middle.timeout_ms = 1_000 * SECOND;
    line.quiet(9 * HOUR);
    assert!(line.stats().heartbeat_ms < 50 * SECOND, "not before");
    line.quiet(3 * HOUR);
    assert_eq!(line.stats().heartbeat_ms, 240 * SECOND);
    assert_eq!(line.losses.len(), losses);
}

#[test]
fn a_path_that_became_worse_is_noticed_within_a_few_losses() {
    for forgets in WAYS {
        let mut line = in_background(1_000 * SECOND, forgets);
        line.quiet(2 * HOUR);
        assert_eq!(line.stats().heartbeat_ms, 240 * SECOND);
        assert!(line.losses.is_empty());
        line.middle.timeout_ms = 40 * SECOND;
        line.quiet(2 * HOUR);
        let losses = line.losses.len();
        assert!(losses <= 7, "{forgets:?}: {losses}");
        assert!(line.stats().heartbeat_ms < 40 * SECOND);
        line.quiet(8 * HOUR);
        assert_eq!(line.losses.len(), losses, "{forgets:?}");
    }
}

#[test]
fn foreground_and_background_differ_on_the_same_path() {
    let mut line = Line::new(130 * SECOND, Forgets::Silently);
    assert_eq!(line.stats().heartbeat_ms, 25 * SECOND);
    line.quiet(HOUR);
    assert_eq!(line.stats().heartbeat_ms, 55 * SECOND, "its bound");
    assert!(line.losses.is_empty());
    line.background(true);
    line.quiet(HOUR);
    let losses = line.losses.len();
    assert!(losses <= 2, "{losses}");
    let background_ms = line.stats().heartbeat_ms;
    assert!((86 * SECOND..130 * SECOND).contains(&background_ms));
    line.background(false);
    assert_eq!(line.stats().heartbeat_ms, 55 * SECOND);
    line.background(true);
    assert_eq!(line.stats().heartbeat_ms, background_ms, "remembered");
}

#[test]
fn each_kind_of_network_is_remembered_also_by_the_next_process() {
    let mut line = in_background(300 * SECOND, Forgets::Silently);
    line.network(NetworkKind::Wifi, 300 * SECOND);
    line.quiet(HOUR);
    line.network(NetworkKind::Cellular, 40 * SECOND);
    line.quiet(HOUR);
    let cellular_ms = line.stats().heartbeat_ms;
    assert!((27 * SECOND..40 * SECOND).contains(&cellular_ms));
    for _ in 0..3 {
        line.network(NetworkKind::Wifi, 300 * SECOND);
        assert_eq!(line.stats().heartbeat_ms, 240 * SECOND);
        let losses = line.losses.len();
        line.quiet(HOUR);
        // The connection of the other network.
        assert_eq!(line.losses.len(), losses + 1);
        line.network(NetworkKind::Cellular, 40 * SECOND);
        assert_eq!(line.stats().heartbeat_ms, cellular_ms);
        line.quiet(HOUR);
        assert_eq!(line.losses.len(), losses + 2);

        line = line.restarted();
        line.background(true);
        line.network(NetworkKind::Cellular, 40 * SECOND);
        line.quiet(HOUR);
        assert_eq!(line.stats().heartbeat_ms, cellular_ms);
        assert_eq!(line.stats().network, NetworkKind::Cellular);
        assert!(line.losses.len() <= 1, "{:?}", line.losses);
    }
}

#[test]
fn timers_that_come_late_teach_nothing_wrong() {
    // Asked each full minute, on a line that bears less.
    let mut line = in_background(59 * SECOND, Forgets::Silently);
    line.is_throttled = true;
    line.quiet(HOUR);
    assert!(line.losses.len() > 10);
    assert_eq!(line.stats().heartbeat_bad_ms, None, "blamed on the timers");
    line.is_throttled = false;
    line.quiet(HOUR);
    assert!(line.stats().heartbeat_ms > 39 * SECOND);

    // A line that bears more is learned about as usual.
    let mut line = in_background(200 * SECOND, Forgets::Silently);
    line.is_throttled = true;
    line.quiet(2 * HOUR);
    assert!(line.losses.len() <= 4, "{:?}", line.losses);
    assert!(line.stats().heartbeat_ms > 59 * SECOND);
}

#[test]
fn a_sleep_is_not_taken_for_a_silence() {
    let mut line = in_background(100 * SECOND, Forgets::Silently);
    line.quiet(HOUR);
    let (interval_ms, bad_ms) = (line.stats().heartbeat_ms, line.stats().heartbeat_bad_ms);
    for minutes in 2..30 {
        line.suspend(minutes * MINUTE);
        line.quiet(MINUTE);
        line.suspend(interval_ms - SECOND);
        line.quiet(MINUTE);
    }
    assert!(line.losses.len() > 20);
    assert_eq!(line.stats().heartbeat_ms, interval_ms);
    assert_eq!(line.stats().heartbeat_bad_ms, bad_ms);
}

#[test]
fn a_network_that_is_away_teaches_nothing() {
    let mut line = in_background(1_000 * SECOND, Forgets::Silently);
    line.quiet(2 * HOUR);
    for _ in 0..20 {
        line.is_away = true;
        line.quiet(10 * MINUTE);
        line.is_away = false;
        // No success in between.
        line.quiet(MINUTE);
    }
    assert_eq!(line.losses.len(), 20);
    assert_eq!(line.stats().heartbeat_ms, 240 * SECOND);
    assert_eq!(line.stats().heartbeat_bad_ms, None);
}

#[test]
fn one_chance_loss_changes_nothing_and_neither_do_closes_that_are_told() {
    let mut line = in_background(1_000 * SECOND, Forgets::Silently);
    line.quiet(2 * HOUR);
    for code in [Some(4032), Some(1001), Some(1011)] {
        for _ in 0..5 {
            line.quiet(239 * SECOND);
            line.device.lose_socket(code);
            line.quiet(MINUTE);
        }
    }
    // Without a word, but once only before the line is silent for a whole interval again.
    line.quiet(200 * SECOND);
    line.device.lose_socket(None);
    line.quiet(HOUR);
    assert_eq!(line.stats().heartbeat_ms, 240 * SECOND);
    assert_eq!(line.stats().heartbeat_bad_ms, None);
}

#[test]
fn what_is_lost_in_the_middle_is_noticed_within_the_interval_and_an_answers_time() {
    for timeout_s in [20, 31, 45] {
        let mut line = Line::new(timeout_s * SECOND, Forgets::Silently);
        // Mostly silent for longer than the line bears.
        line.chat(6 * HOUR, 53 * SECOND);
        assert!(line.blind_ms_max <= 65 * SECOND, "{}", line.blind_ms_max);
        let losses = line.losses.len();
        assert!(losses <= LOSSES_MAX, "{timeout_s}: {:?}", line.losses);
    }
}

#[test]
fn lively_lines_are_not_asked_and_keep_what_is_known() {
    let mut line = Line::new(40 * SECOND, Forgets::Silently);
    line.chat(6 * HOUR, 10 * SECOND);
    assert_eq!(line.pings, 0);
    assert!(line.losses.is_empty());
    assert_eq!(line.stats().heartbeat_ms, 25 * SECOND);
}

#[test]
fn a_relay_that_gives_no_bounds_is_obeyed() {
    let mut line = Line::new(40 * SECOND, Forgets::Silently);
    line.heartbeat = Heartbeat {
        interval_ms: 30_000,
        background_interval_ms: 50_000,
        bounds: None,
    };
    line.device.lose_socket(None);
    line.quiet(HOUR);
    assert_eq!(line.stats().heartbeat_ms, 30_000);
    line.background(true);
    line.quiet(HOUR);
    assert!(line.losses.len() > 50, "that is how it wants it");
    assert_eq!(line.stats().heartbeat_ms, 50_000);
}

#[test]
fn the_relay_is_told_of_another_interval_at_once() {
    let mut device = Device::new();
    device.connect(0, 0);
    device.frames();
    device.feed(Input::Background(true));
    let told = |device: &mut Device| {
        device.frames().into_iter().find_map(|frame| match frame {
            ClientFrame::State {
                background,
                interval_ms,
            } => Some((background, interval_ms)),
            _ => None,
        })
    };
    assert_eq!(told(&mut device), Some((true, None)), "as it says itself");

    let mut line = in_background(1_000 * SECOND, Forgets::Silently);
    line.quiet(2 * HOUR);
    let mut device = line.restarted().device;
    device.lose_socket(None);
    device.connect(0, 0);
    assert_eq!(told(&mut device), Some((false, Some(55_000))), "remembered");
}

#[test]
fn what_cannot_be_is_cut_to_what_can() {
    let mut store = in_background(40 * SECOND, Forgets::Silently).restarted();
    store.quiet(HOUR);
    let mut records = store.device.store;
    let path = records.get_mut("paths/1").expect("it is kept");
    // Every number becomes the largest one that has as many bytes.
    for byte in path.iter_mut() {
        if *byte < 0x18 {
            *byte = 0x17;
        }
    }
    let mut device = Device::with(Config::default(), records);
    device.connect(0, 0);
    let interval_ms = device.session.stats().heartbeat_ms;
    assert!((15_000..=55_000).contains(&interval_ms), "{interval_ms}");
}

#[test]
fn any_line_is_learned_with_few_losses_and_then_kept() {
    for seed in 0..LINES {
        let mut rng = fastrand::Rng::with_seed(seed);
        let forgets = WAYS[rng.usize(0..WAYS.len())];
        let bounds = HeartbeatBounds {
            interval_ms_min: rng.u32(5_000..=15_000),
            interval_ms_max: rng.u32(25_000..=120_000),
            background_interval_ms_max: rng.u32(60_000..=900_000),
        };
        let timeout_ms = rng.u64(u64::from(bounds.interval_ms_min) * 5 / 4..1_200_000);
        let mut line = Line::new(timeout_ms, forgets);
        line.heartbeat.bounds = Some(bounds);
        line.device.lose_socket(None);
        line.quiet(0);
        line.losses.clear();
        line.background(rng.bool());
        for _ in 0..rng.usize(20..60) {
            match rng.u8(0..4) {
                0 => line.chat(rng.u64(0..HOUR), rng.u64(SECOND..10 * MINUTE)),
                1 => line.background(rng.bool()),
                _ => line.quiet(rng.u64(0..HOUR / 2)),
            }
        }
        let about = format!("seed {seed}: {timeout_ms} ms, {forgets:?}, {bounds:?}");
        line.background(true);
        line.quiet(4 * HOUR);
        line.losses.clear();
        line.pings = 0;
        line.quiet(7 * HOUR);
        // Half a day may just have passed since a limit was found: it is looked for again.
        assert!(line.losses.len() <= 2, "{about}: {:?}", line.losses);
        let best_ms = timeout_ms.min(u64::from(bounds.background_interval_ms_max));
        let pings = line.pings as u64;
        assert!(
            pings * best_ms <= 7 * HOUR * 8 / 5,
            "{about}: {pings} {:?}",
            line.stats()
        );
    }
}
