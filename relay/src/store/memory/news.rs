//! What other relays wrote.

use seqline_protocol::{KickReason, Seq};

use super::tables::Tables;
use crate::store::{News, SessionNews, SessionNumber, Swept, SweptCrowd};

impl Tables {
    pub(super) fn next_session(&mut self) -> SessionNumber {
        self.sessions += 1;
        SessionNumber(self.sessions)
    }

    pub(super) fn news(&self, sessions: &[Swept], crowds: &[SweptCrowd]) -> News {
        let sessions = sessions.iter().enumerate();
        let crowds = crowds.iter().enumerate();
        News {
            sessions: sessions
                .filter_map(|(at, session)| self.news_of(at, session))
                .collect(),
            crowds: crowds
                .filter_map(|(at, crowd)| {
                    let head = self.conv(&crowd.app, &crowd.conv)?.log_head;
                    (head > crowd.told.get()).then(|| (at, Seq::saturating(head)))
                })
                .collect(),
        }
    }

    fn news_of(&self, at: usize, session: &Swept) -> Option<SessionNews> {
        let key = self.user_key(&session.account)?;
        let user = self.users.get(&key)?;
        let device = self.devices.get(&(key, session.device.as_str().to_owned()));
        let over = device.and_then(|device| {
            let (before, is_ended) = device.newest();
            let reason = if is_ended {
                KickReason::SessionEnded
            } else {
                KickReason::Replaced
            };
            (before > session.number?).then_some((reason, before))
        });
        let is_news = user.head > session.told.get() || over.is_some();
        is_news.then(|| SessionNews {
            at,
            head: Seq::saturating(user.head),
            has_crowds: user.crowds > 0,
            over,
        })
    }
}
