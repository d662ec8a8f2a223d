use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::{ConvId, ErrorCode, JoinRule, UserId};
use serde::Deserialize;

use super::change::{apply, check_announcement, check_title};
use crate::{
    api::{
        ApiError, Caller,
        commit::Nothing,
        endpoint::{Endpoint, Example, Who},
    },
    app::App,
    store::{GroupAction, GroupEdit},
};

pub(in crate::api) struct Edit;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// The group or channel.
    conv: ConvId,
    /// What it is called, at most 256 bytes.
    title: Option<String>,
    /// What members are to know, at most 4 KiB; empty takes it away.
    announcement: Option<String>,
    /// Who may join.
    join: Option<JoinRule>,
    /// The app's server acts as this user, with her role; otherwise in its own right.
    #[serde(rename = "as")]
    as_user: Option<UserId>,
}

impl Endpoint for Edit {
    const NAME: &'static str = "groups.edit";
    const SUMMARY: &'static str = "Changes title, announcement or rule: those that are given.";
    const DETAILS: &'static str = "Admins may.";
    const WHO: Who = Who::Everyone;
    const ERRORS: &'static [ErrorCode] = &[ErrorCode::ConversationUnknown, ErrorCode::NotAllowed];
    const EXAMPLE: Example = Example {
        params: r#"{"conv":"group:crew","announcement":"We meet on Friday."}"#,
        value: r#"{}"#,
    };
    type Params = Params;
    type Value = Nothing;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Nothing, ApiError> {
        check_edit(&params)?;
        let actor = caller.acting_as(params.as_user)?;
        let action = GroupAction::Edit(GroupEdit {
            title: params.title,
            announcement: params.announcement,
            join: params.join,
        });
        apply(app, actor, params.conv, action).await
    }
}

fn check_edit(params: &Params) -> Result<(), ApiError> {
    if params.title.is_none() && params.announcement.is_none() && params.join.is_none() {
        let why = "give one of title, announcement, join";
        return Err(ApiError::field("title", why));
    }
    params.title.as_deref().map_or(Ok(()), check_title)?;
    params
        .announcement
        .as_deref()
        .map_or(Ok(()), check_announcement)
}
