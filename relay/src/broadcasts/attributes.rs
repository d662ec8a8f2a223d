//! What is known of a user, to fill templates with.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future::BoxFuture;

use crate::{account::Account, limits::ATTRIBUTE_BYTES_MAX};

/// Texts by name.
pub type Attributes = BTreeMap<String, String>;

/// Attributes that an app's own server knows of its users.
pub trait Lookup: Send + Sync {
    /// What is in memory of a user: none if that is to be asked for.
    fn known(&self, account: &Account) -> Option<Arc<Attributes>>;

    /// Asks the app's server, for a bounded time. Afterwards it is known, or the texts'
    /// defaults hold.
    fn ask(&self, account: Arc<Account>) -> BoxFuture<'_, ()>;
}

/// The value of an attribute, if it can be one: short, and without control characters, of
/// which JSON would make six bytes each.
#[must_use]
pub fn attribute_value(text: &str) -> Option<&str> {
    (text.len() <= ATTRIBUTE_BYTES_MAX && !text.contains(char::is_control)).then_some(text)
}
