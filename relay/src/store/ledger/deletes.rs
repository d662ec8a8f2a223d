//! Messages that a user no longer wants to see. Others keep them.

use std::sync::Arc;

use seqline_protocol::Item;

use super::{
    EntryKind,
    fanout::News,
    ledger::{Hidden, Ledger},
    names::OpKeys,
};
use crate::store::{Actor, Delete, Done, OpResult, Refusal};

impl Ledger<'_> {
    pub(super) fn delete(&mut self, delete: &Delete, keys: OpKeys<'_>) -> OpResult {
        let actor = Actor::User(Arc::clone(&delete.account));
        let (conv, _) = self.standing(&actor, &delete.conv, keys)?;
        let user = keys.user.ok_or(Refusal::ConversationUnknown)?;
        let at = delete.conv_seq.get();
        self.seen_message(conv, at, keys)?;
        let hidden = self.hidden.entry(((conv, user), at)).or_insert(Hidden::Not);
        if *hidden != Hidden::Not {
            return Ok(Done::Applied);
        }
        *hidden = Hidden::Now;
        let item = Item::Delete {
            conv: delete.conv.clone(),
            conv_seq: delete.conv_seq,
        };
        let news = News {
            conv_seq: at,
            ..News::new(EntryKind::Delete, conv, item)
        };
        self.tell(user, &news);
        Ok(Done::Applied)
    }
}
