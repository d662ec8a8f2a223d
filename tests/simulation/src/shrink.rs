//! Makes a plan that breaks a promise smaller, as long as it still breaks that one.

use crate::{
    model::{Promise, Violation},
    plan::{Plan, Step},
    world::World,
};

/// A plan that breaks a promise, and how.
#[derive(Debug, Clone)]
pub struct Shrunk {
    /// The smallest one found.
    pub plan: Plan,
    /// What it breaks.
    pub violation: Box<Violation>,
    /// How many were tried.
    pub tries: u32,
}

/// Shrinks a plan by leaving out steps, many at once and then fewer and fewer, and by leaving
/// out what there is at the beginning. `goes_on` is asked before each try.
#[must_use]
pub fn shrink(plan: Plan, violation: Box<Violation>, goes_on: &mut dyn FnMut() -> bool) -> Shrunk {
    let mut shrinking = Shrinking {
        promise: violation.promise,
        best: Shrunk {
            plan,
            violation,
            tries: 0,
        },
        goes_on,
    };
    loop {
        let tries = shrinking.best.plan.clone();
        shrinking.leave_out_steps();
        shrinking.leave_out_setup();
        shrinking.come_sooner();
        if shrinking.best.plan == tries || !(shrinking.goes_on)() {
            return shrinking.best;
        }
    }
}

struct Shrinking<'a> {
    promise: Promise,
    best: Shrunk,
    goes_on: &'a mut dyn FnMut() -> bool,
}

impl Shrinking<'_> {
    /// Whether it still breaks the promise; then it is the best one.
    fn try_plan(&mut self, plan: Plan) -> bool {
        if !(self.goes_on)() {
            return false;
        }
        self.best.tries += 1;
        match World::run(&plan).violation {
            Some(violation) if violation.promise == self.promise => {
                self.best.plan = plan;
                self.best.violation = violation;
                true
            }
            _ => false,
        }
    }

    fn leave_out_steps(&mut self) {
        let mut size = self.best.plan.steps.len().div_ceil(2);
        while size > 0 {
            let mut from = 0;
            while from < self.best.plan.steps.len() {
                let mut plan = self.best.plan.clone();
                let upto = (from + size).min(plan.steps.len());
                plan.steps.drain(from..upto);
                if !self.try_plan(plan) {
                    from += size;
                }
            }
            size /= 2;
        }
    }

    fn leave_out_setup(&mut self) {
        let mut plan = self.best.plan.clone();
        if plan.setup.channels.pop().is_some() {
            self.try_plan(plan);
        }
        let mut plan = self.best.plan.clone();
        if plan.setup.groups.pop().is_some() {
            self.try_plan(plan);
        }
        while self.best.plan.setup.devices.len() > 1 {
            let mut plan = self.best.plan.clone();
            plan.setup.devices.pop();
            if !self.try_plan(plan) {
                break;
            }
        }
        let mut plan = self.best.plan.clone();
        plan.setup.commit_ms = 0;
        if plan != self.best.plan {
            self.try_plan(plan);
        }
    }

    /// Faults end soon after the last step.
    fn come_sooner(&mut self) {
        let last_ms = self.best.plan.steps.last().map_or(0, last_of);
        let mut plan = self.best.plan.clone();
        if last_ms + 1 < plan.setup.heal_at_ms {
            plan.setup.heal_at_ms = last_ms + 1;
            self.try_plan(plan);
        }
    }
}

fn last_of(step: &Step) -> u64 {
    step.at_ms
}
