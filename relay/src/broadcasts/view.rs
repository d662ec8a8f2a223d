//! The view: all that decides what a user can see now, apart from the numbers of changes, in
//! a few characters. A device sends it back; where it is another one by then, what the device
//! passed by may be for it now, and it is told the whole list.
//!
//! While a whole list takes several pages, the view is followed by the number from which
//! the list began, and a `+`: `0123456789ab.17+`.

use seqline_protocol::{Micros, PubSeq};

use super::{snapshot::AppSnapshot, viewer::Viewer};

impl Viewer {
    /// This user's view of an app's mailbox.
    pub(super) fn view(&self, app: &AppSnapshot, now: Micros) -> String {
        let begun = app.newest_begun(now);
        let listed = u64::from(app.allows(self));
        let hash = mixed(mixed(self.fingerprint() ^ listed) ^ begun.get());
        format!("{:012x}", hash >> 16)
    }
}

/// SplitMix64's last steps: every bit of the input changes half of the output's.
fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// The view of a list of which more is to come.
pub(super) fn unfinished(view: &str, began_at: PubSeq) -> String {
    format!("{view}.{began_at}+")
}

/// Where the list began that a device is in the middle of, if that is a list of this view.
pub(super) fn began_at(given: &str, view: &str) -> Option<PubSeq> {
    let number = given
        .strip_suffix('+')?
        .strip_prefix(view)?
        .strip_prefix('.')?;
    PubSeq::new(number.parse().ok()?).ok()
}
