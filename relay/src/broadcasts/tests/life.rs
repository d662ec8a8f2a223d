//! What devices hold, whatever operators do, and whenever they pull.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use seqline_protocol::BroadcastId;

use super::support::*;
use crate::{
    auth::Profile,
    broadcasts::Viewer,
    store::{Audience, BroadcastAction, BroadcastRow, Staging},
};

#[test]
fn a_device_that_passed_a_staged_one_gets_it_on_publication() {
    let office = Office::open();
    office.allow(&["tester"]);
    let row = office.create("new", everyone());
    let row = office.stage(&row, true, 0);
    let mut device = Device::default();
    assert!(device.pull(&office, &viewer("ann")).is_empty());
    assert_eq!(device.place.after, office.mailbox.head(&app()), "passed by");
    assert_eq!(Device::default().pull(&office, &viewer("tester")), ["new"]);
    office.act(&row, BroadcastAction::Publish(None));
    assert_eq!(device.pull(&office, &viewer("ann")), ["new"]);
}

#[test]
fn what_is_edited_reads_anew_and_what_is_recalled_or_deleted_vanishes() {
    let office = Office::open();
    let ann = viewer("ann");
    let mut device = Device::default();
    let one = office.publish("one", everyone());
    let two = office.publish("two", everyone());
    assert_eq!(device.pull(&office, &ann), ["one", "two"]);
    let one = office.edit(&one, "one!", everyone());
    assert_eq!(device.pull(&office, &ann), ["one!", "two"]);
    office.act(&one, BroadcastAction::Recall);
    assert_eq!(device.pull(&office, &ann), ["two"]);
    office.act(&two, BroadcastAction::Delete);
    assert!(device.pull(&office, &ann).is_empty());
    assert!(Device::default().pull(&office, &ann).is_empty());
}

#[test]
fn who_has_a_stopped_one_keeps_it_and_nobody_else_gets_it() {
    let office = Office::open();
    let ann = viewer("ann");
    let mut device = Device::default();
    let row = office.publish("offer", everyone());
    device.pull(&office, &ann);
    let row = office.act(&row, BroadcastAction::Stop);
    assert_eq!(device.pull(&office, &ann), ["offer"]);
    assert!(Device::default().pull(&office, &ann).is_empty());
    // Also where the list begins anew.
    let upgraded = viewer_with("ann", Profile::default(), "5.0");
    assert_eq!(device.pull(&office, &upgraded), ["offer"]);
    office.act(&row, BroadcastAction::Publish(None));
    assert_eq!(Device::default().pull(&office, &ann), ["offer"]);
}

#[test]
fn an_edit_that_leaves_a_user_out_takes_it_from_her() {
    let office = Office::open();
    let ann = viewer("ann");
    let mut device = Device::default();
    let row = office.publish("x", everyone());
    device.pull(&office, &ann);
    let for_gold = Audience {
        segments: [label("gold")].into(),
        ..everyone()
    };
    office.edit(&row, "x", for_gold);
    assert!(device.pull(&office, &ann).is_empty());
    let gold = viewer_with("ann", segments(&["gold"]), "4.2");
    assert_eq!(device.pull(&office, &gold), ["x"], "she joins the segment");
}

#[test]
fn a_scheduled_one_comes_when_its_time_has_come_and_goes_with_it() {
    let office = Office::open();
    let ann = viewer("ann");
    let mut device = Device::default();
    let window = Audience {
        starts_us: Some(at_s(60)),
        expires_us: Some(at_s(120)),
        ..everyone()
    };
    office.publish("soon", window);
    assert!(device.pull(&office, &ann).is_empty());
    assert_eq!(device.place.after, office.mailbox.head(&app()));
    office.clock.pass_s(58);
    assert!(device.pull(&office, &ann).is_empty(), "a second too early");
    office.clock.pass_s(1);
    assert_eq!(device.pull(&office, &ann), ["soon"]);
    office.clock.pass_s(60);
    assert!(office.visible(&ann).is_empty());
    assert!(Device::default().pull(&office, &ann).is_empty());
}

#[test]
fn a_device_that_was_away_longer_than_tombstones_are_kept_is_right_afterwards() {
    let office = Office::open();
    let ann = viewer("ann");
    let mut device = Device::default();
    let one = office.publish("one", everyone());
    office.publish("two", everyone());
    device.pull(&office, &ann);
    office.act(&one, BroadcastAction::Recall);
    office.publish("three", everyone());
    office.clock.pass_s(1000);
    office.age();
    assert!(
        office.mailbox.broadcast(&app(), one.id).is_none(),
        "forgotten"
    );
    let page = office.page(&ann, &device.place);
    assert!(page.news.unwrap().held.is_some(), "the whole list");
    assert_eq!(device.pull(&office, &ann), ["two", "three"]);
    assert!(office.page(&ann, &device.place).news.is_none(), "once");
}

#[test]
fn a_mailbox_of_which_all_was_forgotten_is_told_of_once() {
    let office = Office::open();
    let ann = viewer("ann");
    let mut device = Device::default();
    let row = office.publish("one", everyone());
    device.pull(&office, &ann);
    office.act(&row, BroadcastAction::Recall);
    office.clock.pass_s(1000);
    office.age();
    assert!(device.pull(&office, &ann).is_empty());
    assert!(office.page(&ann, &device.place).news.is_none());
}

/// Something that happens.
#[derive(Debug, Clone)]
enum Step {
    Create(Target),
    Edit(usize, Target),
    Stage(usize, bool, u8),
    Publish(usize),
    Stop(usize),
    Recall(usize),
    Delete(usize),
    Allow(BTreeSet<usize>),
    Upgrade(usize, u8),
    Join(usize, bool),
    /// A user looks for so many pages.
    Pull(usize, usize),
    Pass(u64),
    Age,
}

#[derive(Debug, Clone)]
struct Target {
    starts_s: Option<u64>,
    expires_s: Option<u64>,
    version_min: Option<u8>,
    is_for_gold: bool,
    allow_list_only: bool,
}

const USERS: usize = 3;

fn target() -> impl Strategy<Value = Target> {
    let sometimes = |s| proptest::option::weighted(0.3, s);
    (
        sometimes(0..80_u64),
        sometimes(20..100_u64),
        proptest::option::weighted(0.2, 1..4_u8),
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.1),
    )
        .prop_map(
            |(starts_s, expires_s, version_min, is_for_gold, allow_list_only)| Target {
                starts_s,
                expires_s,
                version_min,
                is_for_gold,
                allow_list_only,
            },
        )
}

fn step() -> impl Strategy<Value = Step> {
    let which = || 0..8_usize;
    let who = || 0..USERS;
    prop_oneof![
        3 => target().prop_map(Step::Create),
        3 => (which(), target()).prop_map(|(n, target)| Step::Edit(n, target)),
        2 => (which(), any::<bool>(), 0..=100_u8).prop_map(|(n, list, percent)| Step::Stage(n, list, percent)),
        5 => which().prop_map(Step::Publish),
        1 => which().prop_map(Step::Stop),
        1 => which().prop_map(Step::Recall),
        1 => which().prop_map(Step::Delete),
        1 => prop::collection::btree_set(who(), 0..USERS).prop_map(Step::Allow),
        1 => (who(), 1..4_u8).prop_map(|(n, version)| Step::Upgrade(n, version)),
        1 => (who(), any::<bool>()).prop_map(|(n, is_in)| Step::Join(n, is_in)),
        6 => (who(), 1..4_usize).prop_map(|(n, pages)| Step::Pull(n, pages)),
        2 => (1..30_u64).prop_map(Step::Pass),
        1 => Just(Step::Age),
    ]
}

impl Target {
    fn audience(&self) -> Audience {
        Audience {
            starts_us: self.starts_s.map(at_s),
            expires_us: self.expires_s.map(at_s),
            app_version_min: self.version_min.map(|version| version.to_string()),
            segments: self
                .is_for_gold
                .then(|| label("gold"))
                .into_iter()
                .collect(),
            allow_list_only: self.allow_list_only,
            ..everyone()
        }
    }
}

struct Person {
    version: u8,
    is_gold: bool,
    device: Device,
}

struct World {
    office: Office,
    rows: Vec<BroadcastRow>,
    people: Vec<Person>,
    texts: u64,
}

impl World {
    fn new() -> Self {
        let person = |_| Person {
            version: 1,
            is_gold: false,
            device: Device::default(),
        };
        Self {
            office: Office::open(),
            rows: Vec::new(),
            people: (0..USERS).map(person).collect(),
            texts: 0,
        }
    }

    fn viewer(&self, n: usize) -> Viewer {
        let person = &self.people[n];
        let profile = segments(if person.is_gold { &["gold"] } else { &[] });
        viewer_with(&format!("user-{n}"), profile, &person.version.to_string())
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Create(target) => {
                self.texts += 1;
                let draft = Box::new(draft(&format!("text {}", self.texts), target.audience()));
                let made = self.office.try_act(None, BroadcastAction::Create(draft));
                self.rows.extend(made);
            }
            Step::Edit(n, target) => {
                self.texts += 1;
                let draft = Box::new(draft(&format!("text {}", self.texts), target.audience()));
                self.act(n, BroadcastAction::Edit(draft));
            }
            Step::Stage(n, allow_list, percent) => {
                let staging = Staging {
                    allow_list,
                    percent,
                };
                self.act(n, BroadcastAction::Stage(staging));
            }
            Step::Publish(n) => self.act(n, BroadcastAction::Publish(None)),
            Step::Stop(n) => self.act(n, BroadcastAction::Stop),
            Step::Recall(n) => self.act(n, BroadcastAction::Recall),
            Step::Delete(n) => self.act(n, BroadcastAction::Delete),
            Step::Allow(users) => {
                let names: Vec<_> = users.iter().map(|n| format!("user-{n}")).collect();
                let names: Vec<_> = names.iter().map(String::as_str).collect();
                self.office.allow(&names);
            }
            Step::Upgrade(n, version) => self.people[n].version = version,
            Step::Join(n, is_gold) => self.people[n].is_gold = is_gold,
            Step::Pull(n, pages) => {
                let viewer = self.viewer(n);
                for _ in 0..pages {
                    let device = &mut self.people[n].device;
                    if !device.pull_page(&self.office, &viewer, 1_000) {
                        break;
                    }
                }
            }
            Step::Pass(s) => self.office.clock.pass_s(s),
            Step::Age => self.office.age(),
        }
    }

    fn act(&mut self, n: usize, action: BroadcastAction) {
        let Some(row) = self.rows.get_mut(n) else {
            return;
        };
        if let Ok(changed) = self.office.try_act(Some((row.id, row.revision)), action) {
            *row = changed;
        }
        self.office.poll();
    }

    /// Everyone pulls to the end, and then has just what she sees, and what was stopped.
    fn check(&mut self) {
        for n in 0..USERS {
            let viewer = self.viewer(n);
            let before: BTreeSet<_> = self.people[n].device.held.keys().copied().collect();
            self.people[n]
                .device
                .pull_with(&self.office, &viewer, 1_000);
            let held = self.unexpired(n);
            let visible = self.office.mailbox.visible(&viewer, self.office.now());
            let visible: BTreeMap<_, _> = visible.into_iter().map(|one| (one.id, one)).collect();
            for (id, broadcast) in &visible {
                prop_assert_held(
                    held.get(id) == Some(broadcast),
                    n,
                    *id,
                    "is missing or stale",
                );
            }
            for id in held.keys().filter(|id| !visible.contains_key(id)) {
                let row = self.rows.iter().find(|row| row.id == *id).unwrap();
                let is_kept = row.state == crate::store::BroadcastState::Stopped && !row.is_deleted;
                prop_assert_held(is_kept, n, *id, "should be gone");
                prop_assert_held(before.contains(id), n, *id, "is stopped, and came late");
            }
        }
    }

    /// A device drops what has expired by itself.
    fn unexpired(&self, n: usize) -> BTreeMap<BroadcastId, seqline_protocol::Broadcast> {
        let now = self.office.now();
        let held = self.people[n].device.held.iter();
        let is_valid = |at: Option<_>| at.is_none_or(|at| at > now);
        held.filter(|(_, one)| is_valid(one.expires_us))
            .map(|(id, one)| (*id, one.clone()))
            .collect()
    }
}

fn prop_assert_held(is_right: bool, user: usize, id: BroadcastId, what: &str) {
    assert!(is_right, "user-{user}: broadcast {id} {what}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn whatever_happens_each_device_ends_up_with_what_its_user_sees(
        steps in prop::collection::vec(step(), 1..60),
        checks in prop::collection::vec(prop::bool::weighted(0.1), 60),
    ) {
        let mut world = World::new();
        for (step, is_checked) in steps.into_iter().zip(checks) {
            world.take(step);
            if is_checked {
                world.check();
            }
        }
        world.check();
    }
}
