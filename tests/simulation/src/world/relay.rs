//! Starts and ends processes of the relay, and takes in what comes out of them.

use std::sync::Arc;

use futures_util::FutureExt as _;
use seqline_protocol::{Epoch, ErrorCode, Micros};
use seqline_relay::{
    limits::{OUTGOING_BYTES_MAX, OUTGOING_FRAMES_MAX},
    store::{
        Actor, BroadcastState, Done, GroupAction, GroupCommand, Op, Store as _, memory::MemoryStore,
    },
};

use super::{Event, World, api};
use crate::{
    clock::UNIX_MS,
    exits::{Committed, Exit, Exits, app_id, user_id},
    model::{Checked, Promise, ensure},
    plan::Plan,
    relay::{RelayProcess, commit_rules},
    store::FaultyStore,
    wire::LineId,
};

/// Frames and bytes that one answer may add to what waits for a slow device.
const BACKLOG_SLACK: usize = 256;

pub(super) fn new_store(plan: &Plan, exits: &Arc<Exits>, seed: u64) -> Arc<FaultyStore> {
    let inner = MemoryStore::new(commit_rules(&plan.setup), epoch(0));
    let commit_ms = plan.setup.commit_ms;
    Arc::new(FaultyStore::new(inner, Arc::clone(exits), commit_ms, seed))
}

/// The numbering after so many changes of it.
pub(super) fn epoch(changes: u32) -> Epoch {
    Epoch::saturating(1_000 + u64::from(changes))
}

impl World<'_> {
    /// The groups and channels that there are from the beginning.
    pub(super) fn found_groups(&mut self) -> Checked {
        let setup = &self.plan.setup;
        let groups = setup.groups.iter().zip(0..);
        let groups = groups.map(|(members, number)| (api::group(number), members));
        let channels = setup.channels.iter().zip(0..);
        let channels = channels.map(|(members, number)| (api::channel(number), members));
        let ops = groups.chain(channels).filter_map(|(conv, members)| {
            let (owner, users) = members.split_first()?;
            Some(Op::Group(GroupCommand {
                actor: Actor::Server(app_id()),
                conv,
                action: GroupAction::Create {
                    owner: Some(user_id(owner.0)),
                    title: String::new(),
                    join: None,
                    users: users.iter().map(|user| user_id(user.0)).collect(),
                },
            }))
        });
        let ops: Vec<Op> = ops.collect();
        if ops.is_empty() {
            return Ok(());
        }
        let at = Micros::saturating(UNIX_MS * 1_000);
        let done = self.store.inner().commit(ops.clone(), at).now_or_never();
        let Some(Ok(commit)) = done else {
            return Ok(());
        };
        self.truth.commit(&Committed {
            ops,
            results: commit.results,
            appends: commit.appends,
            at,
        })
    }

    pub(super) fn start_relay(&mut self) {
        if self.relay.is_some() {
            return;
        }
        if std::mem::take(&mut self.has_new_epoch) {
            self.epochs += 1;
            self.store.faults().epoch = Some(epoch(self.epochs));
        }
        self.starts += 1;
        self.trace.note(b"start", self.now_ms);
        let seed = self.rng.u64(..);
        let relay = RelayProcess::start(&self.plan.setup, &self.outside, self.now_ms, seed);
        self.relay = Some(relay);
    }

    /// The relay's process is gone, with all that it was about to do.
    pub(super) fn kill_relay(&mut self, down_ms: u64) {
        if self.relay.take().is_some() {
            self.trace.note(b"killed", self.now_ms);
            self.calls.clear();
            self.after(down_ms.max(1), Event::RelayStarts);
        }
    }

    /// Whether anything came out.
    pub(super) fn take_exits(&mut self) -> Result<bool, Box<crate::model::Violation>> {
        let mut has_any = false;
        while let Some(exit) = self.exits.pop() {
            has_any = true;
            self.take_exit(exit)?;
        }
        Ok(has_any)
    }

    fn take_exit(&mut self, exit: Exit) -> Checked {
        match exit {
            Exit::Frame(line, frame) => {
                self.count("frames_down");
                self.watch_down(line, &frame)?;
                self.send_down(line, frame);
                Ok(())
            }
            Exit::Closed(line, code) => {
                self.closed_by_relay(line, code);
                Ok(())
            }
            Exit::Dropped(line) => self.dropped_by_relay(line),
            Exit::Committed(commit) => {
                self.trace.note(b"commit", commit.ops.len() as u64);
                self.count("commits");
                for result in &commit.results {
                    match result {
                        Ok(Done::Sent(sent)) if sent.duplicate => self.count("sent_again"),
                        Ok(_) => {}
                        Err(_) => self.count("refused"),
                    }
                }
                self.truth.commit(&commit)
            }
            Exit::Broadcast(row) => {
                self.count(match row.state {
                    _ if row.is_deleted => "broadcast_deleted",
                    BroadcastState::Draft => "broadcast_drafted",
                    BroadcastState::Staged => "broadcast_staged",
                    BroadcastState::Published => "broadcast_published",
                    BroadcastState::Stopped => "broadcast_stopped",
                    BroadcastState::Recalled => "broadcast_recalled",
                });
                self.public.command(&row);
                Ok(())
            }
            Exit::Listed(users) => {
                self.count("allow_list_changed");
                self.public.listed(users);
                Ok(())
            }
            Exit::Aged(before) => {
                if self.truth.aged(before) {
                    self.count("entries_aged_out");
                }
                Ok(())
            }
            Exit::Answered(number, answer) => self.call_answered(number, answer),
            Exit::Crashed { is_done } => {
                self.count(if is_done {
                    "crash_after_commit"
                } else {
                    "crash_before_commit"
                });
                self.kill_relay(self.crash_down_ms);
                Ok(())
            }
        }
    }

    fn closed_by_relay(&mut self, line: LineId, code: ErrorCode) {
        let Some(id) = self.lines.get(&line).copied() else {
            return;
        };
        self.trace.note(code.as_str().as_bytes(), id.0 as u64);
        match code {
            ErrorCode::TokenExpired => self.count("token_expired"),
            ErrorCode::StorageUnavailable => self.count("storage_unavailable"),
            _ => {}
        }
        let (now_ms, latency_ms) = (self.now_ms, self.plan.setup.latency_ms);
        let link = &mut self.links[id.0];
        link.is_closed_by_relay = true;
        if link.down.vanishes || link.cut.is_some() {
            return;
        }
        let at_ms = link.arrives_at_ms(crate::plan::Way::Down, now_ms, latency_ms);
        self.at(at_ms, Event::Ended(id, code.close_code()));
    }

    /// The relay has let go: the device learns it, unless it has learnt more before.
    fn dropped_by_relay(&mut self, line: LineId) -> Checked {
        let Some(id) = self.lines.remove(&line) else {
            return Ok(());
        };
        let (now_ms, latency_ms) = (self.now_ms, self.plan.setup.latency_ms);
        let link = &mut self.links[id.0];
        link.is_left_by_relay = true;
        let waiting = link.line.take().map(|(_, line)| line.backlog_max());
        if !link.down.vanishes && link.cut.is_none() && !link.is_left_by_device {
            let at_ms = link.arrives_at_ms(crate::plan::Way::Down, now_ms, latency_ms);
            self.at(at_ms, Event::Ended(id, None));
        }
        let Some(waiting) = waiting else {
            return Ok(());
        };
        let frames_max = OUTGOING_FRAMES_MAX + BACKLOG_SLACK;
        let bytes_max = 2 * OUTGOING_BYTES_MAX;
        let is_bounded = waiting.frames <= frames_max && waiting.bytes <= bytes_max;
        ensure(is_bounded, Promise::Bounded, || {
            format!("{waiting:?} waited for a slow device")
        })
    }
}
