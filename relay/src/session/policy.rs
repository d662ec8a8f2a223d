//! Which of a user's devices may be connected at the same time.

use seqline_protocol::Label;

/// Which of a user's devices may be connected at the same time. The one that comes
/// stays; those that it excludes are ended, with the reason `device_policy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DevicePolicy {
    /// Any number.
    #[default]
    Any,
    /// One of each platform: a phone and a desktop, but not two phones.
    OnePerPlatform,
    /// One at all.
    One,
}

impl DevicePolicy {
    /// Whether a device that comes ends another one of the same user.
    #[must_use]
    pub fn excludes(self, coming: &Label, other: &Label) -> bool {
        match self {
            Self::Any => false,
            Self::OnePerPlatform => coming == other,
            Self::One => true,
        }
    }
}
