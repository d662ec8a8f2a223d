//! Messages, and what can be done to them afterwards.

use std::sync::Arc;

use seqline_protocol::{ClientMsgId, ConvId, ConvSeq, Kind, Label, Micros, Priority, UserId};
use sha2::{Digest as _, Sha256};

use super::{Actor, FromSession};
use crate::account::Account;

/// A message to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Send {
    /// Who sends it.
    pub from: Arc<Account>,
    /// Whether the app's server sends it in that user's name: neither membership nor
    /// roles nor mutes are asked for then.
    pub by_server: bool,
    /// Where to: a direct conversation, a group or a channel.
    pub conv: ConvId,
    /// The sender's id: the same one is stored once.
    pub client_msg_id: ClientMsgId,
    /// What the body is.
    pub kind: Kind,
    /// Opaque.
    pub body: String,
    /// How urgent it is.
    pub priority: Priority,
    /// When it ceases to be shown.
    pub expires: Option<Micros>,
    /// The app's own key of it.
    pub key: Option<Label>,
    /// Whether it takes the place of the sender's earlier one with that key.
    pub replace: bool,
    /// What it is about in the app's business.
    pub business: Option<Label>,
    /// Whom it mentions.
    pub mentions: Vec<UserId>,
    /// [`Send::digest_of`] what the sender gave, before any check of the business server
    /// rewrote it: by this the same id with another content is told from a retransmission.
    pub digest: Digest,
    /// Which session it comes from, where several relays share the database.
    pub session: Option<FromSession>,
}

/// Eight bytes of a SHA-256 over everything that a sender says of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Digest(pub i64);

impl Send {
    /// Plain text from one of the sender's devices, and nothing said beside it.
    #[must_use]
    pub fn text(
        from: Arc<Account>,
        conv: ConvId,
        client_msg_id: ClientMsgId,
        body: impl Into<String>,
    ) -> Self {
        let send = Self {
            from,
            by_server: false,
            conv,
            client_msg_id,
            kind: Kind::text(),
            body: body.into(),
            priority: Priority::Normal,
            expires: None,
            key: None,
            replace: false,
            business: None,
            mentions: Vec::new(),
            digest: Digest::default(),
            session: None,
        };
        Self {
            digest: send.digest_of(),
            ..send
        }
    }

    /// What the message as it stands amounts to. Each part goes in with its length, so
    /// that no two contents are the same bytes.
    #[must_use]
    pub fn digest_of(&self) -> Digest {
        let mut hash = Sha256::new();
        let mut part = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        part(self.conv.as_str().as_bytes());
        part(self.kind.as_str().as_bytes());
        part(self.body.as_bytes());
        part(&[self.priority as u8, u8::from(self.replace)]);
        part(&self.expires.map_or(0, Micros::get).to_le_bytes());
        part(self.key.as_ref().map_or("", Label::as_str).as_bytes());
        part(self.business.as_ref().map_or("", Label::as_str).as_bytes());
        for user in &self.mentions {
            part(user.as_str().as_bytes());
        }
        let hash: [u8; 32] = hash.finalize().into();
        let [a, b, c, d, e, f, g, h, ..] = hash;
        Digest(i64::from_le_bytes([a, b, c, d, e, f, g, h]))
    }
}

/// A message is taken back: by its sender for a while, by an admin of the conversation or
/// the app's server at any time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recall {
    /// Who asks.
    pub actor: Actor,
    /// In which conversation.
    pub conv: ConvId,
    /// Which message.
    pub conv_seq: ConvSeq,
}

/// A message is to read differently: by its sender for a while, by the app's server at any time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Who asks.
    pub actor: Actor,
    /// In which conversation.
    pub conv: ConvId,
    /// Which message.
    pub conv_seq: ConvSeq,
    /// The new body, of the same kind.
    pub body: String,
}

/// A user no longer wants to see a message; others keep it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delete {
    /// Who.
    pub account: Arc<Account>,
    /// In which conversation.
    pub conv: ConvId,
    /// Which message.
    pub conv_seq: ConvSeq,
}
