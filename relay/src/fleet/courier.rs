//! What this relay hears of others.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::Fleet;
use crate::{
    bus::{Heard, Hint, NodeId, Topic},
    frames::Shared,
    store::Timeline,
    traces::{Role, TraceSpan},
};

impl Fleet {
    pub(super) async fn listen(self: Arc<Self>, stop: CancellationToken) {
        loop {
            let heard = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                heard = self.rules.bus.receive() => heard,
            };
            match heard {
                Heard::Hint { from, hint } => {
                    self.counters.hints_heard.add(1);
                    if self.voice.hear(from) {
                        self.rooms.met();
                    }
                    self.heed(from, hint);
                }
                Heard::Gap => {
                    self.counters.bus_gaps.add(1);
                    self.voice.outbox.add(Hint::Hello);
                    self.note_gap();
                }
                Heard::Joined(topics) => self.note_unheard(topics),
            }
        }
    }

    fn heed(&self, from: NodeId, hint: Hint) {
        match hint {
            Hint::Beat => {}
            Hint::Hello => self.voice.outbox.add(Hint::Beat),
            Hint::Bye => {
                self.voice.company.leave(from);
                self.rooms.gone(&[from]);
            }
            Hint::Overflow => self.note_gap(),
            Hint::Grown {
                of,
                head,
                crowds,
                trace,
            } => {
                let account = Arc::new(of);
                let timeline = Timeline::User(Arc::clone(&account));
                let span = self.traces.go_on("wake-up", Role::Consumer, trace);
                let trace = span.as_ref().map(TraceSpan::parent);
                self.hub.grown(&timeline, head, trace);
                if !self.hub.has(&timeline) {
                    self.hub.doubt_interest(Topic::User((*account).clone()));
                } else if crowds {
                    self.note_refollow((*account).clone());
                }
            }
            Hint::CrowdGrown {
                app,
                conv,
                head,
                trace,
            } => {
                let timeline = Timeline::Crowd(app.clone(), conv.clone());
                let span = self.traces.go_on("wake-up", Role::Consumer, trace);
                let trace = span.as_ref().map(TraceSpan::parent);
                if !self.hub.grown(&timeline, head, trace) && !self.hub.has(&timeline) {
                    self.hub.doubt_interest(Topic::Crowd(app, conv));
                }
            }
            Hint::Connected {
                of,
                device,
                platform,
                policy,
                number,
            } => {
                let device = (&device, &platform);
                self.hub.connected_elsewhere(&of, device, policy, number);
            }
            Hint::Ended {
                of,
                device,
                reason,
                number,
            } => {
                self.hub.end_before(&of, device.as_ref(), reason, number);
            }
            Hint::Presence { of } => {
                if !self.presence.look_at(&of) {
                    self.hub.doubt_interest(Topic::Presence(of));
                }
            }
            Hint::Room { app, conv, news } => {
                if !self.rooms.hear(from, &app, &conv, news) {
                    self.hub.doubt_interest(Topic::Room(app, conv));
                }
            }
            Hint::Told { to, frame } => self.hub.relay(&to, &Arc::new(Shared::new(*frame))),
        }
    }
}
