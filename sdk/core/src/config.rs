//! What can be set on a session. Every duration is in milliseconds.

use seqline_protocol::{DeviceId, Encoding, Label, Start};

/// The settings of a session; [`Config::default`] suits a chat in a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// What runs the client, as told to the relay. Default `unknown`.
    pub host: String,
    /// What kind of device it is (`phone`, `desktop`, `web` …), where the app allows one of
    /// each. Default: `host`.
    pub platform: Option<Label>,
    /// The app's version, as told to the relay. Default none.
    pub app_version: Option<String>,
    /// This installation. Default: made once from the seed, and kept in the store.
    pub device: Option<DeviceId>,
    /// What the connection speaks. Default [`Encoding::Binary`].
    pub encoding: Encoding,
    /// Where a new device starts. Default [`Start::Oldest`].
    pub start: Start,
    /// From opening a socket to `welcome`, at most. Default 10,000.
    pub connect_timeout_ms: u64,
    /// Upper bound of the first backoff; doubles with each failed attempt. Default 500.
    pub backoff_base_ms: u64,
    /// Upper bound of every backoff. Default 30,000.
    pub backoff_max_ms: u64,
    /// A connection that lived this long resets the backoff. Default 10,000.
    pub stable_after_ms: u64,
    /// A message that is not acknowledged within this becomes `failed`; it can be
    /// retried. 0: never. Default 600,000.
    pub send_deadline_ms: u64,
    /// A request (history, marks …) that is not answered within this fails. Default 30,000.
    pub request_timeout_ms: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            host: "unknown".to_owned(),
            platform: None,
            app_version: None,
            device: None,
            encoding: Encoding::Binary,
            start: Start::Oldest,
            connect_timeout_ms: 10_000,
            backoff_base_ms: 500,
            backoff_max_ms: 30_000,
            stable_after_ms: 10_000,
            send_deadline_ms: 600_000,
            request_timeout_ms: 30_000,
        }
    }
}
