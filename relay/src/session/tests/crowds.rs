use std::{collections::BTreeSet, sync::Arc};

use seqline_protocol::{
    ClientFrame, ConvId, Crowd, Entry, ErrorCode, Item, RelayFrame, RequestId, ResetReason, Seq,
    limits::{CROWDS_PER_USER_MAX, PUSH_WINDOW},
};

use super::support::*;
use crate::{
    frames::Push,
    limits::OUTGOING_FRAMES_MAX,
    session::{Answer, Backlog, Effect, Event, Query},
    store::{Done, Op, Page, Position, Timeline},
};

fn tea() -> ConvId {
    ConvId::new("group:tea").unwrap()
}

fn crowd(conv: ConvId, head: u64) -> Crowd {
    Crowd {
        conv,
        after: Seq::ZERO,
        floor: seq(1),
        head: seq(head),
    }
}

fn position_with(crowds: Vec<Crowd>) -> Position {
    Position {
        crowds,
        ..position(0)
    }
}

fn timeline(conv: ConvId) -> Timeline {
    Timeline::Crowd(account("alice").app.clone(), conv)
}

fn push_of(conv: ConvId, range: std::ops::RangeInclusive<u64>) -> Event {
    let push = Push::new(entries(range), &timeline(conv)).unwrap();
    Event::Push(Arc::new(push))
}

fn tea_push(range: std::ops::RangeInclusive<u64>) -> Event {
    push_of(tea(), range)
}

/// The user's own timeline says that she reads the crowd, or no longer.
fn turn(at: u64, after: Option<u64>) -> Event {
    let push = Push::new(vec![turn_entry(at, after)], &own_timeline()).unwrap();
    Event::Push(Arc::new(push))
}

fn turn_entry(at: u64, after: Option<u64>) -> Entry {
    Entry {
        seq: seq(at),
        item: Item::Crowd {
            conv: tea(),
            after: after.map(seq),
        },
    }
}

fn hello(desk: &mut Desk) {
    let hello = desk.hello();
    desk.say(ClientFrame::Hello(hello));
}

/// Alice's session, with one crowd that stands at this head.
fn open(head: u64) -> Desk {
    let mut desk = Desk::new();
    hello(&mut desk);
    desk.feed(Event::Opened(Ok(position_with(vec![crowd(tea(), head)]))));
    desk.opened(position_with(vec![crowd(tea(), head)]));
    desk
}

fn pull(desk: &mut Desk, after: u64) -> Vec<Effect> {
    desk.cause(ClientFrame::Pull {
        req: RequestId::new(1).unwrap(),
        after: seq(after),
        limit: None,
        public: None,
        conv: Some(tea()),
    })
}

fn page(range: std::ops::RangeInclusive<u64>, head: u64) -> Event {
    Event::Answered(Ok(Answer::Page(Page {
        entries: entries(range),
        head: seq(head),
        floor: seq(1),
    })))
}

/// The seqs that are pushed of the crowd.
fn pushed_of_tea(frames: &[RelayFrame]) -> Vec<u64> {
    for frame in frames {
        assert!(
            matches!(frame, RelayFrame::Push { conv: Some(conv), .. } if *conv == tea()),
            "{frame:?}"
        );
    }
    pushed(frames)
}

fn notified(frames: &[RelayFrame]) -> Option<u64> {
    match frames {
        [] => None,
        [
            RelayFrame::Notify {
                head,
                conv: Some(conv),
                ..
            },
        ] if *conv == tea() => Some(head.get()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn crowds_are_followed_before_they_are_read_for_good() {
    let mut desk = Desk::new();
    hello(&mut desk);
    let read = position_with(vec![crowd(tea(), 3)]);
    let effects = desk.feed_for_effects(Event::Opened(Ok(read)));
    let [Effect::Follow(convs), Effect::Locate(who)] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!((&convs[..], who), (&[tea()][..], &account("alice")));
    // A commit that what is read last does not have yet.
    assert!(desk.feed(tea_push(6..=6)).is_empty());
    let frames = desk.opened(position_with(vec![crowd(tea(), 5)]));
    assert_eq!(welcome(&frames).crowds, [crowd(tea(), 6)]);
    assert_eq!(pushed_of_tea(&desk.feed(tea_push(7..=7))), [7]);
}

#[test]
fn a_user_without_crowds_is_read_once() {
    let mut desk = Desk::new();
    hello(&mut desk);
    let effects = desk.feed_for_effects(Event::Opened(Ok(position(0))));
    assert!(matches!(&effects[0], Effect::Follow(convs) if convs.is_empty()));
    assert_eq!(frames(&effects).len(), 1);
}

#[test]
fn a_crowd_that_is_joined_while_opening_is_told_by_the_own_timeline() {
    let mut desk = Desk::new();
    hello(&mut desk);
    assert!(desk.feed(turn(1, Some(4))).is_empty());
    assert!(desk.feed(tea_push(5..=5)).is_empty());
    let frames = desk.opened(position(0));
    assert_eq!(welcome(&frames).head, seq(1), "it pulls its own timeline");
    pull(&mut desk, 4);
    let frames = desk.feed(page(5..=5, 5));
    assert!(matches!(&frames[..], [RelayFrame::Page { entries, .. }] if entries.len() == 1));
    assert_eq!(pushed_of_tea(&desk.feed(tea_push(6..=6))), [6]);
}

#[test]
fn who_joins_a_crowd_is_pushed_from_there_and_who_leaves_no_longer() {
    let mut desk = Desk::open(0);
    assert_eq!(pushed(&desk.feed(turn(1, Some(4)))), [1]);
    // The commit of the join also has what was said before it.
    assert_eq!(pushed_of_tea(&desk.feed(tea_push(3..=6))), [5, 6]);
    assert_eq!(pushed_of_tea(&desk.feed(tea_push(7..=7))), [7]);
    assert_eq!(pushed(&desk.feed(turn(2, None))), [2]);
    pull(&mut desk, 7);
    let left = desk.feed_for_effects(Event::Answered(Ok(Answer::Page(Page {
        entries: Vec::new(),
        head: Seq::ZERO,
        floor: seq(1),
    }))));
    assert_eq!(refusal(&left), (ErrorCode::ConversationUnknown, false));
}

#[test]
fn a_pull_names_the_crowd_and_a_strangers_is_refused() {
    let mut desk = open(9);
    let effects = pull(&mut desk, 0);
    let [Effect::Read(Query::Page(query))] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!(query.timeline, timeline(tea()));
    let mut stranger = Desk::open(3);
    pull(&mut stranger, 0);
    let empty = Event::Answered(Ok(Answer::Page(Page {
        entries: Vec::new(),
        head: Seq::ZERO,
        floor: seq(1),
    })));
    let effects = stranger.feed_for_effects(empty);
    assert_eq!(refusal(&effects), (ErrorCode::ConversationUnknown, false));
    assert_eq!(pushed(&stranger.feed(push(4..=4))), [4]);
}

#[test]
fn a_new_crowd_that_is_empty_has_empty_pages() {
    let mut desk = open(0);
    pull(&mut desk, 0);
    let empty = Event::Answered(Ok(Answer::Page(Page {
        entries: Vec::new(),
        head: Seq::ZERO,
        floor: seq(1),
    })));
    assert!(matches!(&desk.feed(empty)[..], [RelayFrame::Page { .. }]));
    assert_eq!(pushed_of_tea(&desk.feed(tea_push(1..=1))), [1]);
}

#[test]
fn a_new_crowd_that_a_page_told_of_before_the_push_is_known() {
    let mut desk = Desk::open(0);
    desk.feed(Event::Missed {
        conv: None,
        head: seq(1),
        trace: None,
    });
    desk.cause(ClientFrame::Pull {
        req: RequestId::new(1).unwrap(),
        after: seq(0),
        limit: None,
        public: None,
        conv: None,
    });
    desk.feed(Event::Answered(Ok(Answer::Page(Page {
        entries: vec![turn_entry(1, Some(0))],
        head: seq(1),
        floor: seq(1),
    }))));
    pull(&mut desk, 0);
    let frames = desk.feed(Event::Answered(Ok(Answer::Page(Page {
        entries: Vec::new(),
        head: Seq::ZERO,
        floor: seq(1),
    }))));
    assert!(
        matches!(&frames[..], [RelayFrame::Page { .. }]),
        "{frames:?}"
    );
}

#[test]
fn below_the_floor_of_a_crowd_is_a_reset_of_it_and_beyond_its_head_an_error() {
    let mut desk = open(9);
    pull(&mut desk, 2);
    let frames = desk.feed(Event::Answered(Ok(Answer::Page(Page {
        entries: entries(6..=9),
        head: seq(9),
        floor: seq(6),
    }))));
    let expected = RelayFrame::Reset {
        reason: ResetReason::BelowFloor,
        epoch: position(0).epoch,
        head: seq(9),
        conv: Some(tea()),
    };
    assert_eq!(frames, [expected]);
    assert_eq!(pushed_of_tea(&desk.feed(tea_push(10..=10))), [10]);
    pull(&mut desk, 11);
    let effects = desk.feed_for_effects(Event::Answered(Ok(Answer::Page(Page {
        entries: Vec::new(),
        head: seq(10),
        floor: seq(6),
    }))));
    assert_eq!(refusal(&effects), (ErrorCode::FieldInvalid, false));
}

#[test]
fn a_slow_socket_is_told_of_each_crowd_once() {
    let mut desk = Desk::new();
    hello(&mut desk);
    let milk = ConvId::new("group:milk").unwrap();
    let both = || position_with(vec![crowd(milk.clone(), 0), crowd(tea(), 0)]);
    desk.feed(Event::Opened(Ok(both())));
    desk.opened(both());
    desk.session.set_backlog(Backlog {
        frames: OUTGOING_FRAMES_MAX + 1,
        bytes: 0,
    });
    assert_eq!(notified(&desk.feed(tea_push(1..=1))), Some(1));
    assert!(desk.feed(tea_push(2..=2)).is_empty());
    assert_eq!(desk.feed(push_of(milk.clone(), 1..=1)).len(), 1);
    assert!(desk.feed(push_of(milk, 2..=2)).is_empty());
    desk.session.set_backlog(Backlog::default());
    assert!(desk.feed(tea_push(3..=3)).is_empty(), "until it pulls");
    pull(&mut desk, 0);
    desk.feed(page(1..=3, 3));
    assert_eq!(pushed_of_tea(&desk.feed(tea_push(4..=4))), [4]);
}

#[test]
fn pushes_that_were_dropped_are_announced_of_known_and_unknown_crowds() {
    let missed = |head| Event::Missed {
        conv: Some(tea()),
        head: seq(head),
        trace: None,
    };
    let mut desk = open(3);
    assert!(desk.feed(missed(3)).is_empty(), "it knows");
    assert_eq!(notified(&desk.feed(missed(5))), Some(5));
    // What told of the joining was dropped too.
    let mut desk = Desk::open(0);
    assert_eq!(notified(&desk.feed(missed(5))), Some(5));
    assert!(desk.feed(missed(6)).is_empty());
    let mut desk = Desk::open(0);
    assert_eq!(notified(&desk.feed(tea_push(5..=5))), Some(5));
    assert!(desk.feed(tea_push(6..=6)).is_empty());
    pull(&mut desk, 4);
    desk.feed(page(5..=6, 6));
    assert_eq!(pushed_of_tea(&desk.feed(tea_push(7..=7))), [7]);
}

#[test]
fn nothing_of_a_crowd_is_acknowledged() {
    let mut desk = open(0);
    let window = PUSH_WINDOW as u64;
    for n in 1..=window + 5 {
        assert_eq!(pushed_of_tea(&desk.feed(tea_push(n..=n))), [n]);
    }
    let acks = desk.cause(ClientFrame::Ack { cursor: seq(9) });
    assert!(matches!(acks[..], [Effect::Observe(_)]), "{acks:?}");
}

#[test]
fn there_are_no_more_places_than_crowds_that_one_may_have() {
    let mut desk = Desk::open(0);
    for n in 0..CROWDS_PER_USER_MAX + 3 {
        let conv = ConvId::new(format!("group:g{n}")).unwrap();
        assert_eq!(
            desk.feed(push_of(conv, 1..=1)).len(),
            1,
            "told all the same"
        );
    }
    assert_eq!(notified(&desk.feed(tea_push(1..=1))), Some(1));
    assert_eq!(notified(&desk.feed(tea_push(2..=2))), Some(2));
}

#[test]
fn the_device_is_noted_with_its_platform() {
    for (platform, host, expected) in [
        (Some("phone"), "browser", "phone"),
        (None, "mp-weixin", "mp-weixin"),
        (None, "Node v20 (x64)", "Node-v20--x64-"),
        (None, "", "unknown"),
    ] {
        let mut desk = Desk::new();
        let mut hello = desk.hello();
        hello.platform = platform.map(|name| seqline_protocol::Label::new(name).unwrap());
        hello.host = host.to_owned();
        desk.say(ClientFrame::Hello(hello));
        let effects = desk.feed_for_effects(Event::Opened(Ok(position(0))));
        let noted = effects.iter().find_map(|effect| match effect {
            Effect::Submit(Op::Connected(device)) => Some(device),
            _ => None,
        });
        let noted = noted.unwrap();
        assert_eq!(noted.platform.as_str(), expected);
        assert_eq!(noted.host, host);
        desk.feed(Event::Committed(Ok(Ok(Done::Applied))));
    }
}

#[test]
fn a_device_that_pulls_from_behind_is_told_once_of_what_it_will_come_to() {
    let mut desk = open(9);
    pull(&mut desk, 0);
    assert_eq!(notified(&desk.feed(tea_push(10..=10))), Some(10));
    assert!(desk.feed(tea_push(11..=11)).is_empty());
    desk.feed(page(1..=11, 11));
    assert_eq!(pushed_of_tea(&desk.feed(tea_push(12..=12))), [12]);
}

/// A device that puts aside what comes early, and pulls whenever it likes; and a crowd
/// that grows.
struct Overlap {
    desk: Desk,
    committed: u64,
    /// News of commits reached the session up to here.
    told: u64,
    /// The device has everything up to here.
    newest: u64,
    /// Came early, and waits for what is missing before it.
    early: BTreeSet<u64>,
    /// The device has heard of a head.
    known: u64,
    /// The last seq that was pushed.
    pushed: u64,
    /// A page after this one was asked for.
    asked: Option<u64>,
}

/// Smaller than what is missing, so that the device also stops half way.
const PAGE: u64 = 2;

impl Overlap {
    fn commit_or_tell(&mut self) {
        if self.told == self.committed {
            self.committed += 1;
        } else {
            self.told += 1;
            let frames = self.desk.feed(tea_push(self.told..=self.told));
            self.take(&frames);
        }
    }

    fn ask_or_answer(&mut self) {
        let Some(after) = self.asked.take() else {
            pull(&mut self.desk, self.newest);
            self.asked = Some(self.newest);
            return;
        };
        let last = self.committed.min(after + PAGE);
        let frames = self.desk.feed(page(after + 1..=last, self.committed));
        self.take(&frames);
    }

    fn take(&mut self, frames: &[RelayFrame]) {
        for frame in frames {
            let (entries, head) = match frame {
                RelayFrame::Push { entries, .. } => {
                    let first = entries.first().unwrap().seq.get();
                    assert!(first > self.pushed, "pushed once, in order");
                    let last = entries.last().unwrap().seq;
                    self.pushed = last.get();
                    (entries.as_slice(), last)
                }
                RelayFrame::Page { entries, head, .. } => (entries.as_slice(), *head),
                RelayFrame::Notify { head, .. } => (&[][..], *head),
                other => panic!("{other:?}"),
            };
            self.known = self.known.max(head.get());
            for entry in entries {
                self.early.insert(entry.seq.get());
            }
            while self.early.contains(&(self.newest + 1)) {
                self.newest += 1;
            }
        }
    }
}

#[test]
fn however_commits_and_pages_overlap_a_device_always_learns_that_there_is_more() {
    const STEPS: u32 = 13;
    for plan in 0..1_u32 << STEPS {
        let mut overlap = Overlap {
            desk: open(3),
            committed: 3,
            told: 3,
            newest: 0,
            early: BTreeSet::new(),
            known: 3,
            pushed: 3,
            asked: None,
        };
        for step in 0..STEPS {
            if plan >> step & 1 == 1 {
                overlap.commit_or_tell();
            } else {
                overlap.ask_or_answer();
            }
        }
        // Then all is quiet, and the device pulls no more than what it has heard of.
        while overlap.told < overlap.committed {
            overlap.commit_or_tell();
        }
        while overlap.asked.is_some() || overlap.newest < overlap.known {
            overlap.ask_or_answer();
        }
        assert_eq!(overlap.newest, overlap.committed, "plan {plan:b}");
        // And hears of the next one too.
        overlap.commit_or_tell();
        overlap.commit_or_tell();
        assert_eq!(overlap.known, overlap.committed, "plan {plan:b}");
    }
}
