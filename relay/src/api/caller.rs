//! Who calls.

use std::sync::Arc;

use seqline_protocol::{AppId, DeviceId};

use crate::{account::Account, mailbox::Mailbox, store::Actor};

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
}
