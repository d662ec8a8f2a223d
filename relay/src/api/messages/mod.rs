//! Messages.

mod batch;
mod content;
mod delete;
mod edit;
mod list;
mod outgoing;
mod recall;
mod receipts;
mod record;
mod search;
mod send;

pub(super) use self::{
    batch::Batch, delete::Delete, edit::Edit, list::List, recall::Recall, receipts::Receipts,
    search::Search, send::Send,
};
pub(super) use list::range;
