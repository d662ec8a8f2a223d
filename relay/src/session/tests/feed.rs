use seqline_protocol::{ClientFrame, RelayFrame, RequestId, Resume, limits::PUSH_WINDOW};

use super::support::*;
use crate::{
    limits::OUTGOING_FRAMES_MAX,
    session::{Answer, Backlog, Effect, Event},
    store::{Op, Page, Position},
};

fn pull(desk: &mut Desk, after: u64) {
    assert!(matches!(try_pull(desk, after)[..], [Effect::Read(_)]));
}

fn try_pull(desk: &mut Desk, after: u64) -> Vec<Effect> {
    desk.cause(ClientFrame::Pull {
        req: RequestId::new(1).unwrap(),
        after: seq(after),
        limit: None,
        public: None,
        conv: None,
    })
}

fn page(desk: &mut Desk, range: std::ops::RangeInclusive<u64>, head: u64) -> (Vec<u64>, u64) {
    let page = Page {
        entries: entries(range),
        head: seq(head),
        floor: seq(1),
    };
    match &desk.feed(Event::Answered(Ok(Answer::Page(page))))[..] {
        [RelayFrame::Page { entries, head, .. }] => (
            entries.iter().map(|one| one.seq.get()).collect(),
            head.get(),
        ),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_caught_up_device_is_pushed_what_is_committed() {
    let mut desk = Desk::open(5);
    assert_eq!(pushed(&desk.feed(push(6..=8))), [6, 7, 8]);
    assert_eq!(pushed(&desk.feed(push(9..=9))), [9]);
    assert!(desk.feed(push(7..=9)).is_empty(), "nothing twice");
    assert_eq!(
        pushed(&desk.feed(push(8..=11))),
        [10, 11],
        "only what is new"
    );
}

#[test]
fn a_device_that_is_behind_hears_once_and_pulls() {
    let (mut desk, frames) = Desk::open_at(2, 5);
    assert_eq!(welcome(&frames).head, seq(5));
    assert!(
        desk.feed(push(6..=6)).is_empty(),
        "the welcome said that it must pull"
    );
    pull(&mut desk, 2);
    assert_eq!(page(&mut desk, 3..=4, 6), (vec![3, 4], 6));
    assert!(desk.feed(push(7..=7)).is_empty());
    pull(&mut desk, 4);
    assert_eq!(page(&mut desk, 5..=7, 7), (vec![5, 6, 7], 7));
    assert_eq!(pushed(&desk.feed(push(8..=8))), [8], "live again");
}

#[test]
fn a_commit_during_the_last_page_is_neither_lost_nor_doubled() {
    // Its news comes before the page that does not have it: one more page is needed.
    let (mut desk, _) = Desk::open_at(2, 5);
    pull(&mut desk, 2);
    assert!(desk.feed(push(6..=6)).is_empty());
    assert_eq!(page(&mut desk, 3..=5, 5), (vec![3, 4, 5], 6));
    assert!(desk.feed(push(7..=7)).is_empty(), "6 is still missing");
    pull(&mut desk, 5);
    assert_eq!(page(&mut desk, 6..=7, 7), (vec![6, 7], 7));
    assert_eq!(pushed(&desk.feed(push(8..=8))), [8]);

    // Its news comes after the page that has it already.
    let (mut desk, _) = Desk::open_at(2, 5);
    pull(&mut desk, 2);
    assert_eq!(page(&mut desk, 3..=6, 6), (vec![3, 4, 5, 6], 6));
    assert!(desk.feed(push(6..=6)).is_empty());
    assert_eq!(pushed(&desk.feed(push(7..=7))), [7]);
}

/// A device that pulls whenever it likes, and a timeline that grows.
struct Overlap {
    desk: Desk,
    committed: u64,
    /// News of commits reached the session up to here.
    told: u64,
    /// The device was handed everything up to here.
    newest: u64,
    /// A page after this one was asked for.
    asked: Option<u64>,
}

impl Overlap {
    fn commit_or_tell(&mut self) {
        if self.told == self.committed {
            self.committed += 1;
        } else {
            self.told += 1;
            let frames = self.desk.feed(push(self.told..=self.told));
            self.take(&frames);
        }
    }

    fn ask_or_answer(&mut self) {
        let Some(after) = self.asked.take() else {
            let effects = try_pull(&mut self.desk, self.newest);
            if matches!(effects[..], [Effect::Read(_)]) {
                self.asked = Some(self.newest);
            } else {
                // Answered from memory: only where everything was handed that was told.
                assert!(self.newest >= self.told);
                let frames = frames(&effects);
                assert!(
                    matches!(frames[..], [RelayFrame::Page { head, .. }] if head.get() == self.newest)
                );
                self.take(&frames);
            }
            return;
        };
        let page = Page {
            entries: entries(after + 1..=self.committed),
            head: seq(self.committed),
            floor: seq(1),
        };
        let frames = self.desk.feed(Event::Answered(Ok(Answer::Page(page))));
        self.take(&frames);
    }

    fn take(&mut self, frames: &[RelayFrame]) {
        for frame in frames {
            match frame {
                RelayFrame::Push { entries, .. } => {
                    for entry in entries {
                        assert_eq!(entry.seq.get(), self.newest + 1, "pushed once, in order");
                        self.newest += 1;
                    }
                }
                // A page may repeat what was pushed while it was read.
                RelayFrame::Page { entries, .. } => {
                    for entry in entries {
                        assert!(entry.seq.get() <= self.newest + 1, "a hole");
                        self.newest = self.newest.max(entry.seq.get());
                    }
                }
                RelayFrame::Notify { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn however_commits_and_pages_overlap_each_entry_comes_once_and_in_order() {
    const STEPS: u32 = 12;
    for plan in 0..1u32 << STEPS {
        let mut overlap = Overlap {
            desk: Desk::open_at(0, 3).0,
            committed: 3,
            told: 3,
            newest: 0,
            asked: None,
        };
        for step in 0..STEPS {
            if plan >> step & 1 == 1 {
                overlap.commit_or_tell();
            } else {
                overlap.ask_or_answer();
            }
        }
        // Then all is quiet, and a last pull makes it live.
        while overlap.told < overlap.committed {
            overlap.commit_or_tell();
        }
        while overlap.asked.is_some() || overlap.newest < overlap.committed {
            overlap.ask_or_answer();
        }
        assert_eq!(overlap.newest, overlap.committed, "plan {plan:b}");
        let next = overlap.committed + 1;
        assert_eq!(
            pushed(&overlap.desk.feed(push(next..=next))),
            [next],
            "plan {plan:b}"
        );
    }
}

#[test]
fn too_much_unacknowledged_is_announced_not_pushed() {
    let mut desk = Desk::open(0);
    let window = PUSH_WINDOW as u64;
    assert_eq!(pushed(&desk.feed(push(1..=window))).len(), PUSH_WINDOW);
    let over = desk.feed(push(window + 1..=window + 1));
    assert!(matches!(&over[..], [RelayFrame::Notify { head, .. }] if head.get() == window + 1));
    assert!(desk.feed(push(window + 2..=window + 2)).is_empty(), "once");
    desk.cause(ClientFrame::Ack {
        cursor: seq(window),
    });
    pull(&mut desk, window);
    assert_eq!(
        page(&mut desk, window + 1..=window + 2, window + 2).1,
        window + 2
    );
    assert_eq!(
        pushed(&desk.feed(push(window + 3..=window + 3))),
        [window + 3]
    );
}

#[test]
fn a_slow_socket_is_announced_to_once_and_not_read_from() {
    let mut desk = Desk::open(0);
    let backlog = Backlog {
        frames: OUTGOING_FRAMES_MAX + 1,
        bytes: 0,
    };
    desk.session.set_backlog(backlog);
    assert!(!desk.session.wants_input());
    assert!(matches!(
        desk.feed(push(1..=1))[..],
        [RelayFrame::Notify { .. }]
    ));
    assert!(desk.feed(push(2..=2)).is_empty());
    desk.session.set_backlog(Backlog::default());
    assert!(desk.session.wants_input());
    assert!(desk.feed(push(3..=3)).is_empty(), "until it pulls");
}

#[test]
fn pushes_that_were_dropped_are_announced() {
    let mut desk = Desk::open(0);
    let frames = desk.feed(Event::Missed {
        conv: None,
        head: seq(9),
        trace: None,
    });
    assert!(matches!(&frames[..], [RelayFrame::Notify { head, .. }] if *head == seq(9)));
    assert!(
        desk.feed(Event::Missed {
            conv: None,
            head: seq(12),
            trace: None,
        })
        .is_empty()
    );
    let mut desk = Desk::open(0);
    desk.feed(push(1..=2));
    assert!(
        desk.feed(Event::Missed {
            conv: None,
            head: seq(2),
            trace: None,
        })
        .is_empty(),
        "it has them"
    );
    let gap = desk.feed(push(4..=4));
    assert!(matches!(&gap[..], [RelayFrame::Notify { .. }]));
}

fn told(effects: &[Effect]) -> Option<u64> {
    effects.iter().find_map(|effect| match effect {
        Effect::Submit(Op::Delivered(op)) => Some(op.cursor.get()),
        _ => None,
    })
}

#[test]
fn what_a_device_has_of_an_earlier_connection_is_told_once_its_app_took_it() {
    // The connection was lost while the app had taken two entries of four.
    let mut desk = Desk::new();
    let mut hello = desk.hello();
    hello.resume = Some(Resume {
        epoch: position(0).epoch,
        cursor: seq(2),
    });
    desk.say(ClientFrame::Hello(hello));
    desk.opened(Position {
        delivered: seq(2),
        ..position(4)
    });
    pull(&mut desk, 4);
    assert_eq!(
        told(&desk.cause(ClientFrame::Ack { cursor: seq(4) })),
        Some(4),
        "before the page is there"
    );
}

#[test]
fn an_ack_that_storage_did_not_take_is_told_again_with_the_next_ping() {
    let mut desk = Desk::open(0);
    desk.feed(push(1..=3));
    let ping = || ClientFrame::Ping { nonce: 7 };
    assert_eq!(
        told(&desk.cause(ClientFrame::Ack { cursor: seq(3) })),
        Some(3)
    );
    assert_eq!(told(&desk.cause(ping())), None, "it is under way");
    let full = crate::store::StoreError::Full("no room".to_owned());
    desk.feed(Event::Committed(Err(full)));
    assert_eq!(told(&desk.cause(ping())), Some(3));
    desk.feed(Event::Committed(Ok(Ok(crate::store::Done::DeliveredUpTo(
        seq(3),
    )))));
    assert_eq!(told(&desk.cause(ping())), None, "it is stored");
}

#[test]
fn only_acks_of_others_messages_are_stored_and_they_are_gathered() {
    let mut desk = Desk::open(0);
    let own = crate::frames::Push::new(vec![entry_of("alice", 1)], &own_timeline());
    desk.feed(Event::Push(std::sync::Arc::new(own.unwrap())));
    assert_eq!(told(&desk.cause(ClientFrame::Ack { cursor: seq(1) })), None);

    desk.feed(push(2..=6));
    assert_eq!(
        told(&desk.cause(ClientFrame::Ack { cursor: seq(2) })),
        Some(2)
    );
    assert_eq!(
        told(&desk.cause(ClientFrame::Ack { cursor: seq(3) })),
        None,
        "one at a time"
    );
    assert_eq!(told(&desk.cause(ClientFrame::Ack { cursor: seq(5) })), None);
    let applied = |n| Event::Committed(Ok(Ok(crate::store::Done::DeliveredUpTo(seq(n)))));
    assert_eq!(
        told(&desk.feed_for_effects(applied(2))),
        Some(5),
        "gathered"
    );
    assert_eq!(
        told(&desk.feed_for_effects(applied(4))),
        Some(5),
        "the store did a part"
    );
    assert_eq!(told(&desk.feed_for_effects(applied(5))), None);
    // It cannot have taken what it was not handed.
    assert_eq!(
        told(&desk.cause(ClientFrame::Ack { cursor: seq(99) })),
        Some(6)
    );
}
