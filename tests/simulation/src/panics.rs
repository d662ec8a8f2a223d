//! A panic is a violation, also where a runtime would swallow it.

use std::{
    cell::RefCell,
    panic::{self, AssertUnwindSafe},
    sync::Once,
};

use crate::model::{Promise, Violation};

thread_local! {
    static FIRST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs something. What panics in it on this thread, tasks included, becomes a violation.
///
/// # Errors
/// The first panic.
pub fn caught<T>(run: impl FnOnce() -> T) -> Result<T, Box<Violation>> {
    listen();
    FIRST.with_borrow_mut(|first| *first = None);
    let result = panic::catch_unwind(AssertUnwindSafe(run));
    match (result, FIRST.take()) {
        (Ok(value), None) => Ok(value),
        (_, first) => {
            let text = first.unwrap_or_else(|| "a panic without words".to_owned());
            Err(Violation::of(Promise::NoPanic, text))
        }
    }
}

fn listen() {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        panic::set_hook(Box::new(|info| {
            let text = info.to_string();
            FIRST.with_borrow_mut(|first| {
                first.get_or_insert(text);
            });
        }));
    });
}
