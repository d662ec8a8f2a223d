//! What a message says: the fields that one to a single recipient and one to many share.

use std::sync::Arc;

use seqline_protocol::{ClientMsgId, ConvId, Kind, Label, Micros, Priority, UserId};

use crate::{
    account::Account,
    api::ApiError,
    intake,
    store::{Digest, Send},
};

/// What a message says.
#[derive(Debug, Clone)]
pub(super) struct Content {
    pub(super) kind: Kind,
    pub(super) body: String,
    pub(super) priority: Priority,
    pub(super) expires: Option<Micros>,
    pub(super) key: Option<Label>,
    pub(super) replace: bool,
    pub(super) business: Option<Label>,
    pub(super) mentions: Vec<UserId>,
}

/// Who sends it, where to, and under which id.
pub(super) struct Envelope {
    pub(super) from: Arc<Account>,
    pub(super) by_server: bool,
    pub(super) conv: ConvId,
    pub(super) client_msg_id: ClientMsgId,
}

impl Content {
    /// The message to store, unless no one can send it.
    pub(super) fn into_send(self, envelope: Envelope) -> Result<Send, ApiError> {
        let mut send = Send {
            from: envelope.from,
            by_server: envelope.by_server,
            conv: envelope.conv,
            client_msg_id: envelope.client_msg_id,
            kind: self.kind,
            body: self.body,
            priority: self.priority,
            expires: self.expires,
            key: self.key,
            replace: self.replace,
            business: self.business,
            mentions: self.mentions,
            digest: Digest::default(),
            session: None,
        };
        intake::check(&send)?;
        send.digest = send.digest_of();
        Ok(send)
    }
}

/// Parameters with the fields of a message after their own. Not one struct inside of
/// another: serde cannot refuse unknown fields of a flattened one.
macro_rules! message_params {
    ($(#[$meta:meta])* struct $name:ident { $($own:tt)* }) => {
        $(#[$meta])*
        #[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub(in crate::api) struct $name {
            $($own)*
            /// What the body is: `text`, or a name that the app chooses.
            #[serde(default = "seqline_protocol::Kind::text")]
            kind: seqline_protocol::Kind,
            /// Opaque to the relay: plain text for kind `text`, JSON text by convention for
            /// any other. At most 32 KiB as JSON writes it.
            body: String,
            /// How urgent it is.
            #[serde(default)]
            priority: seqline_protocol::Priority,
            /// When it ceases to be shown, in microseconds since 1970; never, if absent.
            expires_us: Option<seqline_protocol::Micros>,
            /// The app's own key of it, by which a later message can replace it.
            key: Option<seqline_protocol::Label>,
            /// Whether it takes the place of this sender's earlier message with the same `key`.
            #[serde(default)]
            replace: bool,
            /// What it is about in the app's business, for example `order`.
            business: Option<seqline_protocol::Label>,
            /// Whom it mentions, at most 50; `@all` stands for every member.
            #[serde(default)]
            mentions: Vec<seqline_protocol::UserId>,
        }

        impl $name {
            fn content(&self) -> $crate::api::messages::content::Content {
                $crate::api::messages::content::Content {
                    kind: self.kind.clone(),
                    body: self.body.clone(),
                    priority: self.priority,
                    expires: self.expires_us,
                    key: self.key.clone(),
                    replace: self.replace,
                    business: self.business.clone(),
                    mentions: self.mentions.clone(),
                }
            }
        }
    };
}
pub(super) use message_params;
