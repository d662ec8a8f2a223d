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

pub(in crate::api) struct Invite;

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

impl Endpoint for Invite {
    const NAME: &'static str = "groups.invite";
    const SUMMARY: &'static str = "Takes users into a group or channel.";
    const DETAILS: &'static str = "In a group, members may by default (`join`). Who belongs to it already stays as she is. Either all are taken in or none.";
    const WHO: Who = Who::Everyone;
    const ERRORS: &'static [ErrorCode] = &[
        ErrorCode::ConversationUnknown,
        ErrorCode::NotAllowed,
        ErrorCode::ConversationFull,
    ];
    const EXAMPLE: Example = Example {
        params: r#"{"conv":"group:crew","users":["carol"]}"#,
        value: r#"{"changed":["carol"],"members":3}"#,
    };
    type Params = Params;
    type Value = Changed;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Changed, ApiError> {
        check_some_users(&params.users)?;
        let actor = caller.acting_as(params.as_user)?;
        let action = GroupAction::Invite(params.users);
        change(app, actor, params.conv, action).await
    }
}
