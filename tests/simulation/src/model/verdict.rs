//! The promises, and what it takes to break one.

use std::{cell::RefCell, collections::BTreeMap};

use serde::{Deserialize, Serialize};

/// The promises of the design, and that the simulation itself holds together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Promise {
    /// 1: what was acknowledged is stored, for everyone whom it is for.
    AcknowledgedMeansStored,
    /// 2: nothing is there twice.
    Once,
    /// 3: what one device sends to one conversation is stored in that order.
    InOrder,
    /// 4: timelines have no holes.
    NoHoles,
    /// 5: a cursor never is ahead of the app.
    CursorTrailsTheApp,
    /// 6: what cannot be continued is told, and nothing else is.
    NeverASilentGap,
    /// 7: the public mailbox reaches everyone once.
    PublicMailbox,
    /// 8: whatever was lost, everything is pulled in the end.
    Converges,
    /// 9: queues have bounds.
    Bounded,
    /// 10: nothing reconnects that was told not to; and what reconnects is spread.
    ExplicitBeatsAutomatic,
    /// Nothing panics.
    NoPanic,
    /// A user sees what she belongs to, and nothing else.
    RightPeople,
    /// Who has received and read is seen to have done so.
    MarksAreTold,
}

impl Promise {
    /// All that checks are about. That nothing panics is asked of every step.
    pub const ALL: [Self; 12] = [
        Self::AcknowledgedMeansStored,
        Self::Once,
        Self::InOrder,
        Self::NoHoles,
        Self::CursorTrailsTheApp,
        Self::NeverASilentGap,
        Self::PublicMailbox,
        Self::Converges,
        Self::Bounded,
        Self::ExplicitBeatsAutomatic,
        Self::RightPeople,
        Self::MarksAreTold,
    ];
}

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Which one.
    pub promise: Promise,
    /// When, since the beginning of the scenario.
    pub at_ms: u64,
    /// How.
    pub text: String,
}

/// A violation ends its scenario.
pub type Checked = Result<(), Box<Violation>>;

/// How often each promise was looked at.
pub type Checks = BTreeMap<Promise, u64>;

thread_local! {
    /// Of this thread's scenario: checks are everywhere, and none decides by this.
    static CHECKS: RefCell<Checks> = const { RefCell::new(Checks::new()) };
}

/// How often each promise was looked at on this thread since the last time.
#[must_use]
pub fn take_checks() -> Checks {
    CHECKS.take()
}

/// A promise holds if this is true.
///
/// # Errors
/// The violation, whose time is still to be filled in.
pub fn ensure(is_kept: bool, promise: Promise, text: impl FnOnce() -> String) -> Checked {
    CHECKS.with_borrow_mut(|checks| *checks.entry(promise).or_default() += 1);
    if is_kept {
        return Ok(());
    }
    Err(Violation::of(promise, text()))
}

impl Violation {
    /// One whose time is still to be filled in.
    #[must_use]
    pub fn of(promise: Promise, text: impl Into<String>) -> Box<Self> {
        Box::new(Self {
            promise,
            at_ms: 0,
            text: text.into(),
        })
    }
}
