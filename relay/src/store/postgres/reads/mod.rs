//! What is asked. Each answer is one statement, or several that are about what never
//! changes, so that it is one consistent snapshot.

mod conversations;
mod devices;
mod groups;
mod history;
mod news;
mod positions;
mod receipts;
mod search;
mod sent;
mod timelines;

pub(super) use self::{
    conversations::conversations,
    devices::{devices, users},
    groups::{group, members},
    history::history,
    news::news,
    positions::position,
    receipts::receipts,
    search::search,
    sent::sent_as,
    timelines::page,
};
