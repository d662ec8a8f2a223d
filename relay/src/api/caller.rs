//! Who calls.

use std::sync::Arc;

use seqline_protocol::{AppId, DeviceId, ErrorCode, UserId};

use super::ApiError;
use crate::{
    account::Account,
    auth::Scope,
    broadcasts::Viewer,
    limits::{RESPONSE_PAGE_BYTES_MAX, RESULT_PAGE_BYTES_MAX},
    mailbox::Mailbox,
    store::Actor,
};

/// Who calls a method, and from where.
#[derive(Debug, Clone)]
pub struct Caller {
    /// By whose authority: what the token says.
    pub authority: Authority,
    /// From where.
    pub place: Place,
}

/// By whose authority a method is called: what the token's scope and `sub` say.
#[derive(Debug, Clone)]
pub enum Authority {
    /// A user.
    User(Arc<Account>),
    /// The app's own server.
    Server(AppId),
    /// One of the people who run the app, by the name that the audit trail keeps.
    Operator(Arc<Account>),
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
        /// As whom its user looks into the public mailbox.
        viewer: Arc<Viewer>,
    },
}

impl Caller {
    /// The scope of the token.
    #[must_use]
    pub fn scope(&self) -> Scope {
        match self.authority {
            Authority::User(_) => Scope::User,
            Authority::Server(_) => Scope::Server,
            Authority::Operator(_) => Scope::Operator,
        }
    }

    /// Whose data it is about.
    #[must_use]
    pub fn app(&self) -> &AppId {
        match &self.authority {
            Authority::User(account) | Authority::Operator(account) => &account.app,
            Authority::Server(app) => app,
        }
    }

    /// The user, unless the app's server or an operator calls.
    #[must_use]
    pub fn account(&self) -> Option<&Arc<Account>> {
        match &self.authority {
            Authority::User(account) => Some(account),
            Authority::Server(_) | Authority::Operator(_) => None,
        }
    }

    /// The operator who calls.
    pub(super) fn operator(&self) -> Result<&UserId, ApiError> {
        match &self.authority {
            Authority::Operator(account) => Ok(&account.user),
            Authority::User(_) | Authority::Server(_) => {
                let text = "this is for operators: a token of scope operator";
                Err(ApiError::new(ErrorCode::ScopeForbidden, text))
            }
        }
    }

    /// By whose authority something is done, where the app's server may name a user in `as`.
    pub(super) fn acting_as(&self, user: Option<UserId>) -> Result<Actor, ApiError> {
        if user.is_some() {
            return self.user("as", user).map(Actor::User);
        }
        Ok(match &self.authority {
            Authority::User(account) => Actor::User(Arc::clone(account)),
            // Where an operator is let in, it is with the rights of the app.
            Authority::Server(_) | Authority::Operator(_) => Actor::Server(self.app().clone()),
        })
    }

    /// Whose something is, where it is of one user: the calling one, or whom the app's server
    /// names in `field`.
    pub(super) fn user(
        &self,
        field: &str,
        named: Option<UserId>,
    ) -> Result<Arc<Account>, ApiError> {
        match (&self.authority, named) {
            (Authority::User(account), None) => Ok(Arc::clone(account)),
            (Authority::Server(app), Some(user)) => {
                let app = app.clone();
                Ok(Arc::new(Account { app, user }))
            }
            (Authority::User(_) | Authority::Operator(_), _) => {
                let text = format!("{field}: only the app's server acts in the names of users");
                Err(ApiError::new(ErrorCode::ScopeForbidden, text))
            }
            (Authority::Server(_), None) => {
                let why = "it is missing: the app's server says which user";
                Err(ApiError::field(field, why))
            }
        }
    }

    /// The open session that a user calls from.
    pub(super) fn session(&self) -> Result<(&Arc<Account>, &Arc<Mailbox>), ApiError> {
        match (&self.authority, &self.place) {
            (Authority::User(account), Place::Socket { mailbox, .. }) => Ok((account, mailbox)),
            _ => Err(Self::socket_only()),
        }
    }

    /// As whom a user looks into the public mailbox, who calls from an open session.
    pub(super) fn viewer(&self) -> Result<&Arc<Viewer>, ApiError> {
        match &self.place {
            Place::Socket { viewer, .. } => Ok(viewer),
            Place::Http => Err(Self::socket_only()),
        }
    }

    fn socket_only() -> ApiError {
        let text = "this is called over the open socket only";
        ApiError::new(ErrorCode::MethodUnknown, text)
    }

    /// Bytes of a page of messages at most.
    pub(super) fn page_bytes_max(&self) -> usize {
        match self.place {
            Place::Http => RESPONSE_PAGE_BYTES_MAX,
            Place::Socket { .. } => RESULT_PAGE_BYTES_MAX,
        }
    }
}
