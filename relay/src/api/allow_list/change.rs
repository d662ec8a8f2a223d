//! Changes the allow-list, and shows it on this relay at once.

use std::{collections::BTreeSet, sync::Arc};

use schemars::JsonSchema;
use seqline_protocol::UserId;
use serde::Serialize;

use crate::{
    api::{ApiError, Caller},
    app::App,
    limits::ALLOW_LIST_MAX,
    store::AllowListChange,
};

/// An app's allow-list.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AllowList")]
pub(in crate::api) struct AllowList {
    /// The users whom operators have put on it, sorted.
    users: BTreeSet<UserId>,
    /// Those who are on it by the relay's configuration, whatever operators do; absent if there
    /// are none.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    configured: BTreeSet<UserId>,
}

impl AllowList {
    pub(super) fn new(app: &App, caller: &Caller, users: BTreeSet<UserId>) -> Self {
        let configured = app.public.rules().allow_lists.get(caller.app());
        Self {
            users,
            configured: configured.cloned().unwrap_or_default(),
        }
    }
}

pub(super) async fn change(
    app: &Arc<App>,
    caller: &Caller,
    change: AllowListChange,
) -> Result<AllowList, ApiError> {
    let (of, operator) = (caller.app(), caller.operator()?);
    let now = app.clock.now().wall;
    let changed = app.store.change_allow_list(of, operator, change, now);
    let users = changed.await?.map_err(|count| {
        let why = format!("{count} users would be on the list, and {ALLOW_LIST_MAX} may be");
        ApiError::field("users", why)
    })?;
    app.public.refresh().await;
    Ok(AllowList::new(app, caller, users))
}
