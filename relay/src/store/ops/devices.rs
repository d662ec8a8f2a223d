//! Devices and their users.

use std::sync::Arc;

use seqline_protocol::{DeviceId, Label};
use serde::{Deserialize, Serialize};

use crate::account::Account;

/// Tells which of a device's sessions is the newest, where several relays share a database: it
/// gives a higher number to each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SessionNumber(pub u64);

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
    /// Which of its sessions it is, where several relays share the database.
    pub number: Option<SessionNumber>,
}

/// Which session of a device something comes from. Nothing is stored of one that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FromSession {
    /// Which device.
    pub device: DeviceId,
    /// Which of its sessions.
    pub number: SessionNumber,
}

/// Sessions that are over, on whichever relay they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndSessions {
    /// Whose.
    pub account: Arc<Account>,
    /// Of which device, which is forgotten too; of all, if none is named.
    pub device: Option<DeviceId>,
    /// Those before this number.
    pub before: SessionNumber,
}

/// A device whose connection has ended: seen until now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disconnected {
    /// Whose.
    pub account: Arc<Account>,
    /// Which.
    pub device: DeviceId,
    /// Which of its sessions it was, where several relays share the database.
    pub number: Option<SessionNumber>,
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
