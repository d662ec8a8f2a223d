//! What is done to a relay.

mod backlog;
pub mod broadcast;
pub mod fleet;
pub mod groups;
pub mod idle;
pub mod pull;
pub mod send;
pub mod storm;
pub mod traffic;

use seqline_core::Config;
use seqline_protocol::Start;

/// How clients are set that want what comes from now on.
fn live_config() -> Config {
    Config {
        start: Start::Newest,
        ..config()
    }
}

/// How clients are set that want all that there is.
fn config() -> Config {
    Config {
        host: "load".to_owned(),
        ..Config::default()
    }
}
