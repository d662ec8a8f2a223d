//! Conversations of a user, and whole conversations for the app's server.

mod clear;
mod export;
mod list;
mod read;

pub use self::export::pages as export_pages;
pub(super) use self::{clear::Clear, export::Export, list::List, read::Read};
