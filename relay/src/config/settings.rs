//! Every setting, once: as a flag, as an environment variable and as a key of the file.

use std::{collections::BTreeMap, path::PathBuf};

use clap::{Args, ValueEnum};
use seqline_protocol::Secret;
use serde::Deserialize;

use crate::{bus::BusKind, check::CheckDefault, session::DevicePolicy};

/// What can be configured. Absent means the default.
#[derive(Debug, Clone, Default, Args, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// A TOML file with these settings (keys as here, with _ for -) and the apps' secrets.
    #[arg(long, env = "SEQLINE_CONFIG", value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,

    /// Development: this machine only, one app `dev`, tokens for the asking. [default: false]
    #[arg(long, env = "SEQLINE_DEV", value_name = "BOOL", num_args = 0..=1,
          require_equals = true, default_missing_value = "true")]
    pub dev: Option<bool>,

    /// The address to listen on; port 0 takes any free one. [default: 127.0.0.1:7340]
    #[arg(long, env = "SEQLINE_LISTEN", value_name = "IP:PORT")]
    pub listen: Option<String>,

    /// An address for `/metrics`, `/healthz` and `/readyz` alone; `/metrics` is not at `listen` then.
    ///
    /// For those who watch, where the public cannot come: without TLS, and without limits but
    /// those of the listener.
    #[arg(long, env = "SEQLINE_METRICS_LISTEN", value_name = "IP:PORT")]
    pub metrics_listen: Option<String>,

    /// The certificate chain for TLS: a PEM file. Without it the relay speaks plain HTTP.
    ///
    /// Read again on SIGHUP and when the files change; while they cannot be used, the certificate
    /// before goes on to be served.
    #[arg(long, env = "SEQLINE_TLS_CERT", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,

    /// The private key of that certificate: a PEM file, readable by the relay alone.
    #[arg(long, env = "SEQLINE_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,

    /// Where everything is kept: sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE.
    /// [default: sqlite:data/seqline.db]
    ///
    /// The folder of a file is the data folder; with PostgreSQL (docs/postgresql.md) that is
    /// `data`.
    #[arg(long, env = "SEQLINE_DATABASE", value_name = "URL")]
    pub database: Option<Secret>,

    /// A standby of a PostgreSQL database, as postgres://…, from which history, conversations and
    /// searches are read.
    ///
    /// Only while it has everything that is stored (docs/postgresql.md); the database itself is
    /// read otherwise.
    #[arg(long, env = "SEQLINE_DATABASE_READ_URL", value_name = "URL")]
    pub database_read_url: Option<Secret>,

    /// The app whose secret is in SEQLINE_APP_SECRET; with `token`, the app to sign for.
    #[arg(long, env = "SEQLINE_APP", value_name = "APP")]
    pub app: Option<String>,

    /// That app's secret, at least 32 bytes. From the environment only: flags show in `ps`.
    #[arg(skip)]
    #[serde(skip)]
    pub app_secret: Option<Secret>,

    /// The apps: `[apps.NAME]` with `secret = "…"`, webhooks and check. In the file only.
    #[arg(skip)]
    pub apps: BTreeMap<String, AppSettings>,

    /// Origins of web pages that may connect, beside the relay's own, separated by commas.
    ///
    /// Such as https://chat.example: no path, and no slash at the end.
    #[arg(
        long,
        env = "SEQLINE_ALLOWED_ORIGINS",
        value_name = "ORIGIN",
        value_delimiter = ',',
        visible_alias = "allowed-origin"
    )]
    pub allowed_origins: Option<Vec<String>>,

    /// How logs are written to stderr. [default: human on a terminal, else json]
    #[arg(long, env = "SEQLINE_LOG_FORMAT", value_enum, value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,

    /// What is logged: error, warn, info, debug, trace, or a tracing filter. [default: info]
    ///
    /// A filter such as seqline_relay=debug,sqlx=warn, as tracing-subscriber's EnvFilter reads it.
    #[arg(long, env = "SEQLINE_LOG", value_name = "FILTER")]
    pub log: Option<String>,

    /// The OpenTelemetry collector to which traces go: OTLP over HTTP, such as
    /// http://127.0.0.1:4318. None by default.
    ///
    /// See docs/tracing.md.
    #[arg(long, env = "SEQLINE_OTLP_URL", value_name = "URL")]
    pub otlp_url: Option<String>,

    /// How many of the traces that begin here are kept, from 0 to 1. [default: 0.01]
    ///
    /// Where a caller's traceparent says whether its trace is kept, that holds.
    #[arg(long, env = "SEQLINE_OTLP_SAMPLE", value_name = "RATIO")]
    pub otlp_sample: Option<f64>,

    /// The service that traces name. [default: seqline-relay]
    #[arg(long, env = "SEQLINE_OTLP_SERVICE", value_name = "NAME")]
    pub otlp_service: Option<String>,

    /// A client pings after so long without having heard anything, to begin with; then it finds the
    /// interval that its network bears, within the bounds below. [default: 25000]
    ///
    /// How it does is in docs/heartbeat.md. One that is silent for the interval, the same again
    /// (60 s of it at most) and 10 s is disconnected.
    #[arg(long, env = "SEQLINE_HEARTBEAT_INTERVAL_MS", value_name = "MS")]
    pub heartbeat_interval_ms: Option<u32>,

    /// The same in the background, where timers are throttled. [default: 55000]
    ///
    /// Silence is forgiven for 3 minutes at least.
    #[arg(
        long,
        env = "SEQLINE_HEARTBEAT_BACKGROUND_INTERVAL_MS",
        value_name = "MS"
    )]
    pub heartbeat_background_interval_ms: Option<u32>,

    /// No client pings more often. [default: 15000, or the interval if that is shorter]
    #[arg(long, env = "SEQLINE_HEARTBEAT_INTERVAL_MS_MIN", value_name = "MS")]
    pub heartbeat_interval_ms_min: Option<u32>,

    /// No client pings less often. Keep it below the idle timeout of a proxy in front.
    /// [default: 55000, or the interval if that is given]
    #[arg(long, env = "SEQLINE_HEARTBEAT_INTERVAL_MS_MAX", value_name = "MS")]
    pub heartbeat_interval_ms_max: Option<u32>,

    /// The same in the background. [default: 240000, or the interval there if that is given]
    #[arg(
        long,
        env = "SEQLINE_HEARTBEAT_BACKGROUND_INTERVAL_MS_MAX",
        value_name = "MS"
    )]
    pub heartbeat_background_interval_ms_max: Option<u32>,

    /// How long a request over HTTP waits for news at most, where there can be no WebSocket.
    /// [default: 25000]
    ///
    /// Less than your proxy allows a request, from 1000 to 120000; see docs/networks.md.
    #[arg(long, env = "SEQLINE_POLL_WAIT_MS", value_name = "MS")]
    pub poll_wait_ms: Option<u32>,

    /// How long a sender may take a message back. [default: 120000]
    #[arg(long, env = "SEQLINE_RECALL_WINDOW_MS", value_name = "MS")]
    pub recall_window_ms: Option<u64>,

    /// How long a sender may edit a message. [default: 900000]
    #[arg(long, env = "SEQLINE_EDIT_WINDOW_MS", value_name = "MS")]
    pub edit_window_ms: Option<u64>,

    /// How long timeline entries are kept for devices that are away: a number with s, m, h or d.
    /// Messages are kept for good. [default: 30d]
    ///
    /// A device that comes back later starts over from the conversations.
    #[arg(long, env = "SEQLINE_SYNC_TTL", value_name = "TIME")]
    pub sync_ttl: Option<String>,

    /// How often the relay looks for new broadcasts. [default: 1000]
    ///
    /// Give or take a tenth: the one query that the public mailbox (docs/broadcasts.md) costs,
    /// whatever the number of users.
    #[arg(long, env = "SEQLINE_BROADCAST_POLL_MS", value_name = "MS")]
    pub broadcast_poll_ms: Option<u64>,

    /// How often connected devices look for new broadcasts by themselves; 0 for never.
    /// [default: 600000]
    ///
    /// Beside when they connect, pull, or come to the foreground.
    #[arg(long, env = "SEQLINE_BROADCAST_REFRESH_MS", value_name = "MS")]
    pub broadcast_refresh_ms: Option<u64>,

    /// The attributes of users that a broadcast may name, as in `{{city}}`, separated by commas.
    /// They come from tokens, or from an app's lookup_url.
    #[arg(
        long,
        env = "SEQLINE_BROADCAST_ATTRIBUTES",
        value_name = "NAME",
        value_delimiter = ','
    )]
    pub broadcast_attributes: Option<Vec<String>>,

    /// How long it is known which broadcasts were taken back, for devices that are away: a number
    /// with s, m, h or d. [default: 30d]
    ///
    /// A device that was away for longer gets the whole list anew.
    #[arg(long, env = "SEQLINE_BROADCAST_TOMBSTONE_TTL", value_name = "TIME")]
    pub broadcast_tombstone_ttl: Option<String>,

    /// How often it is written how far broadcasts reached. [default: 30000]
    ///
    /// If that changed; also when the relay stops. A relay that is killed forgets what it counted
    /// since.
    #[arg(long, env = "SEQLINE_BROADCAST_REACH_FLUSH_MS", value_name = "MS")]
    pub broadcast_reach_flush_ms: Option<u64>,

    /// Which devices of a user may be connected at a time. [default: any]
    ///
    /// A device that connects ends those that may not be connected beside it: `any`,
    /// `one_per_platform` or `one`.
    #[arg(long, env = "SEQLINE_DEVICES", value_enum, value_name = "POLICY")]
    pub devices: Option<DevicePolicy>,

    /// Groups of so many members have one timeline, instead of an entry in each member's.
    /// [default: 500]
    ///
    /// A group that shrinks again keeps it.
    #[arg(long, env = "SEQLINE_CROWD_MEMBERS_MIN", value_name = "COUNT")]
    pub crowd_members_min: Option<u32>,

    /// Members of a group at most; channels have no such limit. [default: 100000]
    #[arg(long, env = "SEQLINE_GROUP_MEMBERS_MAX", value_name = "COUNT")]
    pub group_members_max: Option<u32>,

    /// In groups of up to so many members, senders are told at once who has read; in larger
    /// ones they ask. [default: 100]
    #[arg(long, env = "SEQLINE_RECEIPT_MEMBERS_MAX", value_name = "COUNT")]
    pub receipt_members_max: Option<u32>,

    /// Whether a member sees what was said before she joined. [default: false]
    #[arg(long, env = "SEQLINE_HISTORY_FOR_NEW", value_name = "BOOL", num_args = 0..=1,
          require_equals = true, default_missing_value = "true")]
    pub history_for_new: Option<bool>,

    /// Time to finish and close all sessions when stopping. [default: 5000]
    #[arg(long, env = "SEQLINE_DRAIN_MS", value_name = "MS")]
    pub drain_ms: Option<u64>,

    /// Devices of a stopping relay reconnect spread over so long. [default: 5000]
    #[arg(long, env = "SEQLINE_RECONNECT_WINDOW_MS", value_name = "MS")]
    pub reconnect_window_ms: Option<u32>,

    /// Connections at most; further ones get 503. [default: 100000]
    #[arg(long, env = "SEQLINE_SESSIONS_MAX", value_name = "COUNT")]
    pub sessions_max: Option<usize>,

    /// Log-ins under way at a time, when many devices return at once; further ones wait in line.
    /// [default: 4096 on SQLite and 1024 on PostgreSQL]
    ///
    /// Fewer leave more of a slow database to those who are in; see
    /// docs/limits.md.
    #[arg(long, env = "SEQLINE_LOGINS_UNDER_WAY_MAX", value_name = "COUNT")]
    pub logins_under_way_max: Option<u32>,

    /// Connections that are not sessions (yet) at most, those of requests over HTTP among them;
    /// further ones get 503. [default: 20000]
    ///
    /// Each client that polls takes two.
    #[arg(long, env = "SEQLINE_VISITORS_MAX", value_name = "COUNT")]
    pub visitors_max: Option<usize>,

    /// The same of one address, as it connects. [default: 1000]
    #[arg(long, env = "SEQLINE_VISITORS_PER_ADDRESS_MAX", value_name = "COUNT")]
    pub visitors_per_address_max: Option<usize>,

    /// Time for the headers of a request, and for the next request of a connection; then it is
    /// closed. [default: 10000]
    #[arg(long, env = "SEQLINE_HEADER_WAIT_MS", value_name = "MS")]
    pub header_wait_ms: Option<u64>,

    /// Proxies in front, whose X-Forwarded-For says who is behind them: addresses or ranges,
    /// separated by commas.
    ///
    /// Set it if there is a proxy, or all its clients count as one address.
    #[arg(
        long,
        env = "SEQLINE_TRUSTED_PROXIES",
        value_name = "ADDRESS",
        value_delimiter = ','
    )]
    pub trusted_proxies: Option<Vec<String>>,

    /// Addresses or ranges that the limits of one address are not for, separated by commas; empty
    /// for none. [default: 127.0.0.0/8,::1]
    #[arg(
        long,
        env = "SEQLINE_UNCOUNTED_ADDRESSES",
        value_name = "ADDRESS",
        value_delimiter = ','
    )]
    pub uncounted_addresses: Option<Vec<String>>,

    /// Sessions of one address at a time. [default: 10000]
    #[arg(long, env = "SEQLINE_SESSIONS_PER_ADDRESS_MAX", value_name = "COUNT")]
    pub sessions_per_address_max: Option<usize>,

    /// Devices of one user that are connected at a time. [default: 100]
    #[arg(long, env = "SEQLINE_SESSIONS_PER_USER_MAX", value_name = "COUNT")]
    pub sessions_per_user_max: Option<usize>,

    /// Whether there are limits of rate at all; false for a benchmark. [default: true]
    #[arg(long, env = "SEQLINE_RATE_LIMITS", value_name = "BOOL")]
    pub rate_limits: Option<bool>,

    /// `hello`s of one address: so many a second (s), minute (m) or hour (h) in the long run, and
    /// so many at once; or off. [default: 100/s burst 2000]
    ///
    /// All rates are written like this; what each is for is in docs/limits.md.
    #[arg(long, env = "SEQLINE_RATE_LOGINS_PER_ADDRESS", value_name = "RATE")]
    pub rate_logins_per_address: Option<String>,

    /// Bad tokens of one address. [default: 1/s burst 100]
    #[arg(
        long,
        env = "SEQLINE_RATE_FAILED_LOGINS_PER_ADDRESS",
        value_name = "RATE"
    )]
    pub rate_failed_logins_per_address: Option<String>,

    /// Requests over HTTP of one address. [default: 500/s burst 5000]
    #[arg(long, env = "SEQLINE_RATE_REQUESTS_PER_ADDRESS", value_name = "RATE")]
    pub rate_requests_per_address: Option<String>,

    /// Messages of one user. [default: 200/s burst 5000]
    #[arg(long, env = "SEQLINE_RATE_SENDS_PER_USER", value_name = "RATE")]
    pub rate_sends_per_user: Option<String>,

    /// Calls of methods of one user. [default: 50/s burst 1000]
    #[arg(long, env = "SEQLINE_RATE_CALLS_PER_USER", value_name = "RATE")]
    pub rate_calls_per_user: Option<String>,

    /// Those that join a room, a group or a channel. [default: 5/s burst 200]
    #[arg(long, env = "SEQLINE_RATE_JOINS_PER_USER", value_name = "RATE")]
    pub rate_joins_per_user: Option<String>,

    /// What one user says that is not stored. [default: 50/s burst 500]
    #[arg(long, env = "SEQLINE_RATE_EPHEMERALS_PER_USER", value_name = "RATE")]
    pub rate_ephemerals_per_user: Option<String>,

    /// Frames of one connection, WebSocket pings among them. [default: 1000/s burst 20000]
    #[arg(long, env = "SEQLINE_RATE_FRAMES_PER_CONNECTION", value_name = "RATE")]
    pub rate_frames_per_connection: Option<String>,

    /// How relays that share a database wake each other's devices.
    /// [default: postgres on PostgreSQL, nats if nats_urls are given, else none]
    #[arg(long, env = "SEQLINE_BUS", value_enum, value_name = "BUS")]
    pub bus: Option<BusKind>,

    /// NATS servers of one cluster: nats://USER:PASSWORD@HOST:PORT or tls://…, separated by
    /// commas.
    #[arg(
        long,
        env = "SEQLINE_NATS_URLS",
        value_name = "URL",
        value_delimiter = ','
    )]
    pub nats_urls: Option<Vec<Secret>>,

    /// How often a relay that shares its database looks for what it was not told of. [default: 5000]
    #[arg(long, env = "SEQLINE_SWEEP_INTERVAL_MS", value_name = "MS")]
    pub sweep_interval_ms: Option<u64>,

    /// Database connections that read. [default: 4]
    #[arg(long, env = "SEQLINE_READERS", value_name = "COUNT")]
    pub readers: Option<u32>,

    /// Memory for pages of an SQLite database, of all its connections together. [default: 128]
    ///
    /// Half of it is the writer's. What has been read or written once is kept there up to that
    /// much, so the relay's memory grows with a new database until it is full.
    #[arg(long, env = "SEQLINE_SQLITE_CACHE_MIB", value_name = "MIB")]
    pub sqlite_cache_mib: Option<u32>,
}

/// One app of the file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AppSettings {
    /// What its tokens are signed with; at least 32 bytes. Not for the app `dev`, which has
    /// one of its own.
    pub secret: Option<Secret>,
    /// The one before: tokens that are signed with it are taken as well.
    pub previous_secret: Option<Secret>,
    /// Where its server is told of what happens.
    pub webhook_url: Option<String>,
    /// What requests to its server are signed with; at least 32 bytes.
    pub webhook_secret: Option<Secret>,
    /// Where its server is asked about each message before it is stored.
    pub check_url: Option<String>,
    /// How long an answer is waited for. Default 500.
    pub check_timeout_ms: Option<u64>,
    /// What holds if there is none in time. Default `refuse`.
    pub check_default: Option<CheckDefault>,
    /// Where its server is asked about users' attributes, for broadcasts that name them.
    pub lookup_url: Option<String>,
    /// How long an answer is waited for. Default 500.
    pub lookup_timeout_ms: Option<u64>,
    /// How long an answer holds: a number with s, m, h or d. Default 10m.
    pub lookup_ttl: Option<String>,
    /// Users who are on the app's allow-list, beside those that operators put there.
    pub allow_list: Option<Vec<String>>,
}

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}
