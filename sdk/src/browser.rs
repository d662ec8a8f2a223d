//! Sockets and life-cycle events of browsers, windows and workers alike.

use std::{
    cell::{OnceCell, RefCell},
    rc::Weak,
};

use seqline_core::{ConnId, Input};
use seqline_protocol::Encoded;
use wasm_bindgen::JsValue;

use crate::driver::Driver;

mod lifecycle;
mod socket;

use lifecycle::Lifecycle;
use socket::Socket;

pub(crate) struct Browser {
    url: String,
    feeder: Feeder,
    sockets: RefCell<Vec<(ConnId, Socket)>>,
    lifecycle: OnceCell<Lifecycle>,
}

impl Browser {
    pub(crate) fn new(url: String, driver: Weak<Driver>) -> Self {
        Self {
            url,
            feeder: Feeder(driver),
            sockets: RefCell::default(),
            lifecycle: OnceCell::new(),
        }
    }

    pub(crate) fn start(&self) {
        self.lifecycle
            .get_or_init(|| Lifecycle::watch(&self.feeder));
    }

    pub(crate) fn open(&self, conn: ConnId) -> Result<(), JsValue> {
        self.forget_closed();
        let socket = Socket::open(&self.url, conn, &self.feeder)?;
        self.sockets.borrow_mut().push((conn, socket));
        Ok(())
    }

    pub(crate) fn write(&self, conn: ConnId, frame: &Encoded) -> Result<(), JsValue> {
        match self.sockets.borrow().iter().find(|(id, _)| *id == conn) {
            Some((_, socket)) => socket.write(frame),
            None => Ok(()),
        }
    }

    pub(crate) fn close(&self, conn: ConnId, code: u16, reason: &str) -> Result<(), JsValue> {
        let mut sockets = self.sockets.borrow_mut();
        let Some(at) = sockets.iter().position(|(id, _)| *id == conn) else {
            return Ok(());
        };
        sockets.swap_remove(at).1.close(code, reason)
    }

    /// Closes what can be closed after a crash, when anything may be borrowed.
    pub(crate) fn abandon(&self) {
        if let Ok(mut sockets) = self.sockets.try_borrow_mut() {
            for (_, socket) in sockets.drain(..) {
                let _ = socket.close(1000, "");
            }
        }
    }

    /// The session asks for a new socket only when it has done with those before.
    fn forget_closed(&self) {
        self.sockets
            .borrow_mut()
            .retain(|(_, socket)| !socket.is_closed());
    }
}

/// Takes events to the driver, for as long as there is one.
#[derive(Clone)]
struct Feeder(Weak<Driver>);

impl Feeder {
    fn feed(&self, input: Input) {
        if let Some(driver) = self.0.upgrade() {
            driver.feed(input);
        }
    }
}
