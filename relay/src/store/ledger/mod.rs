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
mod deletes;
mod devices;
mod edits;
mod fanout;
mod groups;
#[expect(
    clippy::module_inception,
    reason = "the rows in memory are what the folder is about"
)]
mod ledger;
mod load;
mod marks;
mod membership;
mod names;
mod recalls;
mod receipts;
mod rows;
mod run;
mod seen;
mod sends;
mod standing;
mod transaction;

pub(in crate::store) use self::{
    changes::{Changes, MemberKey, MessageUpdate},
    marks::own_messages,
    rows::{
        AppKey, ConvKey, ConvRow, ConvState, DeviceRecord, Direct, EndedSessions, EntryKind,
        EntryRow, GroupRow, MemberRow, MessageRow, Owner, SeenKey, SeenRow, SentRow, UserKey,
        UserRow,
    },
    run::run,
    transaction::{Create, MembersWanted, Names, Resolved, SentInSessions, Transaction},
};
