//! Whose data it is: every query is scoped by one of these.

use std::fmt;

use seqline_protocol::{AppId, ConvId, UserId};
use serde::{Deserialize, Serialize};

/// A user of an app, as a verified token names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Account {
    /// The tenant.
    pub app: AppId,
    /// The user within it.
    pub user: UserId,
}

impl Account {
    /// The same app's account of another user.
    #[must_use]
    pub fn sibling(&self, user: UserId) -> Self {
        Self {
            app: self.app.clone(),
            user,
        }
    }

    /// Whether this user is one of the two of a direct conversation.
    #[must_use]
    pub fn takes_part_in(&self, conv: &ConvId) -> bool {
        let user = self.user.as_str();
        conv.pair()
            .is_some_and(|(low, high)| user == low || user == high)
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.app, self.user)
    }
}
