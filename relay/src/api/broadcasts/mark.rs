//! Marks what a user has seen.

use std::sync::Arc;

use seqline_protocol::BroadcastId;

use crate::{
    api::{
        ApiError, Caller, Place,
        commit::{commit, unexpected},
    },
    app::App,
    limits::SEEN_MAX,
    store::{Done, Op, Seen},
};

/// Marks broadcasts as seen, or as opened, by the calling user. Gives those that her device has
/// as new.
pub(super) async fn mark(
    app: &Arc<App>,
    caller: &Caller,
    ids: Vec<BroadcastId>,
    opened: bool,
) -> Result<Vec<BroadcastId>, ApiError> {
    if !(1..=SEEN_MAX).contains(&ids.len()) {
        let why = format!("from 1 to {SEEN_MAX} broadcasts, these are {}", ids.len());
        return Err(ApiError::field("ids", why));
    }
    let viewer = caller.viewer()?;
    let now = app.clock.now().wall;
    // One that this relay has not heard of yet may come from another relay, which polled
    // earlier: storage knows whether anyone was ever shown it.
    let is_known = |id| app.public.broadcast(caller.app(), id).is_some();
    let (known, unheard): (Vec<_>, Vec<_>) = ids.into_iter().partition(|id| is_known(*id));
    let mut broadcasts = known;
    broadcasts.retain(|id| app.public.may_keep(viewer, *id, now));
    let counted = broadcasts.clone();
    broadcasts.extend(unheard);
    if broadcasts.is_empty() {
        return Ok(broadcasts);
    }
    let seen = Seen {
        account: Arc::clone(viewer.account()),
        broadcasts,
        device: match &caller.place {
            Place::Socket { device, .. } => Some(device.clone()),
            Place::Http => None,
        },
        opened,
    };
    let new = match commit(app, Op::Seen(seen)).await? {
        Done::Seen { new } => new,
        other => return Err(unexpected(&other)),
    };
    if opened {
        let (user, host) = (&viewer.account().user, viewer.host().as_str());
        for id in counted {
            app.reach.opened(user, host, id, now);
        }
    }
    Ok(new)
}
