//! One user on one device, as far as it matters what she sees.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use seqline_protocol::Label;
use sha2::{Digest as _, Sha256};

use super::version::Version;
use crate::{account::Account, auth::Profile};

/// Who looks into the public mailbox: what her token and `hello` say.
#[derive(Debug, Clone)]
pub struct Viewer {
    account: Arc<Account>,
    profile: Profile,
    host: Label,
    app_version: Option<String>,
    version: Option<Version>,
    /// When she came, by the relay's uptime.
    since: Duration,
    fingerprint: u64,
}

impl Viewer {
    /// Someone who came just now.
    #[must_use]
    pub fn new(
        account: Arc<Account>,
        profile: Profile,
        host: Label,
        app_version: Option<String>,
        since: Duration,
    ) -> Self {
        let version = app_version.as_deref().and_then(Version::of_app);
        let fingerprint = fingerprint(&account, &profile, &host, app_version.as_deref());
        Self {
            account,
            profile,
            host,
            app_version,
            version,
            since,
            fingerprint,
        }
    }

    /// The same with a fresh token.
    #[must_use]
    pub fn with_profile(&self, profile: Profile) -> Self {
        let (host, app_version) = (self.host.clone(), self.app_version.clone());
        Self::new(
            Arc::clone(&self.account),
            profile,
            host,
            app_version,
            self.since,
        )
    }

    /// Whose it is.
    #[must_use]
    pub fn account(&self) -> &Arc<Account> {
        &self.account
    }

    /// What runs the client.
    #[must_use]
    pub fn host(&self) -> &Label {
        &self.host
    }

    /// Whether she has not logged in.
    #[must_use]
    pub fn is_guest(&self) -> bool {
        self.profile.guest
    }

    /// The segments that she is in.
    #[must_use]
    pub fn segments(&self) -> &BTreeSet<Label> {
        &self.profile.segments
    }

    /// An attribute, if the token says it.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.profile.attributes.get(name).map(String::as_str)
    }

    pub(super) fn version(&self) -> Option<&Version> {
        self.version.as_ref()
    }

    pub(super) fn since(&self) -> Duration {
        self.since
    }

    /// The same on every relay and after every restart.
    pub(super) fn fingerprint(&self) -> u64 {
        self.fingerprint
    }
}

fn fingerprint(
    account: &Account,
    profile: &Profile,
    host: &Label,
    app_version: Option<&str>,
) -> u64 {
    let mut hash = Sha256::new();
    // No field holds a zero byte, apart from the version, which comes last.
    let mut add = |field: &str| {
        hash.update(field);
        hash.update([0]);
    };
    add(account.user.as_str());
    add(if profile.guest { "guest" } else { "member" });
    profile.segments.iter().for_each(|one| add(one.as_str()));
    add("");
    add(host.as_str());
    add(app_version.unwrap_or_default());
    let digest = hash.finalize();
    let bytes = digest.iter().take(8);
    bytes.fold(0, |number, byte| number << 8 | u64::from(*byte))
}
