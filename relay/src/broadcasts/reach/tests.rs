use super::*;
use crate::limits::REACH_HOURS_KEPT;

/// Draws 1, 2, 3 …
#[derive(Debug, Default)]
struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        buffer.copy_from_slice(&number.to_le_bytes()[..buffer.len()]);
    }
}

const ID: BroadcastId = BroadcastId::saturating(7);

fn user(number: usize) -> UserId {
    UserId::new(format!("user-{number}")).unwrap()
}

fn at(hour: u64) -> Micros {
    Micros::saturating(hour * HOUR_US + 1)
}

fn reach(entropy: &Counting) -> Reach {
    Reach::new(entropy)
}

mod errors {
    use super::*;

    /// Three standard errors, which one in four hundred exceeds: and these users are always
    /// the same ones.
    fn holds_for(users: usize) {
        let one = reach(&Counting::default());
        for number in 0..users {
            one.handed(&user(number), "browser", ID, at(1));
        }
        let report = report::merge(&one.held(ID), at(1));
        let is = |count: u64, error: f64| {
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let off = (count as f64 - users as f64).abs() / users as f64;
            assert!(
                off <= 3.0 * error,
                "{users} users counted as {count}: {off}"
            );
        };
        is(report.handed, report.error);
        is(report.hours[0].handed, report.hours_error);
        assert_eq!(report.opened, 0);
    }

    #[test]
    fn of_10_users_are_as_stated() {
        holds_for(10);
    }

    #[test]
    fn of_1_000_users_are_as_stated() {
        holds_for(1_000);
    }

    #[test]
    fn of_100_000_users_are_as_stated() {
        holds_for(100_000);
    }
}

#[test]
fn a_few_hundred_users_are_counted_exactly_and_once() {
    let one = reach(&Counting::default());
    for number in 0..150 {
        for host in ["browser", "node"] {
            one.handed(&user(number), host, ID, at(1));
            one.handed(&user(number), host, ID, at(2));
        }
        if number < 20 {
            one.opened(&user(number), "browser", ID, at(2));
        }
    }
    let report = report::merge(&one.held(ID), at(2));
    assert_eq!((report.handed, report.opened), (150, 20));
    let hours: Vec<_> = report
        .hours
        .iter()
        .map(|one| (one.hour_us.get() / HOUR_US, one.host.as_str(), one.opened))
        .collect();
    let expected = [
        (1, "browser", 0),
        (1, "node", 0),
        (2, "browser", 20),
        (2, "node", 0),
    ];
    assert_eq!(hours, expected);
}

#[test]
fn nodes_that_saw_the_same_users_count_them_once() {
    let entropy = Counting::default();
    let nodes = [reach(&entropy), reach(&entropy), reach(&entropy)];
    for number in 0..9_000 {
        // Each user on two of three nodes.
        nodes[number % 3].handed(&user(number), "browser", ID, at(1));
        nodes[(number + 1) % 3].handed(&user(number), "browser", ID, at(1));
    }
    let rows: Vec<_> = nodes.iter().flat_map(|one| one.held(ID)).collect();
    let merged = report::merge(&rows, at(1));
    let all = reach(&entropy);
    for number in 0..9_000 {
        all.handed(&user(number), "browser", ID, at(1));
    }
    // The union is what one node would have that saw everyone.
    let alone = report::merge(&all.held(ID), at(1));
    assert_eq!(merged, alone);
}

#[test]
fn memory_is_bounded_whatever_the_number_of_users() {
    let one = reach(&Counting::default());
    let hosts: Vec<_> = (0..20).map(|number| format!("host-{number}")).collect();
    for number in 0..200_000 {
        one.handed(&user(number), &hosts[number % 20], ID, at(1));
        one.opened(&user(number), &hosts[number % 20], ID, at(1));
    }
    let tracked = one.all().pop().unwrap().1;
    let bytes = lock(&tracked).bytes();
    let hours = lock(&tracked).hours();
    assert_eq!(hours, 2 * (crate::limits::REACH_HOSTS_MAX + 1));
    let bound = 2 * 4096 + hours * 1024;
    assert!(bytes <= bound + bound / 4, "{bytes} bytes");
}

#[test]
fn broadcasts_are_bounded_and_the_idle_ones_make_room() {
    let one = reach(&Counting::default());
    let id = |number: usize| BroadcastId::saturating(number as u64);
    for number in 0..REACH_BROADCASTS_MAX + 10 {
        one.handed(&user(1), "browser", id(number), at(number as u64 / 100));
    }
    assert_eq!(one.all().len(), REACH_BROADCASTS_MAX);
    one.let_go(at(100));
    assert_eq!(
        one.all().len(),
        REACH_BROADCASTS_MAX,
        "nothing is written yet"
    );
    while !one.take_changed(256).is_empty() {}
    one.let_go(at(100));
    let left: Vec<_> = one.all().into_iter().map(|(id, _)| id).collect();
    assert_eq!(left.len(), REACH_BROADCASTS_MAX * 3 / 4);
    assert_eq!(
        left[0],
        id(REACH_BROADCASTS_MAX / 4),
        "those touched last stay"
    );
    assert_eq!(
        one.hourly.load(Ordering::Relaxed),
        0,
        "their hours are over"
    );
    // One comes back, and does not write over what it wrote before.
    one.handed(&user(2), "browser", id(0), at(100));
    let rows = one.held(id(0));
    assert_ne!(rows[0].node.split('.').nth(1), Some("0"));
}

#[test]
fn hourly_sketches_are_bounded_and_totals_count_on() {
    let one = reach(&Counting::default());
    for hour in 0..=REACH_HOURLY_MAX as u64 {
        let id = BroadcastId::saturating(hour % 500);
        one.handed(&user(1), &format!("h{}", hour % 7), id, at(hour % 99));
    }
    assert!(one.hourly.load(Ordering::Relaxed) <= REACH_HOURLY_MAX);
    let fresh = BroadcastId::saturating(501);
    one.hourly.store(REACH_HOURLY_MAX, Ordering::Relaxed);
    one.handed(&user(1), "browser", fresh, at(1));
    let report = report::merge(&one.held(fresh), at(1));
    assert_eq!((report.handed, report.hours.len()), (1, 0));
}

#[test]
fn an_hour_of_last_week_is_written_over() {
    let one = reach(&Counting::default());
    one.handed(&user(1), "browser", ID, at(5));
    one.handed(&user(2), "browser", ID, at(5 + REACH_HOURS_KEPT));
    let rows = one.held(ID);
    assert_eq!(rows.len(), 2, "a total and one hour");
    let report = report::merge(&rows, at(5 + REACH_HOURS_KEPT));
    assert_eq!(report.hours.len(), 1);
    assert_eq!(report.handed, 2);
    let later = report::merge(&rows, at(6 + 2 * REACH_HOURS_KEPT));
    assert!(
        later.hours.is_empty(),
        "what is older than a week is not told"
    );
}

#[test]
fn what_could_not_be_written_is_taken_again_with_what_came_since() {
    let one = reach(&Counting::default());
    one.handed(&user(1), "browser", ID, at(1));
    let taken = one.take_changed(256);
    assert_eq!(taken.len(), 2, "a total and an hour");
    assert!(one.take_changed(256).is_empty());
    one.give_back(&taken);
    one.handed(&user(2), "node", ID, at(1));
    let again = one.take_changed(256);
    assert_eq!(again.len(), 3);
    assert_eq!(report::merge(&again, at(1)).handed, 2);
    one.handed(&user(2), "node", ID, at(1));
    assert!(one.take_changed(256).is_empty(), "she was counted");
}

#[test]
fn what_another_run_wrote_still_counts() {
    let entropy = Counting::default();
    let before = reach(&entropy);
    before.handed(&user(1), "browser", ID, at(1));
    let mut stored = before.take_changed(256);
    let after = reach(&entropy);
    after.handed(&user(1), "browser", ID, at(1));
    after.handed(&user(2), "browser", ID, at(1));
    let rows = after.take_changed(256);
    let is_overwritten = |row: &ReachRow| stored.iter().any(|one| one.node == row.node);
    assert!(!rows.iter().any(is_overwritten));
    stored.extend(rows);
    assert_eq!(report::merge(&stored, at(1)).handed, 2);
}
