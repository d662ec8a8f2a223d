//! Whether what is stored is what was committed: in timelines, and in conversations.

use std::sync::Arc;

use futures_util::FutureExt as _;
use seqline_protocol::{ConvId, ConvSeq, Item, Micros, Seq};
use seqline_relay::{
    account::Account,
    store::{Actor, HistoryQuery, HistoryRange, PageQuery, PageRange, Store as _, Timeline},
};

use super::World;
use crate::{
    exits::app_id,
    model::{Checked, Conversation, LogKey, Promise, ensure},
};

impl World<'_> {
    pub(super) fn check_stored(&self) -> Checked {
        for (key, _) in self.truth.logs() {
            self.check_log(key)?;
        }
        for (conv, conversation) in self.truth.conversations() {
            self.check_history(conv, conversation)?;
        }
        Ok(())
    }

    /// The conversation has every message that was not taken back, as it reads now.
    fn check_history(&self, conv: &ConvId, conversation: &Conversation) -> Checked {
        let query = HistoryQuery {
            actor: Actor::Server(app_id()),
            conv: conv.clone(),
            range: HistoryRange::After(ConvSeq::ZERO),
            limit: usize::MAX,
            bytes_max: usize::MAX,
            now: Micros::ZERO,
        };
        let Some(Ok(Some(page))) = self.store.inner().history(query).now_or_never() else {
            return ensure(
                conversation.messages.is_empty(),
                Promise::AcknowledgedMeansStored,
                || format!("{conv} is not stored"),
            );
        };
        let messages = conversation.messages.iter().zip(1..);
        let messages = messages.filter(|(said, _)| !said.is_recalled);
        let expected: Vec<_> = messages
            .map(|(said, at)| (at, said.msg_id, &said.sender, said.bodies.last()))
            .collect();
        let stored: Vec<_> = page
            .messages
            .iter()
            .map(|one| {
                let (at, id) = (one.conv_seq.get(), one.msg_id.get());
                (at, id, &one.sender, Some(&one.body))
            })
            .collect();
        ensure(stored == expected, Promise::AcknowledgedMeansStored, || {
            format!("{conv} is stored as {stored:?}, and was committed as {expected:?}")
        })
    }

    /// What is stored is what was committed.
    fn check_log(&self, key: &LogKey) -> Checked {
        let log = self.truth.log(key);
        let LogKey::User(user) = key else {
            return Ok(());
        };
        let account = Arc::new(Account {
            app: app_id(),
            user: user.clone(),
        });
        let query = PageQuery {
            timeline: Timeline::User(Arc::clone(&account)),
            account,
            range: PageRange::After(Seq::ZERO),
            limit: usize::MAX,
            bytes_max: usize::MAX,
            now: Micros::ZERO,
        };
        let Some(Ok(page)) = self.store.inner().page(query).now_or_never() else {
            return Ok(());
        };
        ensure(page.head.get() == log.head(), Promise::NoHoles, || {
            format!(
                "{key} ends at {}, and is stored up to {}",
                log.head(),
                page.head
            )
        })?;
        let mut due = page
            .entries
            .first()
            .map_or(log.head() + 1, |one| one.seq.get());
        ensure(
            due <= log.floor().max(1),
            Promise::AcknowledgedMeansStored,
            || {
                format!(
                    "{key} begins at {due}, and only what is before {} is old",
                    log.floor()
                )
            },
        )?;
        for entry in &page.entries {
            let seq = entry.seq.get();
            ensure(seq == due, Promise::NoHoles, || {
                format!("{key} has {seq} where {due} should be")
            })?;
            let is_same = match (&entry.item, log.get(seq).map(Arc::as_ref)) {
                (Item::Message(stored), Some(Item::Message(message))) => {
                    stored.msg_id == message.msg_id
                }
                (_, item) => item.is_some(),
            };
            ensure(is_same, Promise::AcknowledgedMeansStored, || {
                format!("{key} has {:?} at {seq}", entry.item)
            })?;
            due += 1;
        }
        ensure(
            due == log.head() + 1,
            Promise::AcknowledgedMeansStored,
            || {
                format!(
                    "{key} is stored up to {}, and ends at {}",
                    due - 1,
                    log.head()
                )
            },
        )
    }
}
