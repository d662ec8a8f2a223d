//! `groups`: some members write, and all who are online receive.

use std::sync::Arc;

use seqline_core::{CallId, ConnectionState, Delivered, Event, Failure, Reply};
use seqline_protocol::{ConvId, Target as To};
use serde::Serialize;
use serde_json::json;

use super::{
    fleet::{self, Gate},
    live_config,
    traffic::{self, Load, Publisher, Writer},
};
use crate::{
    client::App,
    measure::traffic::{Mark, Traffic},
    progress::Progress,
    relay::{Relay, token::Scope},
    report::Run,
};

/// Users that one call invites.
const INVITED_MAX: usize = 100;

/// How many and how large.
#[derive(Debug, Clone, Serialize)]
pub struct Settings {
    /// Groups, each of users of its own.
    pub groups: usize,
    /// Members of each.
    pub members: usize,
    /// Of them, those who are connected.
    pub online: usize,
    /// Of those, the ones who write.
    pub senders: usize,
}

/// Runs it.
///
/// # Errors
/// [`crate::failure::Failure`].
pub async fn run(
    relay: &Relay,
    settings: &Settings,
    load: &Load,
    progress: Progress,
) -> Result<Run, crate::failure::Failure> {
    let lanes = settings.groups * settings.senders;
    let (traffic, answers) = load.traffic(lanes, settings.online);
    let gate = Gate::new();
    let phase = progress.phase("groups", settings.groups as u64);
    for group in 0..settings.groups {
        found(relay, settings, group).await?;
        phase.reached(group as u64 + 1);
    }
    drop(phase);
    let mut clients = Vec::new();
    for group in 0..settings.groups {
        for member in 0..settings.online {
            let app = Member {
                lane: group * settings.senders + member,
                member,
                traffic: Arc::clone(&traffic),
                gate: gate.clone(),
            };
            let n = group * settings.members + member;
            clients.push(relay.client(n, &relay.user(n), live_config(), app));
        }
    }
    fleet::connect(&clients, &gate, progress).await?;
    let mut publishers: Vec<Box<dyn Publisher>> = Vec::new();
    let mut readers = Vec::new();
    for (at, client) in clients.into_iter().enumerate() {
        let (group, member) = (at / settings.online, at % settings.online);
        if member < settings.senders {
            let to = To::Conv(conv(relay, group)?);
            publishers.push(Box::new(Writer { client, to }));
        } else {
            readers.push(client);
        }
    }
    let (outcome, taken) = traffic::drive(
        &publishers,
        (&traffic, answers),
        load,
        relay.processes(),
        progress,
    )
    .await;
    drop(readers);
    let mut run = Run::new("seqline", relay.durability());
    traffic::report(&mut run, &outcome, load.time);
    run.process = taken;
    Ok(run)
}

async fn found(
    relay: &Relay,
    settings: &Settings,
    group: usize,
) -> Result<(), crate::failure::Failure> {
    let conv = conv(relay, group)?;
    let first = group * settings.members;
    let users: Vec<String> = (first..first + settings.members)
        .map(|n| relay.user(n))
        .collect();
    let Some((owner, others)) = users.split_first() else {
        return Ok(());
    };
    let create = json!({ "conv": conv, "title": "Load", "owner": owner });
    relay
        .api
        .call(Scope::Server, "groups.create", &create)
        .await?;
    for some in others.chunks(INVITED_MAX) {
        let invite = json!({ "conv": conv, "users": some });
        relay
            .api
            .call(Scope::Server, "groups.invite", &invite)
            .await?;
    }
    Ok(())
}

fn conv(relay: &Relay, group: usize) -> Result<ConvId, crate::failure::Failure> {
    ConvId::new(format!("group:{}", relay.user(group)))
        .map_err(|error| crate::failure::Failure::Unsuitable(format!("a group's name: {error}")))
}

struct Member {
    /// As one who writes.
    lane: usize,
    member: usize,
    traffic: Arc<Traffic>,
    gate: Gate,
}

impl App for Member {
    fn delivered(&mut self, event: Delivered) {
        // One's own messages come, too.
        if let Delivered::Message { message, .. } = event
            && let Some(mark) = Mark::of(&message.body)
        {
            self.traffic.received(self.member, mark);
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
