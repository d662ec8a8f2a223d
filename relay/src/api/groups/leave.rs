use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::{ConvId, ErrorCode, UserId};
use serde::Deserialize;

use super::change::{Changed, change};
use crate::{
    api::{
        ApiError, Caller,
        endpoint::{Endpoint, Example, Who},
    },
    app::App,
    store::{Actor, GroupAction},
};

pub(in crate::api) struct Leave;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// The group or channel.
    conv: ConvId,
    /// Who: the app's server names the user.
    #[serde(rename = "as")]
    as_user: Option<UserId>,
}

impl Endpoint for Leave {
    const NAME: &'static str = "groups.leave";
    const SUMMARY: &'static str = "Leaves a group or channel.";
    const DETAILS: &'static str = "Its owner transfers it first, or dissolves it.";
    const WHO: Who = Who::Everyone;
    const ERRORS: &'static [ErrorCode] = &[ErrorCode::ConversationUnknown, ErrorCode::NotAllowed];
    const EXAMPLE: Example = Example {
        params: r#"{"conv":"channel:news"}"#,
        value: r#"{"changed":["alice"],"members":1199}"#,
    };
    type Params = Params;
    type Value = Changed;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Changed, ApiError> {
        let actor = caller.user("as", params.as_user).map(Actor::User)?;
        let action = GroupAction::Leave;
        change(app, actor, params.conv, action).await
    }
}
