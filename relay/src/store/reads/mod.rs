//! What is read.

mod conversations;
mod devices;
mod history;
mod news;
mod timelines;

pub use self::{
    conversations::{
        ConvPage, Conversations, ConversationsQuery, Group, GroupQuery, Member, MembersQuery,
        Receipts, ReceiptsQuery,
    },
    devices::{DeviceRow, RelayId, UserState},
    history::{Found, HistoryPage, HistoryQuery, HistoryRange, SearchQuery, SentAs},
    news::{News, SessionNews, Swept, SweptCrowd},
    timelines::{Page, PageQuery, PageRange, Position},
};
