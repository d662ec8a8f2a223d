//! A user's private timeline.

mod pull;

pub(super) use self::pull::Pull;
