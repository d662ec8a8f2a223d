//! Users, for the app's server.

mod named;

pub(super) use self::named::{Named, named_users};
