//! What one address, one user and one connection may cost: how many, and how often.
//!
//! Limits of rate are token buckets, kept in memory, each relay's its own.

mod addresses;
mod buckets;
mod rate;
mod tally;

use std::{net::IpAddr, sync::Arc, time::Duration};

use seqline_protocol::ErrorCode;

pub use self::{
    addresses::{Addresses, Network},
    buckets::Buckets,
    rate::Rate,
    tally::{Place, Tally},
};
use crate::{account::Account, api::ApiError, limits};

/// How much is allowed.
#[derive(Debug, Clone)]
pub struct TrafficRules {
    /// Who is counted as whom.
    pub addresses: Addresses,
    /// Sessions of one address at a time.
    pub sessions_per_address_max: usize,
    /// Devices of one user that are connected at a time.
    pub sessions_per_user_max: usize,
    /// `hello`s of one address.
    pub logins_per_address: Rate,
    /// Tokens of one address that are no good.
    pub failed_logins_per_address: Rate,
    /// Requests over HTTP of one address.
    pub requests_per_address: Rate,
    /// Messages of one user.
    pub sends_per_user: Rate,
    /// Calls of methods of one user, over the socket and HTTP.
    pub calls_per_user: Rate,
    /// Those that join a room, a group or a channel.
    pub joins_per_user: Rate,
    /// What one user says that is not stored.
    pub ephemerals_per_user: Rate,
    /// Frames of any kind of one connection, WebSocket pings among them.
    pub frames_per_connection: Rate,
}

impl Default for TrafficRules {
    fn default() -> Self {
        Self {
            addresses: Addresses::default(),
            sessions_per_address_max: limits::SESSIONS_PER_ADDRESS_MAX,
            sessions_per_user_max: limits::SESSIONS_PER_USER_MAX,
            logins_per_address: limits::LOGINS_PER_ADDRESS,
            failed_logins_per_address: limits::FAILED_LOGINS_PER_ADDRESS,
            requests_per_address: limits::REQUESTS_PER_ADDRESS,
            sends_per_user: limits::SENDS_PER_USER,
            calls_per_user: limits::CALLS_PER_USER,
            joins_per_user: limits::JOINS_PER_USER,
            ephemerals_per_user: limits::EPHEMERALS_PER_USER,
            frames_per_connection: limits::FRAMES_PER_CONNECTION,
        }
    }
}

/// What was used of it.
#[derive(Debug)]
pub struct Traffic {
    rules: TrafficRules,
    sessions: Arc<Tally>,
    logins: Buckets<IpAddr>,
    failed_logins: Buckets<IpAddr>,
    requests: Buckets<IpAddr>,
    sends: Buckets<Account>,
    calls: Buckets<Account>,
    joins: Buckets<Account>,
    ephemerals: Buckets<Account>,
}

impl Traffic {
    /// Nothing yet.
    #[must_use]
    pub fn new(rules: TrafficRules) -> Self {
        Self {
            sessions: Arc::new(Tally::new(usize::MAX, rules.sessions_per_address_max)),
            logins: Buckets::new(rules.logins_per_address),
            failed_logins: Buckets::new(rules.failed_logins_per_address),
            requests: Buckets::new(rules.requests_per_address),
            sends: Buckets::new(rules.sends_per_user),
            calls: Buckets::new(rules.calls_per_user),
            joins: Buckets::new(rules.joins_per_user),
            ephemerals: Buckets::new(rules.ephemerals_per_user),
            rules,
        }
    }

    /// How much is allowed.
    #[must_use]
    pub fn rules(&self) -> &TrafficRules {
        &self.rules
    }

    /// One more connection of an address.
    ///
    /// # Errors
    /// It has too many.
    pub fn connect(&self, address: IpAddr) -> Result<Place, ApiError> {
        let place = self.sessions.enter(self.rules.addresses.counted(address));
        place.ok_or_else(|| {
            let text = "too many connections of this address";
            too_much(text, CROWDED_WAIT)
        })
    }

    /// What a user is told who has as many devices connected as allowed.
    #[must_use]
    pub fn crowded(&self) -> ApiError {
        let count = self.rules.sessions_per_user_max;
        let text = format!("{count} devices of yours are connected, and no more may be");
        too_much(&text, CROWDED_WAIT)
    }

    /// Someone at an address wants to log in. Who failed too often waits, whatever the token.
    ///
    /// # Errors
    /// Not now.
    pub fn log_in(&self, address: Option<IpAddr>, now: Duration) -> Result<(), ApiError> {
        let Some(address) = self.counted(address) else {
            return Ok(());
        };
        self.may_present_token(Some(address), now)?;
        let taken = self.logins.take(&address, now);
        taken.map_err(|wait| too_much("too many log-ins from this address", wait))
    }

    /// Someone at an address presents a token.
    ///
    /// # Errors
    /// Too many that were no good came from there.
    pub fn may_present_token(
        &self,
        address: Option<IpAddr>,
        now: Duration,
    ) -> Result<(), ApiError> {
        let Some(address) = self.counted(address) else {
            return Ok(());
        };
        let look = self.failed_logins.look(&address, now);
        look.map_err(|wait| too_much("too many bad tokens from this address", wait))
    }

    /// A token was no good.
    pub fn failed(&self, address: Option<IpAddr>, code: ErrorCode, now: Duration) {
        // An expired one was good once, and its owner gets a fresh one.
        if let Some(address) = self.counted(address)
            && code == ErrorCode::TokenInvalid
        {
            let _ = self.failed_logins.take(&address, now);
        }
    }

    /// A request over HTTP.
    ///
    /// # Errors
    /// Not now.
    pub fn request(&self, address: IpAddr, now: Duration) -> Result<(), ApiError> {
        let Some(address) = self.counted(Some(address)) else {
            return Ok(());
        };
        let taken = self.requests.take(&address, now);
        taken.map_err(|wait| too_much("too many requests from this address", wait))
    }

    /// A user sends a message.
    ///
    /// # Errors
    /// Not now.
    pub fn send(&self, account: &Account, now: Duration) -> Result<(), ApiError> {
        let taken = self.sends.take(account, now);
        taken.map_err(|wait| too_much("too many messages; they are kept to be sent again", wait))
    }

    /// A user calls a method.
    ///
    /// # Errors
    /// Not now.
    pub fn call(&self, account: &Account, method: &str, now: Duration) -> Result<(), ApiError> {
        if JOINING.contains(&method) {
            let taken = self.joins.take(account, now);
            taken.map_err(|wait| too_much("too much joining", wait))?;
        }
        let taken = self.calls.take(account, now);
        taken.map_err(|wait| too_much("too many calls", wait))
    }

    /// A user says something that is not stored.
    ///
    /// # Errors
    /// Not now.
    pub fn ephemeral(&self, account: &Account, now: Duration) -> Result<(), ApiError> {
        let taken = self.ephemerals.take(account, now);
        taken.map_err(|wait| too_much("too much at once", wait))
    }

    /// The bucket of a connection's frames.
    #[must_use]
    pub fn frames(&self) -> Frames {
        Frames {
            rate: self.rules.frames_per_connection,
            full_at: Duration::ZERO,
        }
    }

    fn counted(&self, address: Option<IpAddr>) -> Option<IpAddr> {
        self.rules.addresses.counted(address?)
    }
}

/// The frames of one connection.
#[derive(Debug)]
pub struct Frames {
    rate: Rate,
    full_at: Duration,
}

impl Frames {
    /// One came.
    ///
    /// # Errors
    /// It is one too many.
    pub fn came(&mut self, now: Duration) -> Result<(), ApiError> {
        let taken = self.rate.take(&mut self.full_at, now);
        taken.map_err(|wait| too_much("too many frames", wait))
    }
}

/// Methods that let a user in somewhere, of which others are told.
const JOINING: [&str; 2] = ["groups.join", "rooms.join"];

/// When it is worth trying again where there were too many connections.
const CROWDED_WAIT: Duration = Duration::from_secs(10);

fn too_much(text: &str, wait: Duration) -> ApiError {
    let wait_ms = u32::try_from(wait.as_millis()).unwrap_or(u32::MAX);
    ApiError {
        retry_after_ms: Some(wait_ms.max(1)),
        ..ApiError::new(ErrorCode::RateLimited, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::registry;

    #[test]
    fn the_methods_that_join_are_there() {
        for method in JOINING {
            assert!(registry::find(method).is_some(), "{method}");
        }
    }

    #[test]
    fn bad_tokens_are_counted_and_good_ones_wait_then() {
        let traffic = Traffic::new(TrafficRules {
            failed_logins_per_address: Rate::per_second(1, 2),
            ..TrafficRules::default()
        });
        let (one, other) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
        let now = Duration::from_secs(10);
        for code in [
            ErrorCode::TokenExpired,
            ErrorCode::TokenInvalid,
            ErrorCode::TokenExpired,
            ErrorCode::TokenInvalid,
        ] {
            traffic.log_in(Some(one), now).unwrap();
            traffic.failed(Some(one), code, now);
        }
        let refused = traffic.log_in(Some(one), now).unwrap_err();
        assert_eq!(refused.code, ErrorCode::RateLimited);
        assert_eq!(refused.retry_after_ms, Some(1_000));
        traffic.log_in(Some(other), now).unwrap();
        traffic.log_in(None, now).unwrap();
        traffic
            .log_in(Some(one), now + Duration::from_secs(1))
            .unwrap();
    }

    #[test]
    fn an_honest_client_is_below_the_defaults() {
        // Everything that was written during an outage, from several devices at once.
        let traffic = Traffic::new(TrafficRules::default());
        let account: Account = account();
        for _ in 0..4 * 1_000 {
            traffic.send(&account, Duration::ZERO).unwrap();
        }
    }

    fn account() -> Account {
        Account {
            app: seqline_protocol::AppId::new("app").unwrap(),
            user: seqline_protocol::UserId::new("alice").unwrap(),
        }
    }
}
