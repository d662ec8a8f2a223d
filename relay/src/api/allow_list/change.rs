//! Changes the allow-list, and shows it on this relay at once.

use std::{collections::BTreeSet, sync::Arc};

use schemars::JsonSchema;
use seqline_protocol::UserId;
use serde::Serialize;

use crate::{
    api::{ApiError, Caller},
    http::App,
    limits::ALLOW_LIST_MAX,
    store::AllowListChange,
};

/// An app's allow-list.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AllowList")]
pub(in crate::api) struct AllowList {
    /// All users that are on it, sorted.
    pub(super) users: BTreeSet<UserId>,
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
    Ok(AllowList { users })
}
