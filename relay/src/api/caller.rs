//! Who calls.

use std::sync::Arc;

use seqline_protocol::{AppId, DeviceId, ErrorCode, UserId};

use super::ApiError;
use crate::{
    account::Account,
    limits::{RESPONSE_PAGE_BYTES_MAX, RESULT_PAGE_BYTES_MAX},
    mailbox::Mailbox,
    store::Actor,
};

/// Who calls a method, and from where.
#[derive(Debug, Clone)]
pub struct Caller {
    /// By whose authority: what the token says.
    pub actor: Actor,
    /// From where.
    pub place: Place,
}

/// From where a method is called.
#[derive(Debug, Clone)]
pub enum Place {
    /// An HTTP request.
    Http,
    /// An open session, which can be told of things later.
    Socket {
        /// Its device.
        device: DeviceId,
        /// The way into it.
        mailbox: Arc<Mailbox>,
    },
}

impl Caller {
    /// Whose data it is about.
    #[must_use]
    pub fn app(&self) -> &AppId {
        self.actor.app()
    }

    /// The user, unless the app's server calls.
    #[must_use]
    pub fn account(&self) -> Option<&Arc<Account>> {
        match &self.actor {
            Actor::User(account) => Some(account),
            Actor::Server(_) => None,
        }
    }

    /// By whose authority something is done, where the app's server may name a user in `as`.
    pub(super) fn acting_as(&self, user: Option<UserId>) -> Result<Actor, ApiError> {
        match user {
            None => Ok(self.actor.clone()),
            Some(_) => self.user("as", user).map(Actor::User),
        }
    }

    /// Whose something is, where it is of one user: the calling one, or whom the app's server
    /// names in `field`.
    pub(super) fn user(
        &self,
        field: &str,
        named: Option<UserId>,
    ) -> Result<Arc<Account>, ApiError> {
        match (&self.actor, named) {
            (Actor::User(account), None) => Ok(Arc::clone(account)),
            (Actor::Server(app), Some(user)) => {
                let app = app.clone();
                Ok(Arc::new(Account { app, user }))
            }
            (Actor::User(_), Some(_)) => {
                let text = format!("{field}: only the app's server acts in the names of users");
                Err(ApiError::new(ErrorCode::ScopeForbidden, text))
            }
            (Actor::Server(_), None) => {
                let why = "it is missing: the app's server says which user";
                Err(ApiError::field(field, why))
            }
        }
    }

    /// The open session that a user calls from.
    pub(super) fn session(&self) -> Result<(&Arc<Account>, &Arc<Mailbox>), ApiError> {
        match (&self.actor, &self.place) {
            (Actor::User(account), Place::Socket { mailbox, .. }) => Ok((account, mailbox)),
            _ => {
                let text = "this is called over the open socket only";
                Err(ApiError::new(ErrorCode::MethodUnknown, text))
            }
        }
    }

    /// Bytes of a page of messages at most.
    pub(super) fn page_bytes_max(&self) -> usize {
        match self.place {
            Place::Http => RESPONSE_PAGE_BYTES_MAX,
            Place::Socket { .. } => RESULT_PAGE_BYTES_MAX,
        }
    }
}
