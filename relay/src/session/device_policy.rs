//! Which devices of a user may be connected at a time.

use clap::ValueEnum;
use seqline_protocol::Label;
use serde::{Deserialize, Serialize};

/// Which devices of a user may be connected at a time. One that connects ends those that
/// may not be connected beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum DevicePolicy {
    /// Any number.
    #[default]
    Any,
    /// One of each platform: a phone, a web page …
    OnePerPlatform,
    /// One.
    One,
}

impl DevicePolicy {
    /// Whether a device that comes ends another one of the same user, by their platforms.
    #[must_use]
    pub fn excludes(self, coming: &Label, other: &Label) -> bool {
        match self {
            Self::Any => false,
            Self::OnePerPlatform => coming == other,
            Self::One => true,
        }
    }
}
