//! `send`: users in pairs, the first writes to the second.

use std::sync::Arc;

use seqline_core::{CallId, ConnectionState, Delivered, Event, Failure, Reply};
use seqline_protocol::{Target as To, UserId};
use serde::Serialize;

use super::{
    fleet::{self, Gate},
    live_config,
    traffic::{self, Load, Publisher, Writer},
};
use crate::{
    client::App,
    measure::traffic::{Mark, Traffic},
    progress::Progress,
    relay::Relay,
    report::Run,
};

/// What is sent.
#[derive(Debug, Clone, Serialize)]
pub struct Settings {
    /// Pairs of users.
    pub pairs: usize,
}

/// Runs it against a relay.
///
/// # Errors
/// [`crate::failure::Failure`].
pub async fn run(
    relay: &Relay,
    settings: &Settings,
    load: &Load,
    progress: Progress,
) -> Result<Run, crate::failure::Failure> {
    let (traffic, answers) = load.traffic(settings.pairs, 1);
    let gate = Gate::new();
    let mut clients = Vec::new();
    for n in 0..2 * settings.pairs {
        let app = Member {
            lane: n / 2,
            traffic: Arc::clone(&traffic),
            gate: gate.clone(),
        };
        clients.push(relay.client(n, &relay.user(n), live_config(), app));
    }
    fleet::connect(&clients, &gate, progress).await?;
    let mut publishers: Vec<Box<dyn Publisher>> = Vec::new();
    let mut receivers = Vec::new();
    let mut clients = clients.into_iter();
    while let (Some(client), Some(receiver)) = (clients.next(), clients.next()) {
        let to = relay.user(2 * publishers.len() + 1);
        let to = To::User(UserId::new(to).map_err(|error| {
            crate::failure::Failure::Unsuitable(format!("a user's name: {error}"))
        })?);
        publishers.push(Box::new(Writer { client, to }));
        receivers.push(receiver);
    }
    let (outcome, taken) = traffic::drive(
        &publishers,
        (&traffic, answers),
        load,
        relay.processes(),
        progress,
    )
    .await;
    let mut run = Run::new("seqline", relay.durability());
    traffic::report(&mut run, &outcome, load.time);
    run.process = taken;
    Ok(run)
}

/// One of a pair.
struct Member {
    lane: usize,
    traffic: Arc<Traffic>,
    gate: Gate,
}

impl App for Member {
    fn delivered(&mut self, event: Delivered) {
        if let Delivered::Message {
            message,
            own: false,
            ..
        } = event
            && let Some(mark) = Mark::of(&message.body)
        {
            self.traffic.received(0, mark);
        }
    }

    fn answered(&mut self, call: CallId, result: Result<Reply, Failure>) {
        traffic::answer(&self.traffic, self.lane, call, result);
    }

    fn told(&mut self, event: Event) {
        if let Event::State(ConnectionState::Connected { .. }) = event {
            self.gate.pass();
        }
    }
}
