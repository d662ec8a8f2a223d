//! A bus that is not to be relied on: what is said is lost, comes twice, late, or in another order,
//! as a seed says. Nothing of it depends on time.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use futures_util::future::BoxFuture;
use proptest::{
    prelude::RngExt as _,
    test_runner::{RngAlgorithm, TestRng},
};
use seqline_relay::bus::{Bus, BusChoice, BusError, GivenBus, Heard, Hint, NodeId, Topic};
use tokio::sync::Notify;

/// What happens to one in ten of the hints, for each relay that is to hear them.
const LOST: u8 = 3;
const TWICE: u8 = 2;
const LATE: u8 = 2;

/// The same numbers for the same seed.
pub(super) fn random(seed: u64) -> TestRng {
    let seeds = [seed.to_le_bytes(), (!seed).to_le_bytes()];
    TestRng::from_seed(RngAlgorithm::XorShift, &seeds.concat())
}

/// What is said among relays of one process.
#[derive(Clone)]
pub(super) struct Rumours(Arc<Mutex<State>>);

/// How often what happened.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Faults {
    pub(super) lost: usize,
    pub(super) twice: usize,
    pub(super) late: usize,
    pub(super) reordered: usize,
}

struct State {
    random: TestRng,
    ears: Vec<Ear>,
    /// For whom what comes later is.
    late: Vec<(usize, Heard)>,
    faults: Faults,
}

#[derive(Default)]
struct Ear {
    waiting: VecDeque<Heard>,
    bell: Arc<Notify>,
}

impl Rumours {
    pub(super) fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(State {
            random: random(seed),
            ears: Vec::new(),
            late: Vec::new(),
            faults: Faults::default(),
        })))
    }

    /// For one more relay.
    pub(super) fn bus(&self) -> BusChoice {
        let mut state = self.0.lock().unwrap();
        let ear = Ear::default();
        let bell = Arc::clone(&ear.bell);
        state.ears.push(ear);
        BusChoice::Given(GivenBus(Arc::new(Place {
            at: state.ears.len() - 1,
            rumours: self.clone(),
            bell,
        })))
    }

    pub(super) fn faults(&self) -> Faults {
        self.0.lock().unwrap().faults
    }
}

impl State {
    fn say(&mut self, from: usize, hint: &Hint) {
        for to in (0..self.ears.len()).filter(|to| *to != from) {
            let heard = Heard::Hint {
                from: node(from),
                hint: hint.clone(),
            };
            let fate = self.random.random_range(..10_u8);
            if fate < LOST {
                self.faults.lost += 1;
            } else if fate < LOST + TWICE {
                self.faults.twice += 1;
                self.hear(to, heard.clone());
                self.hear(to, heard);
            } else if fate < LOST + TWICE + LATE {
                self.faults.late += 1;
                self.late.push((to, heard));
            } else {
                self.hear(to, heard);
            }
        }
        for (to, heard) in std::mem::take(&mut self.late) {
            if self.random.random_bool(0.5) {
                self.hear(to, heard);
            } else {
                self.late.push((to, heard));
            }
        }
    }

    /// Before or after whatever waits there.
    fn hear(&mut self, to: usize, heard: Heard) {
        let ear = &mut self.ears[to];
        let place = self.random.random_range(..=ear.waiting.len());
        self.faults.reordered += usize::from(place < ear.waiting.len());
        ear.waiting.insert(place, heard);
        ear.bell.notify_one();
    }
}

/// One relay's.
struct Place {
    at: usize,
    rumours: Rumours,
    bell: Arc<Notify>,
}

impl Place {
    fn next(&self) -> Option<Heard> {
        let mut state = self.rumours.0.lock().unwrap();
        state.ears[self.at].waiting.pop_front()
    }
}

impl Bus for Place {
    fn publish<'a>(&'a self, hints: &'a [Hint]) -> BoxFuture<'a, Result<(), BusError>> {
        let mut state = self.rumours.0.lock().unwrap();
        for hint in hints {
            state.say(self.at, hint);
        }
        Box::pin(async { Ok(()) })
    }

    fn receive(&self) -> BoxFuture<'_, Heard> {
        Box::pin(async move {
            loop {
                if let Some(heard) = self.next() {
                    return heard;
                }
                self.bell.notified().await;
            }
        })
    }

    fn follow<'a>(&'a self, _: &'a [(Topic, bool)]) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }

    fn is_sorted(&self) -> bool {
        false
    }

    fn node(&self) -> NodeId {
        node(self.at)
    }
}

fn node(at: usize) -> NodeId {
    NodeId(at as u64 + 1)
}
