//! What hints did not tell: compared with the database, again and again.

use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError, atomic::Ordering},
    time::Duration,
};

use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::Fleet;
use crate::{
    account::Account,
    bus::Topic,
    hub::Refollow,
    limits::{BUS_TOPICS_MAX, SWEEP_STEP_SESSIONS},
    store::{StoreError, Swept, SweptCrowd, Timeline},
};

/// Sweeps because of lost hints are spread over so long, or a quarter of the interval.
const GAP_JITTER: Duration = Duration::from_millis(500);

impl Fleet {
    pub(super) async fn sweep(self: Arc<Self>, stop: CancellationToken) {
        let sweeping = async {
            let mut next = Instant::now() + self.next_interval();
            loop {
                tokio::select! {
                    biased;
                    () = self.sweeper_bell.notified() => {}
                    () = sleep_until(next) => {}
                }
                self.refollow_waiting().await;
                self.sweep_unheard().await;
                if self.is_gap.swap(false, Ordering::AcqRel) {
                    self.presence.look_at_all();
                    // All relays may have lost the same hints: they do not ask at once.
                    sleep(self.jitter(GAP_JITTER.min(self.rules.sweep_interval / 4))).await;
                } else if Instant::now() < next {
                    continue;
                }
                self.presence.look_at_some();
                self.sweep_all().await;
                next = Instant::now() + self.next_interval();
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            () = sweeping => {}
        }
    }

    /// Nothing is known of these before they were heard of.
    pub(super) fn note_unheard(&self, mut topics: Vec<Topic>) {
        topics.retain(|topic| match topic {
            Topic::Presence(account) => {
                self.presence.look_at(account);
                false
            }
            Topic::Room(app, conv) => {
                self.rooms.followed(app, conv);
                false
            }
            Topic::All | Topic::User(_) | Topic::Crowd(..) => true,
        });
        let is_full = {
            let mut unheard = self.unheard.lock().unwrap_or_else(PoisonError::into_inner);
            let is_full = unheard.len() + topics.len() > BUS_TOPICS_MAX;
            if !is_full {
                unheard.extend(topics);
            }
            is_full
        };
        if is_full {
            self.note_gap();
        } else {
            self.sweeper_bell.notify_one();
        }
    }

    async fn sweep_unheard(&self) {
        let unheard = {
            let mut unheard = self.unheard.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *unheard)
        };
        let mut topics = unheard.into_iter().peekable();
        while topics.peek().is_some() {
            let mut accounts = Vec::new();
            let mut crowds = Vec::new();
            for topic in topics.by_ref().take(SWEEP_STEP_SESSIONS) {
                match topic {
                    Topic::User(account) => accounts.push(account),
                    Topic::Crowd(app, conv) => crowds.push(Timeline::Crowd(app, conv)),
                    Topic::All | Topic::Presence(_) | Topic::Room(..) => {}
                }
            }
            let sessions = self.hub.swept_of(&accounts);
            let crowds = crowds.into_iter().filter_map(|timeline| {
                let told = self.hub.crowd_told(&timeline)?;
                Some((timeline, told))
            });
            let crowds: Vec<_> = crowds.collect();
            for sessions in sessions.chunks(SWEEP_STEP_SESSIONS) {
                self.log(self.compare(sessions, &[]).await);
            }
            self.log(self.compare(&[], &crowds).await);
        }
    }

    async fn sweep_all(&self) {
        match self.try_sweep_all().await {
            Ok(()) => self.counters.sweeps.add(1),
            failed => self.log(failed),
        }
    }

    async fn try_sweep_all(&self) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = self.hub.swept_after(after, SWEEP_STEP_SESSIONS);
            self.compare(&page.sessions, &[]).await?;
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let mut after: Option<Timeline> = None;
        loop {
            let crowds = self.hub.crowds_after(after.as_ref(), SWEEP_STEP_SESSIONS);
            self.compare(&[], &crowds).await?;
            if crowds.len() < SWEEP_STEP_SESSIONS {
                return Ok(());
            }
            after = crowds.into_iter().next_back().map(|(timeline, _)| timeline);
        }
    }

    /// Tells sessions what they do not know, and ends those that are over.
    async fn compare(
        &self,
        sessions: &[Swept],
        crowds: &[(Timeline, seqline_protocol::Seq)],
    ) -> Result<(), StoreError> {
        let swept = crowds.iter().filter_map(|(timeline, told)| match timeline {
            Timeline::Crowd(app, conv) => Some(SweptCrowd {
                app: app.clone(),
                conv: conv.clone(),
                told: *told,
            }),
            Timeline::User(_) => None,
        });
        let swept: Vec<_> = swept.collect();
        if sessions.is_empty() && swept.is_empty() {
            return Ok(());
        }
        let news = self.store.news(sessions, &swept).await?;
        let mut refollow: BTreeSet<Account> = BTreeSet::new();
        for one in news.sessions {
            let Some(session) = sessions.get(one.at) else {
                continue;
            };
            if let Some((reason, before)) = one.over {
                let device = Some(&session.device);
                self.hub
                    .end_before(&session.account, device, reason, before);
            }
            let timeline = Timeline::User(Arc::clone(&session.account));
            if one.head > session.told && self.hub.grown(&timeline, one.head, None) {
                self.counters.sweep_finds.add(1);
                // What it was is not known: it may have been that she joined or left one.
                if one.has_crowds || self.hub.follows_crowds(&session.account) {
                    refollow.insert((*session.account).clone());
                }
            }
        }
        for (at, head) in news.crowds {
            if let Some((timeline, _)) = crowds.get(at)
                && self.hub.grown(timeline, head, None)
            {
                self.counters.sweep_finds.add(1);
            }
        }
        for account in refollow {
            self.refollow(&account).await?;
        }
        Ok(())
    }

    async fn refollow_waiting(&self) {
        let waiting = {
            let mut waiting = self.refollow.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *waiting)
        };
        for account in waiting {
            self.log(self.refollow(&account).await);
        }
    }

    /// Reads anew which large conversations a user belongs to.
    async fn refollow(&self, account: &Account) -> Result<(), StoreError> {
        let settled = self.hub.begin_refollow(account);
        let read = self.store.position(account).await;
        let read = read.inspect_err(|_| self.again_later(account))?;
        let crowds: Vec<_> = read
            .crowds
            .into_iter()
            .map(|crowd| (crowd.conv, crowd.head))
            .collect();
        self.hub.refollow(account, &crowds);
        if settled == Refollow::Later {
            self.again_later(account);
        }
        Ok(())
    }

    /// With the next sweep, which is not rung for.
    fn again_later(&self, account: &Account) {
        let mut waiting = self.refollow.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.insert(account.clone());
    }

    fn log(&self, result: Result<(), StoreError>) {
        if let Err(error) = result {
            self.counters.sweeps_failed.add(1);
            tracing::warn!(%error, "could not look for what other relays wrote");
        }
    }

    /// Give or take a tenth, so that relays do not ask at once.
    fn next_interval(&self) -> Duration {
        let interval = self.rules.sweep_interval;
        interval - interval / 10 + self.jitter(interval / 5)
    }

    fn jitter(&self, up_to: Duration) -> Duration {
        let bound_us = u64::try_from(up_to.as_micros()).unwrap_or(u64::MAX).max(1);
        Duration::from_micros(self.entropy.number() % bound_us)
    }
}
