//! The loop between the session and the world.
//!
//! An input is fed, every output is drained, and the session is let go of before any
//! JavaScript runs. JavaScript that calls back only queues inputs: the loop that is
//! already running takes them next. So nothing is ever entered twice.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
};

use seqline_core::{ConnId, Input, Now, Output, Session, Stats, TokenReason};
use wasm_bindgen::JsValue;

use crate::{app::App, crash, values};

pub(crate) struct Driver {
    app: App,
    session: RefCell<Session>,
    inputs: RefCell<VecDeque<Input>>,
    is_running: Cell<bool>,
    has_crashed: Cell<bool>,
}

impl Driver {
    /// `make_session` is given the time.
    pub(crate) fn new(app: App, make_session: impl FnOnce(Now) -> Session) -> Rc<Self> {
        let session = make_session(now(&app));
        Rc::new(Self {
            app,
            session: RefCell::new(session),
            inputs: RefCell::default(),
            is_running: Cell::new(false),
            has_crashed: Cell::new(false),
        })
    }

    /// Acts on what the session wants from the beginning, and starts to listen.
    pub(crate) fn start(self: &Rc<Self>) {
        self.run(|driver| {
            let outputs = drain(&mut driver.session.borrow_mut());
            driver.perform_all(outputs);
        });
    }

    pub(crate) fn feed(self: &Rc<Self>, input: Input) {
        self.inputs.borrow_mut().push_back(input);
        self.run(|_| ());
    }

    pub(crate) fn stats(&self) -> Stats {
        self.session.borrow().stats()
    }

    /// Runs `first`, then takes inputs until none is left.
    fn run(self: &Rc<Self>, first: impl FnOnce(&Rc<Self>)) {
        if self.has_crashed.get() || self.is_running.replace(true) {
            return;
        }
        let outer = crash::enter(self.clone());
        first(self);
        while let Some(input) = self.next_input() {
            // The clock is JavaScript, too.
            let now = now(&self.app);
            let outputs = {
                let mut session = self.session.borrow_mut();
                session.handle(now, input);
                drain(&mut session)
            };
            self.perform_all(outputs);
        }
        crash::leave(outer);
        self.is_running.set(false);
    }

    fn next_input(&self) -> Option<Input> {
        self.inputs.borrow_mut().pop_front()
    }

    fn perform_all(self: &Rc<Self>, outputs: Vec<Output>) {
        for output in outputs {
            // The app's side never throws by design. If it did, the loop goes on: nothing
            // is lost but this one call.
            let _ = self.perform(output);
        }
    }

    fn perform(self: &Rc<Self>, output: Output) -> Result<(), JsValue> {
        let app = &self.app;
        match output {
            Output::FetchToken(reason) => app.fetch_token(reason_name(reason)),
            Output::Connect(conn) => self.open(conn),
            Output::Write(conn, frame) => app.write_socket(conn.0, values::frame(&frame)),
            Output::Close { conn, code, reason } => app.close_socket(conn.0, code, reason),
            Output::Persist(write, changes) => app.persist(write.0, values::changes(&changes)),
            Output::Deliver(delivery, events) => app.deliver(delivery.0, values::to_js(&events)),
            Output::Emit(event) => app.emit(values::to_js(&event)),
            Output::Answer(call, Ok(reply)) => app.answer(call.0, true, values::to_js(&reply)),
            Output::Answer(call, Err(failure)) => {
                app.answer(call.0, false, values::to_js(&failure))
            }
            Output::WakeAt(at_ms) => app.wake_at(at_ms.map(millis)),
        }
    }

    /// A socket that cannot even be made is one that closed at once.
    fn open(self: &Rc<Self>, conn: ConnId) -> Result<(), JsValue> {
        let opened = self.app.open_socket(conn.0);
        if opened.is_err() {
            self.inputs
                .borrow_mut()
                .push_back(Input::Closed { conn, code: None });
        }
        opened
    }

    /// Called while panicking: the app is told, and stops what there is to stop.
    pub(crate) fn crash(&self, message: &str) {
        if self.has_crashed.replace(true) {
            return;
        }
        let _ = self.app.crashed(message);
    }
}

fn reason_name(reason: TokenReason) -> &'static str {
    match reason {
        TokenReason::Connect => "connect",
        TokenReason::Expired => "expired",
        TokenReason::Refresh => "refresh",
    }
}

fn drain(session: &mut Session) -> Vec<Output> {
    std::iter::from_fn(|| session.poll_output()).collect()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds of a clock are far below 2^53"
)]
fn millis(at_ms: u64) -> f64 {
    at_ms as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clocks give milliseconds far below 2^53; a float saturates"
)]
fn now(app: &App) -> Now {
    Now {
        mono_ms: app.monotonic_ms() as u64,
        unix_ms: js_sys::Date::now() as u64,
    }
}
