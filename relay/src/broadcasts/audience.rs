//! Who a broadcast is for.

use seqline_protocol::{BroadcastId, UserId};
use sha2::{Digest as _, Sha256};

use super::{version::Version, viewer::Viewer};
use crate::store::{Audience, Staging};

/// An [`Audience`] with what is compared made ready.
#[derive(Debug)]
pub(super) struct Ready {
    /// None if the version asked for is no version: then it is for no one.
    app_version_min: Option<Option<Version>>,
    app_version_max: Option<Option<Version>>,
}

impl Ready {
    pub(super) fn new(audience: &Audience) -> Self {
        let parse = |text: &Option<String>| text.as_deref().map(Version::parse);
        Self {
            app_version_min: parse(&audience.app_version_min),
            app_version_max: parse(&audience.app_version_max),
        }
    }

    /// Whether it is for this user, apart from the time.
    pub(super) fn admits(&self, audience: &Audience, viewer: &Viewer, is_listed: bool) -> bool {
        let hosts = &audience.hosts;
        let segments = &audience.segments;
        (!audience.members_only || !viewer.is_guest())
            && (!audience.allow_list_only || is_listed)
            && (hosts.is_empty() || hosts.contains(viewer.host()))
            && (segments.is_empty() || !segments.is_disjoint(viewer.segments()))
            && self.admits_version(viewer.version())
    }

    fn admits_version(&self, version: Option<&Version>) -> bool {
        let holds =
            |bound: &Option<Option<Version>>, test: fn(&Version, &Version) -> bool| match bound {
                None => true,
                Some(bound) => bound
                    .as_ref()
                    .zip(version)
                    .is_some_and(|(bound, version)| test(version, bound)),
            };
        holds(&self.app_version_min, Version::is_at_least)
            && holds(&self.app_version_max, Version::is_at_most)
    }
}

/// Whether a user is among those that a broadcast is tried out on.
pub(super) fn is_tried_on(
    staging: Staging,
    id: BroadcastId,
    user: &UserId,
    is_listed: bool,
) -> bool {
    (staging.allow_list && is_listed) || (staging.percent > 0 && bucket(id, user) < staging.percent)
}

/// In which of a hundred equal parts of all users this one is, for this broadcast: the first
/// eight bytes of SHA-256 of `ID:USER`, most significant first, modulo 100. A user who is among the first
/// five percent is among the first ten; and for the next broadcast they are others.
#[must_use]
pub fn bucket(id: BroadcastId, user: &UserId) -> u8 {
    let digest = Sha256::digest(format!("{id}:{user}"));
    let number = digest
        .iter()
        .take(8)
        .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    u8::try_from(number % 100).unwrap_or_default()
}
