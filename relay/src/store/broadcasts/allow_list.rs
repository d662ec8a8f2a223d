//! What a change of an allow-list comes to. The same for every backend.

use std::collections::BTreeSet;

use seqline_protocol::{Micros, PubSeq, UserId};
use serde_json::json;

use super::{AllowListChange, AuditRow};
use crate::limits::ALLOW_LIST_MAX;

/// As many are named in the audit trail: it is for people to read.
const NAMED_MAX: usize = 100;

/// An allow-list after a change.
#[derive(Debug)]
pub(in crate::store) struct AllowListChanged {
    /// Who is on it.
    pub(in crate::store) users: BTreeSet<UserId>,
    /// What is added to the audit trail; none if nobody came or went.
    pub(in crate::store) audit: Option<AuditRow>,
}

/// Changes a list; `Err` gives how many users there would be, if they are too many.
/// A change takes the number after `head`.
pub(in crate::store) fn change_allow_list(
    before: &BTreeSet<UserId>,
    operator: &UserId,
    change: AllowListChange,
    head: PubSeq,
    now: Micros,
) -> Result<AllowListChanged, usize> {
    let (action, named) = match &change {
        AllowListChange::Replace(users) => ("allow_list_replace", users.clone()),
        AllowListChange::Add(users) => ("allow_list_add", users.clone()),
        AllowListChange::Remove(users) => ("allow_list_remove", users.clone()),
    };
    let users: BTreeSet<UserId> = match change {
        AllowListChange::Replace(users) => users,
        AllowListChange::Add(users) => before.union(&users).cloned().collect(),
        AllowListChange::Remove(users) => before.difference(&users).cloned().collect(),
    };
    if users.len() > ALLOW_LIST_MAX {
        return Err(users.len());
    }
    if users == *before {
        return Ok(AllowListChanged { users, audit: None });
    }
    let details = json!({
        "users": named.iter().take(NAMED_MAX).collect::<Vec<_>>(),
        "named": named.len(),
        "before": before.len(),
        "after": users.len(),
    });
    let audit = AuditRow {
        id: 0,
        broadcast: None,
        operator: operator.clone(),
        at: now,
        action: action.to_owned(),
        revision: 0,
        pub_seq: Some(head.next()),
        details: details.to_string(),
    };
    Ok(AllowListChanged {
        users,
        audit: Some(audit),
    })
}
