//! Devices and their users.

use std::sync::Arc;

use seqline_protocol::{DeviceId, Label};

use crate::account::Account;

/// A device that has connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Whose.
    pub account: Arc<Account>,
    /// Which.
    pub device: DeviceId,
    /// What kind it is.
    pub platform: Label,
    /// What runs the client.
    pub host: String,
    /// The app's version.
    pub app_version: Option<String>,
}

/// A device whose connection has ended: seen until now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disconnected {
    /// Whose.
    pub account: Arc<Account>,
    /// Which.
    pub device: DeviceId,
}

/// A device to forget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndDevice {
    /// Whose.
    pub account: Arc<Account>,
    /// Which.
    pub device: DeviceId,
}

/// Whether others may see when a user is online. Off until she says otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presence {
    /// Who.
    pub account: Arc<Account>,
    /// Whether they may.
    pub is_shared: bool,
}
