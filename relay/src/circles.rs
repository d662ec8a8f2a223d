//! Who belongs to small groups, for what is told at once and never stored: typing.
//!
//! It is read from the store, and remembered for a few seconds. Groups of more than
//! [`CIRCLE_MEMBERS_MAX`] have no such thing: what hundreds of people type is of no use
//! to anyone, and would cost as much as their messages.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use seqline_protocol::{ConvId, ErrorCode, UserId};

use crate::{
    account::Account,
    api::ApiError,
    clock::Clock,
    fleet::Fleet,
    frames::Shared,
    index::Index,
    limits::{CIRCLE_MEMBERS_MAX, CIRCLE_TTL_MS, CIRCLES_MAX},
    store::{Actor, GroupQuery, MembersQuery, Refusal, Store, Timeline},
};

/// The small groups of which someone was told lately.
pub struct Circles {
    fleet: Arc<Fleet>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    known: Mutex<Index<Timeline, Circle>>,
}

#[derive(Clone)]
struct Circle {
    read: Duration,
    /// None if there are too many.
    members: Option<Arc<[UserId]>>,
}

impl Circles {
    /// None known yet.
    #[must_use]
    pub fn new(fleet: Arc<Fleet>, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self {
            fleet,
            store,
            clock,
            known: Mutex::default(),
        }
    }

    /// Hands something best-effort to the connected members of a group, its sender's own
    /// devices left out.
    ///
    /// # Errors
    /// [`ErrorCode::ConversationUnknown`] if the sender does not belong to it,
    /// [`ErrorCode::NotAllowed`] if it is too large, or the store's.
    pub async fn relay(
        &self,
        from: &Arc<Account>,
        conv: &ConvId,
        frame: &Arc<Shared>,
    ) -> Result<(), ApiError> {
        let Some(members) = self.members(from, conv).await? else {
            let text = format!(
                "`ephemeral` reaches conversations of at most {CIRCLE_MEMBERS_MAX} members"
            );
            return Err(ApiError::new(ErrorCode::NotAllowed, text));
        };
        if !members.contains(&from.user) {
            return Err(Refusal::ConversationUnknown.into());
        }
        for member in members.iter().filter(|member| **member != from.user) {
            self.fleet.relay(&from.sibling(member.clone()), frame);
        }
        Ok(())
    }

    async fn members(
        &self,
        from: &Arc<Account>,
        conv: &ConvId,
    ) -> Result<Option<Arc<[UserId]>>, ApiError> {
        // The same name as its timeline, should it have one.
        let name = Timeline::Crowd(from.app.clone(), conv.clone());
        let now = self.clock.now().uptime;
        let known = self.known().get(&name).cloned();
        if let Some(circle) = known
            && now < circle.read + Duration::from_millis(CIRCLE_TTL_MS)
        {
            return Ok(circle.members);
        }
        let query = MembersQuery {
            group: GroupQuery {
                actor: Actor::User(Arc::clone(from)),
                conv: conv.clone(),
            },
            after: None,
            limit: CIRCLE_MEMBERS_MAX + 1,
        };
        let rows = self.store.members(query).await?;
        let rows = rows.ok_or(Refusal::ConversationUnknown)?;
        let is_small = rows.len() <= CIRCLE_MEMBERS_MAX;
        let members = is_small.then(|| rows.into_iter().map(|row| row.user).collect());
        let circle = Circle { read: now, members };
        let mut all = self.known();
        if all.len() >= CIRCLES_MAX {
            all.clear();
        }
        all.insert(name, circle.clone());
        Ok(circle.members)
    }

    fn known(&self) -> MutexGuard<'_, Index<Timeline, Circle>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
