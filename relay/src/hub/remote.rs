//! What other relays do to this one's sessions.

use std::sync::Arc;

use seqline_protocol::{ConvId, DeviceId, KickReason, Label, Seq};

use super::{Hub, Listed, Membership, Sessions};
use crate::{
    account::Account,
    bus::Hint,
    session::DevicePolicy,
    store::{SessionNumber, Swept, Timeline},
    traces::TraceParent,
};

/// Some sessions, in the order in which they came.
#[derive(Debug)]
pub struct SweptPage {
    /// Those that have said hello.
    pub sessions: Vec<Swept>,
    /// More may come after this number; none if these were the last ones.
    pub next: Option<u64>,
}

/// What reading a user's crowds anew came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Refollow {
    /// Her sessions follow what was read.
    Settled,
    /// A session was not open yet: again later.
    Later,
}

impl Hub {
    /// Another relay has committed to a timeline, up to this entry. False if it is no news here.
    pub fn grown(&self, timeline: &Timeline, head: Seq, trace: Option<TraceParent>) -> bool {
        let (conv, mailboxes) = {
            let mut sessions = self.sessions();
            match timeline {
                Timeline::User(account) => match sessions.by_account.get_mut(account) {
                    Some(devices) if devices.told < head => {
                        devices.told = head;
                        let mailboxes = devices.listed.iter();
                        let mailboxes: Vec<_> =
                            mailboxes.map(|one| Arc::clone(&one.mailbox)).collect();
                        (None, mailboxes.into())
                    }
                    _ => return false,
                },
                Timeline::Crowd(_, conv) => match sessions.crowds.told_up_to(timeline) {
                    Some(told) if told < head => {
                        let row = sessions.crowds.told(timeline, head);
                        (Some(conv), row.unwrap_or_default())
                    }
                    _ => return false,
                },
            }
        };
        for mailbox in mailboxes.iter() {
            mailbox.post_missed(conv, head, trace);
        }
        true
    }

    /// Whether anyone is connected for this timeline.
    #[must_use]
    pub fn has(&self, timeline: &Timeline) -> bool {
        let sessions = self.sessions();
        match timeline {
            Timeline::User(account) => sessions.by_account.contains_key(account),
            Timeline::Crowd(..) => sessions.crowds.told_up_to(timeline).is_some(),
        }
    }

    /// Those among the next `looks` sessions that have said hello.
    #[must_use]
    pub fn swept_after(&self, after: Option<u64>, looks: usize) -> SweptPage {
        let sessions = self.sessions();
        let first = after.map_or(0, |after| after + 1);
        let mut looked = 0;
        let mut next = None;
        let mut swept = Vec::new();
        for (key, one) in sessions.by_key.range(first..).take(looks) {
            looked += 1;
            next = Some(*key);
            swept.extend(
                one.account
                    .as_ref()
                    .and_then(|account| sessions.swept(account, *key)),
            );
        }
        SweptPage {
            sessions: swept,
            next: next.filter(|_| looked == looks),
        }
    }

    /// All sessions of these accounts.
    #[must_use]
    pub fn swept_of<'a>(&self, accounts: impl IntoIterator<Item = &'a Account>) -> Vec<Swept> {
        let sessions = self.sessions();
        let mut swept = Vec::new();
        for account in accounts {
            if let Some((account, devices)) = sessions.by_account.get_key_value(account) {
                let listed = devices.listed.iter();
                swept.extend(listed.map(|one| one.swept(account, devices.told)));
            }
        }
        swept
    }

    /// The large conversations that someone is connected for, in their order, each with how far
    /// those were told of it.
    #[must_use]
    pub fn crowds_after(&self, after: Option<&Timeline>, limit: usize) -> Vec<(Timeline, Seq)> {
        self.sessions().crowds.after(after, limit)
    }

    /// How far those who follow a large conversation were told of it; none if no one does.
    #[must_use]
    pub fn crowd_told(&self, timeline: &Timeline) -> Option<Seq> {
        self.sessions().crowds.told_up_to(timeline)
    }

    /// Whether any session of an account follows a large conversation.
    #[must_use]
    pub fn follows_crowds(&self, account: &Account) -> bool {
        let sessions = self.sessions();
        let mut listed = sessions.listed(account).iter();
        listed.any(|session| !session.following.convs().is_empty())
    }

    /// A user's crowds are about to be read anew, because another relay has changed them.
    pub fn begin_refollow(&self, account: &Account) -> Refollow {
        let mut sessions = self.sessions();
        let mut is_later = false;
        for session in sessions.listed_mut(account) {
            is_later |= !session.following.read_anew();
        }
        if is_later {
            Refollow::Later
        } else {
            Refollow::Settled
        }
    }

    /// What was read after [`begin_refollow`](Self::begin_refollow): her crowds, each with the
    /// newest entry of its timeline. What changed here meanwhile is known better.
    pub fn refollow(&self, account: &Account, crowds: &[(ConvId, Seq)]) {
        let convs: Vec<ConvId> = crowds.iter().map(|(conv, _)| conv.clone()).collect();
        let mut joined = Vec::new();
        {
            let mut sessions = self.sessions();
            let mut left = Vec::new();
            for session in sessions.listed_mut(account) {
                let (joins, leaves) = session.following.settle(&convs);
                let mailbox = &session.mailbox;
                let joins = joins.into_iter().cloned();
                joined.extend(joins.map(|conv| (conv, Arc::clone(mailbox))));
                left.extend(leaves.into_iter().map(|conv| (conv, mailbox.key())));
            }
            for (conv, key) in &left {
                sessions.leave_crowd(&account.app, conv, *key);
            }
            for (conv, mailbox) in &joined {
                sessions.join_crowd(&account.app, conv, mailbox);
            }
        }
        self.notice_interest();
        // What was committed before they listened.
        for (conv, mailbox) in joined {
            let head = crowds.iter().find(|(one, _)| *one == conv);
            if let Some((_, head)) = head {
                mailbox.post_missed(Some(&conv), *head, None);
            }
        }
    }

    /// A device has connected to another relay: its sessions here are over, and those that the
    /// policy excludes, if they are older.
    pub fn connected_elsewhere(
        &self,
        account: &Account,
        (device, platform): (&DeviceId, &Label),
        policy: DevicePolicy,
        number: SessionNumber,
    ) {
        let is_older = |one: &Listed| one.number.is_some_and(|own| own < number);
        let mut sessions = self.sessions();
        sessions.end(account, KickReason::Replaced, |one| {
            one.device == *device && is_older(one)
        });
        sessions.end(account, KickReason::DevicePolicy, |one| {
            policy.excludes(platform, &one.platform) && is_older(one)
        });
        drop(sessions);
        self.notice_interest();
    }

    /// Ends sessions of an account before a number: those of one device, or all. How many there
    /// were.
    pub fn end_before(
        &self,
        account: &Account,
        device: Option<&DeviceId>,
        reason: KickReason,
        number: SessionNumber,
    ) -> usize {
        let ended = self.sessions().end(account, reason, |one| {
            device.is_none_or(|device| one.device == *device)
                && one.number.is_some_and(|own| own < number)
        });
        self.notice_interest();
        ended
    }
}

impl Sessions {
    fn swept(&self, account: &Arc<Account>, key: u64) -> Option<Swept> {
        let devices = self.by_account.get(account)?;
        let mut listed = devices.listed.iter();
        let session = listed.find(|one| one.mailbox.key() == key)?;
        Some(session.swept(account, devices.told))
    }
}

impl Listed {
    fn swept(&self, account: &Arc<Account>, told: Seq) -> Swept {
        Swept {
            account: Arc::clone(account),
            device: self.device.clone(),
            number: self.number,
            told,
        }
    }
}

impl Membership {
    /// The session has this number.
    pub fn number(&self, number: SessionNumber) {
        self.with_own(|own| own.number = Some(number));
    }

    /// The session knows its user's timeline up to here. Her other ones may not.
    pub fn located(&self, head: Seq) {
        let Some((account, _)) = &self.listed_as else {
            return;
        };
        let mut others = Vec::new();
        if let Some(devices) = self.hub.sessions().by_account.get_mut(account)
            && devices.told < head
        {
            devices.told = head;
            let listed = devices.listed.iter();
            let listed = listed.filter(|one| one.mailbox.key() != self.mailbox.key());
            others.extend(listed.map(|one| Arc::clone(&one.mailbox)));
        }
        for mailbox in others {
            mailbox.post_missed(None, head, None);
        }
    }

    /// What other relays are told of that.
    #[must_use]
    pub fn connected_hint(&self, number: SessionNumber) -> Option<Hint> {
        let (account, device) = self.listed_as.as_ref()?;
        let sessions = self.hub.sessions();
        let mut listed = sessions.listed(account).iter();
        let own = listed.find(|one| one.mailbox.key() == self.mailbox.key())?;
        Some(Hint::Connected {
            of: (**account).clone(),
            device: device.clone(),
            platform: own.platform.clone(),
            policy: own.policy,
            number,
        })
    }

    fn with_own(&self, change: impl FnOnce(&mut Listed)) {
        if let Some((account, _)) = &self.listed_as {
            let mut sessions = self.hub.sessions();
            let mut listed = sessions.listed_mut(account).iter_mut();
            if let Some(own) = listed.find(|one| one.mailbox.key() == self.mailbox.key()) {
                change(own);
            }
        }
    }
}
