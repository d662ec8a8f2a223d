//! Moves bytes, timers and store calls between the world and a [`Session`], and decides
//! nothing.

mod departure;
mod traced;

use std::{collections::VecDeque, future::pending, pin::Pin, sync::Arc, time::Duration};

use futures_util::{
    future::BoxFuture,
    stream::{FuturesUnordered, StreamExt as _},
};
use seqline_protocol::{ErrorCode, RequestId};
use tokio::time::{Instant, Sleep, sleep, sleep_until, timeout};

use self::{departure::note_disconnected, traced::Traced};
use crate::{
    account::Account,
    api::{self, Authority, Caller, Place},
    app::App,
    broadcasts::Viewer,
    check::Check,
    hub::Membership,
    limits::{CLOSE_WAIT_MS, SHRINK_AFTER_MS},
    session::{Answer, Effect, Event, Query, Session},
    store::{Disconnected, Send, StoreError},
    traces::within,
    wire::{Incoming, Wire},
    writer::{Full, Lane, Submission},
};

/// One connection's task.
pub struct Connection<W: Wire> {
    app: Arc<App>,
    wire: W,
    session: Session,
    membership: Membership,
    lane: Arc<Lane>,
    /// What the session asked to read, under way.
    reading: Option<BoxFuture<'static, Event>>,
    /// What found the writer's queue full, the first one waiting for room.
    submitting: Option<BoxFuture<'static, bool>>,
    unsubmitted: VecDeque<Submission>,
    /// The message that the app's server is being asked about.
    checking: Option<BoxFuture<'static, Event>>,
    /// Traces of messages that this connection brings and hands over.
    traced: Traced,
    /// Calls and the like under way; none before the first one, since most sessions make none.
    calls: Option<FuturesUnordered<BoxFuture<'static, Event>>>,
    alarm: Pin<Box<Sleep>>,
    /// The step before took mail.
    had_mail: bool,
    /// Nothing has happened since memory was given back.
    is_shrunk: bool,
    /// What came while the session waited for its turn.
    read_ahead: Option<Event>,
    closing: Option<ErrorCode>,
}

impl<W: Wire> Connection<W> {
    /// A connection on which nothing was said yet.
    pub fn new(app: Arc<App>, wire: W, membership: Membership) -> Self {
        let id = format!("{:016x}", app.entropy.number());
        let mut session = Session::new(
            Arc::clone(&app.rules),
            app.check.clone(),
            id,
            app.clock.now(),
        );
        session.came_from(membership.address());
        if !W::SHOWS_SILENCE {
            session.keep_heartbeat();
        }
        Self {
            wire,
            session,
            lane: Lane::new(Arc::clone(membership.mailbox())),
            membership,
            reading: None,
            submitting: None,
            unsubmitted: VecDeque::new(),
            checking: None,
            traced: Traced::new(app.traces.clone()),
            calls: None,
            alarm: Box::pin(sleep(Duration::ZERO)),
            had_mail: false,
            is_shrunk: false,
            read_ahead: None,
            closing: None,
            app,
        }
    }

    /// Runs until one side ends it.
    pub fn run(self) -> impl Future<Output = ()> + std::marker::Send {
        // A future would hold it twice: as what it was given, and as what it works with.
        let mut connection = Box::new(self);
        async move { connection.run_to_end().await }
    }

    async fn run_to_end(&mut self) {
        while self.closing.is_none() && self.step().await {
            self.cause_effects();
        }
        if let Some(code) = self.closing {
            tracing::debug!(session = self.session.id(), %code, "closing");
            let wait = Duration::from_millis(CLOSE_WAIT_MS);
            let _ = timeout(wait, self.wire.close(code)).await;
        }
    }

    /// Waits for one thing, and feeds it to the session. False once the wire has ended.
    async fn step(&mut self) -> bool {
        self.set_alarm();
        self.session.set_backlog(self.wire.backlog());
        let wants_input = self.session.wants_input() && self.submitting.is_none();
        if wants_input && let Some(event) = self.read_ahead.take() {
            self.feed(event);
            return true;
        }
        // One frame ahead, to notice who hangs up while it waits for its turn.
        let reads_ahead = self.session.is_in_line() && self.read_ahead.is_none();
        let may_read = wants_input || reads_ahead;
        let had_mail = std::mem::take(&mut self.had_mail);
        // In a fixed order, so that simulations repeat. Only the wire and the mailbox can have
        // something at every step: they take turns.
        tokio::select! {
            biased;
            () = &mut self.alarm => {
                self.shrink();
                self.feed(Event::Tick);
                return true;
            }
            event = or_pending(&mut self.reading) => {
                self.reading = None;
                match &event {
                    Event::Opened(Ok(position)) => self.membership.located(position.head),
                    // The client is told that storage failed; the relay's log says how.
                    Event::Opened(Err(error)) | Event::Answered(Err(error)) => {
                        tracing::error!(session = self.session.id(), %error, "a read failed");
                    }
                    _ => {}
                }
                self.feed(event);
            }
            event = or_pending(&mut self.checking) => {
                self.checking = None;
                if matches!(event, Event::Checked(Err(_))) {
                    self.traced.refused();
                }
                self.feed(event);
            }
            has_room = or_pending(&mut self.submitting) => {
                self.submitting = None;
                if !has_room {
                    self.feed(Event::Committed(Err(writer_ended())));
                }
                self.submit_waiting();
            }
            event = called(&mut self.calls) => self.feed(event),
            () = self.membership.mailbox().filled(), if !had_mail => self.take_mail(),
            incoming = self.wire.next(may_read) => match incoming {
                Incoming::Event(event) if reads_ahead && !matches!(event, Event::Control) => {
                    self.read_ahead = Some(event);
                }
                Incoming::Event(event) => self.feed(event),
                Incoming::Progress => {}
                Incoming::Ended => return false,
            },
            () = self.membership.mailbox().filled() => self.take_mail(),
        }
        self.is_shrunk = false;
        true
    }

    /// Gives back memory that is not needed while nothing happens. The alarm rings a while
    /// after something did; on a busy connection now and then.
    fn shrink(&mut self) {
        self.is_shrunk = true;
        self.session.shrink();
        self.wire.shrink();
        self.unsubmitted.shrink_to_fit();
        self.calls.take_if(|calls| calls.is_empty());
    }

    fn take_mail(&mut self) {
        self.had_mail = true;
        for mail in self.membership.mailbox().take() {
            let handing = self.traced.begin_handing(&mail);
            self.feed(mail);
            self.traced.end_handing(handing);
        }
    }

    fn feed(&mut self, event: Event) {
        self.session.set_backlog(self.wire.backlog());
        self.session.handle(self.app.clock.now(), event);
        self.cause_effects();
    }

    fn cause_effects(&mut self) {
        while let Some(effect) = self.session.poll_effect() {
            match effect {
                Effect::Write(frame) => self.wire.queue(frame),
                Effect::Close(code) => {
                    self.app.counters.closes.add(code);
                    if code == ErrorCode::Kicked {
                        self.app.counters.kicks.add(1);
                    }
                    self.closing = Some(code);
                }
                Effect::CountPull => {
                    self.app.counters.pulls.add(1);
                    self.app.counters.pulls_from_memory.add(1);
                }
                Effect::Count(code) => {
                    self.app.counters.refused(code);
                    tracing::debug!(session = self.session.id(), %code, "refused");
                }
                Effect::Observe(observation) => {
                    self.traced.observed(observation);
                    self.app.counters.observed(observation);
                }
                Effect::Relay { to, frame } => self.app.fleet.relay(&to, &frame),
                Effect::RelayToGroup { from, conv, frame } => {
                    let circles = Arc::clone(&self.app.circles);
                    self.run_beside(async move {
                        Event::Relayed(circles.relay(&from, &conv, &frame).await)
                    });
                }
                Effect::Comment {
                    account,
                    conv,
                    kind,
                    body,
                    priority,
                } => {
                    let mailbox = self.membership.mailbox();
                    let rooms = &self.app.rooms;
                    let result = rooms.send(&account, mailbox, &conv, kind, body, priority);
                    self.feed(Event::Relayed(result));
                }
                Effect::Submit(op) => {
                    let span = self.traced.submitted(&op);
                    self.unsubmitted.push_back(Submission { op, span });
                    self.submit_waiting();
                }
                Effect::Follow(convs) => self.membership.follow(&convs),
                Effect::Locate(account) => self.locate(account),
                Effect::Check(send) => {
                    if let Some(check) = self.app.check.clone() {
                        let parent = self.traced.checked(&send);
                        self.checking = Some(Box::pin(within(parent, ask(check, send))));
                    }
                }
                Effect::Call {
                    account,
                    viewer,
                    req,
                    method,
                    params,
                } => self.call((account, viewer), req, method, params),
                Effect::Read(query) => {
                    if matches!(query, Query::Page(_)) {
                        self.app.counters.pulls.add(1);
                    }
                    let span = self.traced.pulled(&query);
                    let reading = read(Arc::clone(&self.app), query);
                    self.reading = Some(Box::pin(async move {
                        let answered = reading.await;
                        drop(span);
                        answered
                    }));
                }
                Effect::Admit => match self.app.logins.try_enter() {
                    Some(admitted) => self.feed(Event::Admitted(Ok(admitted))),
                    None => {
                        let turn = Arc::clone(&self.app.logins).enter();
                        self.reading = Some(Box::pin(async { Event::Admitted(turn.await) }));
                    }
                },
                Effect::Open {
                    account,
                    device,
                    platform,
                    policy,
                } => {
                    tracing::debug!(session = self.session.id(), %account, %device, "hello");
                    let count_max = self.app.traffic.rules().sessions_per_user_max;
                    if !self.membership.has_room(&account, &device, count_max) {
                        self.feed(Event::Crowded);
                        continue;
                    }
                    // Listed first: a commit from now on is told, one before is in what is read.
                    self.membership
                        .list(Arc::clone(&account), device, platform, policy);
                    self.app.counters.hellos.add(1);
                    self.app.presence.changed(&account);
                    if self.app.rules.is_shared {
                        self.number();
                    } else {
                        self.locate(account);
                    }
                }
                Effect::Number(number) => {
                    self.membership.number(number);
                    self.app.fleet.connected(&self.membership, number);
                }
            }
        }
    }

    fn number(&mut self) {
        let store = Arc::clone(&self.app.store);
        let session = self.session.id().to_owned();
        self.reading = Some(Box::pin(async move {
            let number = store.session_number().await;
            Event::Numbered(number.inspect_err(|error| {
                tracing::error!(%session, %error, "a session could not be numbered");
            }))
        }));
    }

    fn locate(&mut self, account: Arc<Account>) {
        let store = Arc::clone(&self.app.store);
        self.reading = Some(Box::pin(async move {
            Event::Opened(store.position(&account).await)
        }));
    }

    fn call(
        &mut self,
        (account, viewer): (Arc<Account>, Arc<Viewer>),
        req: RequestId,
        method: String,
        params: String,
    ) {
        let Some(device) = self.membership.device().cloned() else {
            return;
        };
        let app = Arc::clone(&self.app);
        let caller = Caller {
            authority: Authority::User(account),
            place: Place::Socket {
                device,
                mailbox: Arc::clone(self.membership.mailbox()),
                viewer,
            },
        };
        self.run_beside(async move {
            let result = api::call(&app, &caller, &method, &params).await;
            Event::Called { req, result }
        });
    }

    fn run_beside(&mut self, task: impl Future<Output = Event> + std::marker::Send + 'static) {
        self.calls.get_or_insert_default().push(Box::pin(task));
    }

    fn submit_waiting(&mut self) {
        while self.submitting.is_none()
            && let Some(next) = self.unsubmitted.pop_front()
        {
            match self.app.writer.try_submit(next, &self.lane) {
                Ok(()) => {}
                Err(Full::Full(next)) => {
                    let writer = self.app.writer.clone();
                    let lane = Arc::clone(&self.lane);
                    self.submitting =
                        Some(Box::pin(async move { writer.submit(next, lane).await }));
                }
                Err(Full::Closed) => self.feed(Event::Committed(Err(writer_ended()))),
            }
        }
    }

    /// Moves the alarm only to an earlier time; one that rings too early does nothing.
    fn set_alarm(&mut self) {
        let mut wait = self.session.wait(self.app.clock.now());
        if !self.is_shrunk {
            let shrink_in = Duration::from_millis(SHRINK_AFTER_MS);
            wait = Some(wait.map_or(shrink_in, |wait| wait.min(shrink_in)));
        }
        let has_rung = self.alarm.is_elapsed();
        match wait {
            Some(wait) => {
                let at = Instant::now() + wait;
                if has_rung || at < self.alarm.deadline() {
                    self.alarm.as_mut().reset(at);
                }
            }
            None if has_rung => self.alarm.set(sleep_until(far_future())),
            None => {}
        }
    }
}

/// Also when the task panicked: others learn that the device is gone.
impl<W: Wire> Drop for Connection<W> {
    fn drop(&mut self) {
        let app = &self.app;
        app.rooms.forget(self.membership.mailbox());
        app.presence.forget(self.membership.mailbox());
        if let Some((account, device)) = self.membership.leave() {
            app.presence.changed(&account);
            let number = self.session.number();
            let gone = Disconnected {
                account,
                device,
                number,
            };
            note_disconnected(app, gone);
        }
    }
}

fn far_future() -> Instant {
    Instant::now() + Duration::from_secs(24 * 3600)
}

async fn or_pending<T>(future: &mut Option<BoxFuture<'static, T>>) -> T {
    match future {
        Some(future) => future.await,
        None => pending().await,
    }
}

/// The next call that has ended.
async fn called(calls: &mut Option<FuturesUnordered<BoxFuture<'static, Event>>>) -> Event {
    match calls {
        Some(calls) if !calls.is_empty() => match calls.next().await {
            Some(event) => event,
            None => pending().await,
        },
        _ => pending().await,
    }
}

async fn ask(check: Arc<dyn Check>, send: Send) -> Event {
    Event::Checked(check.ask(send).await.map(Box::new))
}

fn writer_ended() -> StoreError {
    StoreError::Failed("the writer has ended".to_owned())
}

async fn read(app: Arc<App>, query: Query) -> Event {
    let store = &app.store;
    let began = app.clock.now().uptime;
    let answer = match query {
        Query::Attributes(account) => {
            app.public.look_up(&account).await;
            Ok(Answer::Attributes)
        }
        Query::Page(query) => store.page(query).await.map(Answer::Page),
        Query::History(query) => store.history(query).await.map(Answer::History),
        Query::Conversations(query) => {
            let rows = store.conversations(query).await;
            rows.map(Answer::Conversations)
        }
    };
    if !matches!(answer, Ok(Answer::Attributes)) {
        let took = app.clock.now().uptime.saturating_sub(began);
        app.counters.read_times.observe(took);
    }
    Event::Answered(answer)
}
