use seqline_protocol::BroadcastId;

use super::support::*;
use crate::{auth::Profile, broadcasts::bucket, store::Audience};

fn sees(audience: &Audience, profile: Profile, app_version: &str) -> bool {
    let office = Office::open();
    office.publish("x", audience.clone());
    !office
        .visible(&viewer_with("ann", profile, app_version))
        .is_empty()
}

#[test]
fn each_condition_narrows_who_sees_it() {
    let member = Profile::default;
    let guest = || Profile {
        guest: true,
        ..Profile::default()
    };
    let any = everyone;
    let of_hosts = |names: &[&str]| Audience {
        hosts: names.iter().map(|name| label(name)).collect(),
        ..any()
    };
    let of_segments = |names: &[&str]| Audience {
        segments: names.iter().map(|name| label(name)).collect(),
        ..any()
    };
    let members_only = Audience {
        members_only: true,
        ..any()
    };
    let versions = |min: Option<&str>, max: Option<&str>| Audience {
        app_version_min: min.map(str::to_owned),
        app_version_max: max.map(str::to_owned),
        ..any()
    };
    let both = Audience {
        members_only: true,
        ..of_segments(&["gold"])
    };
    for (audience, profile, app_version, expected) in [
        (&any(), member(), "", true),
        (&any(), guest(), "4.2", true),
        (&members_only, member(), "4.2", true),
        (&members_only, guest(), "4.2", false),
        (&of_hosts(&["phone", "web"]), member(), "4.2", true),
        (&of_hosts(&["web"]), member(), "4.2", false),
        (
            &of_segments(&["gold", "new"]),
            segments(&["new", "eu"]),
            "4.2",
            true,
        ),
        (&of_segments(&["gold"]), segments(&["new"]), "4.2", false),
        (&of_segments(&["gold"]), member(), "4.2", false),
        (&both, segments(&["gold"]), "4.2", true),
        (
            &both,
            Profile {
                guest: true,
                ..segments(&["gold"])
            },
            "4.2",
            false,
        ),
        (&versions(Some("4.2"), None), member(), "4.2-beta", true),
        (&versions(Some("4.10"), None), member(), "4.9", false),
        (&versions(None, Some("4.2")), member(), "4.2.7", true),
        (&versions(None, Some("4.2")), member(), "4.3", false),
        (&versions(Some("1"), None), member(), "unknown", false),
        (&versions(Some("4.2"), Some("4.2")), member(), "4.2.1", true),
        (&versions(Some("nonsense"), None), member(), "4.2", false),
    ] {
        assert_eq!(
            sees(audience, profile, app_version),
            expected,
            "{audience:?}"
        );
    }
}

#[test]
fn a_staged_one_is_for_the_allow_list_and_a_part_of_the_users() {
    let office = Office::open();
    office.allow(&["ann"]);
    let row = office.create("x", everyone());
    assert!(
        office.visible(&viewer("ann")).is_empty(),
        "a draft is for no one"
    );
    let row = office.stage(&row, true, 0);
    assert_eq!(office.visible(&viewer("ann")), ["x"]);
    assert!(office.visible(&viewer("bob")).is_empty());
    let mut row = office.stage(&row, false, 100);
    assert_eq!(office.visible(&viewer("bob")), ["x"]);
    let low = (0..)
        .map(|n| format!("u{n}"))
        .find(|name| bucket(row.id, &user(name)) == 4);
    let low = viewer(&low.unwrap());
    for (percent, expected) in [(4, false), (5, true), (50, true), (0, false)] {
        row = office.stage(&row, true, percent);
        assert_eq!(!office.visible(&low).is_empty(), expected, "{percent} %");
    }
}

#[test]
fn only_the_allow_list_sees_what_is_for_it_alone() {
    let office = Office::open();
    let for_it = Audience {
        allow_list_only: true,
        ..everyone()
    };
    office.publish("x", for_it);
    assert!(office.visible(&viewer("ann")).is_empty());
    office.allow(&["ann"]);
    assert_eq!(office.visible(&viewer("ann")), ["x"]);
    assert!(office.visible(&viewer("bob")).is_empty());
    office.allow(&[]);
    assert!(office.visible(&viewer("ann")).is_empty());
}

#[test]
fn users_are_spread_evenly_over_the_buckets_and_differently_for_each_broadcast() {
    let buckets = |id: u64| {
        let id = BroadcastId::saturating(id);
        (0..20_000).map(move |n| bucket(id, &user(&format!("user-{n}"))))
    };
    let mut counts = [0_usize; 100];
    for at in buckets(7) {
        counts[usize::from(at)] += 1;
    }
    // 200 expected, standard deviation 14.
    for (at, count) in counts.iter().enumerate() {
        assert!((130..270).contains(count), "bucket {at} has {count}");
    }
    let first_ten = |id| buckets(id).map(|at| at < 10).collect::<Vec<_>>();
    let in_both = first_ten(7)
        .into_iter()
        .zip(first_ten(8))
        .filter(|(a, b)| *a && *b);
    assert!(
        (120..280).contains(&in_both.count()),
        "200 of 20,000 expected"
    );
}

/// Who is tried on must not change with a release: these are what `ID:USER` always gave.
#[test]
fn buckets_never_change() {
    for (id, name, expected) in EXPECTED {
        assert_eq!(
            bucket(BroadcastId::saturating(id), &user(name)),
            expected,
            "{id}:{name}"
        );
    }
}

const EXPECTED: [(u64, &str, u8); 3] = [(1, "alice", 68), (1, "bob", 51), (42, "user-7", 96)];
