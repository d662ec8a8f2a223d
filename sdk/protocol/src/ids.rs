//! Names as newtypes. Each is checked when it is made, so code that holds one need not check again.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, de};
use thiserror::Error;

use crate::limits::{CONV_ID_BYTES_MAX, ID_BYTES_MAX};

/// Why a text is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum IdError {
    /// Empty.
    #[error("an id must not be empty")]
    Empty,
    /// Longer than the limit.
    #[error("an id has at most {max} bytes, this one has {got}")]
    TooLong {
        /// The limit in bytes.
        max: usize,
        /// What was given, in bytes.
        got: usize,
    },
    /// A character that no id has.
    #[error("an id has only letters, digits and . _ - @ + = ~ (found '{0}')")]
    Character(char),
    /// Not one of the forms of a conversation id.
    #[error("a conversation id is dm:A:B with A <= B, group:ID, channel:ID or room:ID")]
    Conversation,
}

fn check_name(text: &str) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    if text.len() > ID_BYTES_MAX {
        return Err(IdError::TooLong {
            max: ID_BYTES_MAX,
            got: text.len(),
        });
    }
    match text.chars().find(|c| !is_in_name(*c)) {
        Some(c) => Err(IdError::Character(c)),
        None => Ok(()),
    }
}

fn is_in_name(c: char) -> bool {
    matches!(c, 'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '_' | '-' | '@' | '+' | '=' | '~')
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $check:path) => {
        $(#[$doc])*
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Checks the text and wraps it.
            ///
            /// # Errors
            /// [`IdError`] says what is wrong with it.
            pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                $check(&text)?;
                Ok(Self(text))
            }

            /// The plain text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(String::deserialize(deserializer)?).map_err(de::Error::custom)
            }
        }
    };
}

id! {
    /// A tenant. Every other id is scoped to one.
    AppId, check_name
}
id! {
    /// A user of an app.
    UserId, check_name
}
id! {
    /// An installation; chosen by the client and kept in its storage.
    DeviceId, check_name
}
id! {
    /// The sender's own id of a message: the same id is stored once, whatever is retransmitted.
    ClientMsgId, check_name
}
id! {
    /// A short name that the app chooses: a business key or type, a platform.
    Label, check_name
}
id! {
    /// A conversation: `dm:alice:bob` (users in byte order), `group:…`, `channel:…` or `room:…`.
    ConvId, check_conversation
}

impl UserId {
    /// Among mentions: every member.
    pub const ALL: &str = "@all";

    /// Whether it stands for every member, among mentions.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.0 == Self::ALL
    }
}

/// The forms of conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConvKind {
    /// Two users (or one with herself).
    Direct,
    /// Many users.
    Group,
    /// One publisher, many followers.
    Channel,
    /// Live, not kept.
    Room,
}

impl ConvId {
    /// The conversation of two users; the same whichever is named first.
    #[must_use]
    pub fn direct(one: &UserId, other: &UserId) -> Self {
        let (low, high) = if one <= other {
            (one, other)
        } else {
            (other, one)
        };
        Self(format!("dm:{low}:{high}"))
    }

    /// Which form of conversation it is.
    #[must_use]
    pub fn kind(&self) -> ConvKind {
        match self.0.split(':').next() {
            Some("dm") => ConvKind::Direct,
            Some("group") => ConvKind::Group,
            Some("channel") => ConvKind::Channel,
            _ => ConvKind::Room,
        }
    }

    /// The names of the two users of a direct conversation, in byte order.
    #[must_use]
    pub fn pair(&self) -> Option<(&str, &str)> {
        self.0.strip_prefix("dm:")?.split_once(':')
    }

    /// The two users of a direct conversation, in byte order.
    #[must_use]
    pub fn users(&self) -> Option<(UserId, UserId)> {
        let (low, high) = self.pair()?;
        Some((UserId(low.to_owned()), UserId(high.to_owned())))
    }

    /// The other user of a direct conversation (oneself for notes to oneself);
    /// none if `user` takes no part in it or it is not a direct one.
    #[must_use]
    pub fn peer_of(&self, user: &UserId) -> Option<UserId> {
        let (low, high) = self.pair()?;
        if user.0 == low {
            Some(UserId(high.to_owned()))
        } else if user.0 == high {
            Some(UserId(low.to_owned()))
        } else {
            None
        }
    }
}

fn check_conversation(text: &str) -> Result<(), IdError> {
    if text.len() > CONV_ID_BYTES_MAX {
        return Err(IdError::TooLong {
            max: CONV_ID_BYTES_MAX,
            got: text.len(),
        });
    }
    match text.split_once(':').ok_or(IdError::Conversation)? {
        ("dm", users) => {
            let (low, high) = users.split_once(':').ok_or(IdError::Conversation)?;
            check_name(low)?;
            check_name(high)?;
            if low <= high {
                Ok(())
            } else {
                Err(IdError::Conversation)
            }
        }
        ("group" | "channel" | "room", name) => check_name(name),
        _ => Err(IdError::Conversation),
    }
}
