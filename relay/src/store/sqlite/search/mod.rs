//! Search: an index in a file beside the database, filled behind the messages, and asked
//! together with them.
//!
//! The index says which messages contain the words; whether the asker may see them, the
//! messages and her places in conversations say, at the time of asking. So what is not
//! indexed yet is not found yet, and what was taken back is found no more at once.

mod index;
mod query;

pub(super) use self::{
    index::{Indexer, is_ahead},
    query::find,
};
