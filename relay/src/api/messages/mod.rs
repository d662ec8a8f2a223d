//! Messages.

mod batch;
mod batch_id;
mod content;
mod delete;
mod edit;
mod list;
mod outgoing;
mod recall;
mod recall_batch;
mod receipts;
mod record;
mod search;
mod send;

pub(super) use self::{
    batch::Batch, delete::Delete, edit::Edit, list::List, recall::Recall,
    recall_batch::RecallBatch, receipts::Receipts, search::Search, send::Send,
};
pub(super) use list::range;
