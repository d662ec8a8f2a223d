//! What each user must see: derived from what the database was asked to do, in its order, by
//! rules that are written down here a second time and share no code with the relay's ledger.

mod broadcasts;
mod conversation;
mod delivery;
mod marks;
mod sends;
mod timeline;
mod truth;
mod verdict;

pub use self::{
    broadcasts::{Held, PublicTruth},
    conversation::Conversation,
    delivery::{AppView, Excuses},
    sends::Drafts,
    timeline::{Log, LogKey},
    truth::Truth,
    verdict::{Checked, Checks, Promise, Violation, ensure, take_checks},
};
