//! The public mailbox: messages to all users of an app, stored once, and merged into what a
//! device pulls.
//!
//! Who sees what is decided when a device pulls, from its token and its `hello`. So a place in
//! the mailbox is more than a number: beside the position of the last change that was looked
//! at, the relay names the *view*, what this user could see at that time. A device keeps both
//! and sends both back. If the view has changed meanwhile (the app was upgraded, the user
//! joined a segment, a scheduled broadcast has begun), the relay answers with the whole list.

use serde::{Deserialize, Serialize};

use crate::{
    message::Kind,
    numbers::{BroadcastId, Micros, PubSeq},
    passed::Passed,
};

/// A place in the public mailbox: where a device asks to go on from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicPlace {
    /// Changes after this one.
    pub after: PubSeq,
    /// The view that came with it. Absent where none is known: then the whole list comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view: Option<String>,
}

/// What a device is told of the public mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicPage {
    /// Changes up to here are in this page or not for this user. Pull again from here while
    /// `head` is beyond it.
    pub cursor: PubSeq,
    /// The newest change.
    pub head: PubSeq,
    /// The view: to be kept with `cursor`, and sent with it.
    pub view: String,
    /// What is new; absent if nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub news: Option<Passed<PublicNews>>,
}

/// Changes of what a user sees in the public mailbox.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicNews {
    /// If present, the list begins anew: whatever the device holds beside these is withdrawn.
    /// They come as changes, in this page and those after it, as far as the device may not
    /// have them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Vec<BroadcastId>>,
    /// By `pub_seq`, ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<BroadcastChange>,
}

/// A change of a broadcast, as one user sees it.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BroadcastChange {
    /// Its position.
    pub pub_seq: PubSeq,
    /// The broadcast that changed.
    pub id: BroadcastId,
    /// How it reads now. Absent once withdrawn: a device that has it removes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broadcast: Option<Broadcast>,
}

/// A message to all users of an app, as one of them sees it.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broadcast {
    /// Its id.
    pub id: BroadcastId,
    /// 1 for the first text, one more for each change. A device that has this version of it
    /// has nothing new.
    pub version: u32,
    /// What the body is.
    pub kind: Kind,
    /// A headline, plain text.
    pub title: String,
    /// Opaque to the relay, apart from its placeholders, which are filled in.
    pub body: String,
    /// When it was first shown to anyone.
    pub published_us: Micros,
    /// When it ceases to be shown; never, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_us: Option<Micros>,
    /// True if each device shows it as new; otherwise the first one of a user does, which it
    /// asks for by `broadcasts.seen`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub every_device: bool,
}
