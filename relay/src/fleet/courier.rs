//! What this relay hears of others.

use std::sync::{Arc, atomic::Ordering};

use tokio_util::sync::CancellationToken;

use super::{Fleet, SILENT_INTERVALS};
use crate::{
    bus::{Heard, Hint, Topic},
    frames::Shared,
    store::Timeline,
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
                Heard::Hint { hint, .. } => {
                    self.counters.hints_heard.add(1);
                    self.note_company();
                    self.heed(hint);
                }
                Heard::Gap => {
                    self.counters.bus_gaps.add(1);
                    self.outbox.add(Hint::Hello);
                    self.note_gap();
                }
                Heard::Joined(topics) => self.note_unheard(topics),
            }
        }
    }

    /// Another relay is there.
    fn note_company(&self) {
        let silence = self.rules.sweep_interval * SILENT_INTERVALS;
        let silence_ms = u64::try_from(silence.as_millis()).unwrap_or(u64::MAX);
        let until_ms = self.uptime_ms().saturating_add(silence_ms);
        self.company_until_ms.store(until_ms, Ordering::Relaxed);
    }

    fn heed(&self, hint: Hint) {
        match hint {
            Hint::Beat => {}
            Hint::Hello => self.outbox.add(Hint::Beat),
            Hint::Overflow => self.note_gap(),
            Hint::Grown { of, head, crowds } => {
                let account = Arc::new(of);
                let timeline = Timeline::User(Arc::clone(&account));
                self.hub.grown(&timeline, head);
                if !self.hub.has(&timeline) {
                    self.hub.doubt_interest(Topic::User((*account).clone()));
                } else if crowds {
                    self.note_refollow((*account).clone());
                }
            }
            Hint::CrowdGrown { app, conv, head } => {
                let timeline = Timeline::Crowd(app.clone(), conv.clone());
                if !self.hub.grown(&timeline, head) && !self.hub.has(&timeline) {
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
            Hint::Told { to, frame } => self.hub.relay(&to, &Arc::new(Shared::new(*frame))),
        }
    }
}
