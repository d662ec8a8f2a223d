//! Tells the app when the session panics: a trap inside a socket's or a timer's
//! callback would otherwise end in the console, and the app wait for ever.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use crate::driver::Driver;

thread_local! {
    static HAS_HOOK: Cell<bool> = const { Cell::new(false) };
    static RUNNING: RefCell<Option<Rc<Driver>>> = const { RefCell::new(None) };
}

/// Marks a driver as the one that runs. Gives the one that did, for [`leave`]: a handler
/// of one client may call another client.
pub(crate) fn enter(driver: Rc<Driver>) -> Option<Rc<Driver>> {
    if !HAS_HOOK.replace(true) {
        std::panic::set_hook(Box::new(|info| {
            let Some(driver) = RUNNING.take() else { return };
            let message = info.payload_as_str().unwrap_or("unknown");
            match info.location() {
                Some(at) => driver.crash(&[message, " (", at.file(), ")"].concat()),
                None => driver.crash(message),
            }
        }));
    }
    RUNNING.replace(Some(driver))
}

pub(crate) fn leave(outer: Option<Rc<Driver>>) {
    RUNNING.replace(outer);
}
