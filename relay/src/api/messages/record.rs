//! A message with everything that is known of it from where its reader stands.

use schemars::JsonSchema;
use seqline_protocol::{AppId, ConvKind, ConvSeq, Message, UserId};
use serde::Serialize;

use crate::store::Actor;

/// A message, and what it is to who asks.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Record {
    #[serde(flatten)]
    message: Message,
    /// The app.
    app: AppId,
    /// To whom it was sent; in direct conversations only.
    #[serde(skip_serializing_if = "Option::is_none")]
    receiver: Option<UserId>,
    /// The other user, from where the asking one stands; in direct conversations only,
    /// and not for the app's server.
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<UserId>,
    /// What kind of conversation it is in.
    category: Category,
    /// Whether the asking user has read it; what she sent herself counts as read. Absent
    /// for the app's server.
    #[serde(skip_serializing_if = "Option::is_none")]
    read: Option<bool>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Category {
    /// Between two users.
    Direct,
    /// In a group.
    Group,
    /// From a channel's publisher to its followers.
    Channel,
}

impl Record {
    /// As this actor sees it, who has read up to `read`.
    pub(super) fn of(message: Message, actor: &Actor, read: ConvSeq) -> Self {
        let reader = actor.user();
        Self {
            app: actor.app().clone(),
            receiver: message.conv.peer_of(&message.sender),
            peer: reader.and_then(|user| message.conv.peer_of(user)),
            category: match message.conv.kind() {
                ConvKind::Direct => Category::Direct,
                ConvKind::Channel => Category::Channel,
                ConvKind::Group | ConvKind::Room => Category::Group,
            },
            read: reader.map(|user| message.sender == *user || message.conv_seq <= read),
            message,
        }
    }
}
