//! What a commit decides, the same for every backend.
//!
//! A commit is: find the rows that its operations are about, decide on them in memory one
//! operation after the other, write those that changed. A backend supplies the first and
//! the last step ([`Transaction`]); everything between knows no SQL.
//!
//! ```text
//!  ops ──▶ wants ──▶ Transaction: names, conversations, members, users, messages
//!                          │ rows
//!                          ▼
//!                      Ledger: one operation after the other, each refused as a whole
//!                          │ Changes
//!                          ▼
//!                    Transaction::write ──▶ commit (the backend's)
//! ```
//!
//! Rows are locked conversations first, then users, each in the order of their keys, so that
//! two commits can wait for each other, but never in a circle.

mod changes;
mod rows;
mod transaction;

pub(in crate::store) use self::{
    changes::{Changes, MemberKey, MessageUpdate},
    rows::{
        AppKey, ConvKey, ConvRow, ConvState, DeviceRecord, Direct, EntryKind, EntryRow, GroupRow,
        MemberRow, MessageRow, Owner, SentRow, UserKey, UserRow,
    },
    transaction::{Create, MembersWanted, Names, Resolved, Transaction},
};
