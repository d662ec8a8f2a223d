//! Users and their devices.

use seqline_protocol::{DeviceId, Label, Micros, UserId};

/// Tells relays on one database apart, for as long as each runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelayId(pub i64);

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
    /// Whether it is connected to another relay that is there.
    pub is_elsewhere: bool,
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
    /// Whether any device of hers is connected to another relay that is there.
    pub is_elsewhere: bool,
}
