//! Which devices of a user may be connected at a time.

use clap::ValueEnum;
use serde::Deserialize;

/// Which devices of a user may be connected at a time. One that connects ends those that
/// may not be connected beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, Deserialize)]
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
