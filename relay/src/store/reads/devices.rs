//! Users and their devices.

use seqline_protocol::{DeviceId, Label, Micros, UserId};

/// A device as it was last seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRow {
    /// Which.
    pub device: DeviceId,
    /// What kind it is.
    pub platform: Label,
    /// What runs the client.
    pub host: String,
    /// The app's version.
    pub app_version: Option<String>,
    /// When it first connected.
    pub first: Micros,
    /// When it last connected or disconnected.
    pub last: Micros,
}

/// What is known of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserState {
    /// Who.
    pub user: UserId,
    /// When any device of hers was last connected; zero if none ever was.
    pub last_seen: Micros,
    /// Whether others may see when she is online.
    pub shares_presence: bool,
}
