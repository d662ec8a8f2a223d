use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::{ConvId, ErrorCode, UserId};
use serde::Deserialize;

use super::change::{Changed, change, check_some_users};
use crate::{
    api::{
        ApiError, Caller,
        endpoint::{Endpoint, Example, Who},
    },
    app::App,
    store::GroupAction,
};

pub(in crate::api) struct Remove;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// The group or channel.
    conv: ConvId,
    /// Who, at most 100 in one call.
    users: Vec<UserId>,
    /// The app's server acts as this user, with her role; otherwise in its own right.
    #[serde(rename = "as")]
    as_user: Option<UserId>,
}

impl Endpoint for Remove {
    const NAME: &'static str = "groups.remove";
    const SUMMARY: &'static str = "Sends members away.";
    const DETAILS: &'static str = "Admins may, but not other admins or the owner.";
    const WHO: Who = Who::Everyone;
    const ERRORS: &'static [ErrorCode] = &[
        ErrorCode::ConversationUnknown,
        ErrorCode::NotAllowed,
        ErrorCode::UserUnknown,
    ];
    const EXAMPLE: Example = Example {
        params: r#"{"conv":"group:crew","users":["carol"]}"#,
        value: r#"{"changed":["carol"],"members":2}"#,
    };
    type Params = Params;
    type Value = Changed;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Changed, ApiError> {
        check_some_users(&params.users)?;
        let actor = caller.acting_as(params.as_user)?;
        let action = GroupAction::Remove(params.users);
        change(app, actor, params.conv, action).await
    }
}
