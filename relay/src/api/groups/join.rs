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

pub(in crate::api) struct Join;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// The group or channel.
    conv: ConvId,
    /// Who: the app's server names the user.
    #[serde(rename = "as")]
    as_user: Option<UserId>,
}

impl Endpoint for Join {
    const NAME: &'static str = "groups.join";
    const SUMMARY: &'static str = "Joins a group or channel, where its rule lets anyone.";
    const DETAILS: &'static str = "Following a channel is joining it.";
    const WHO: Who = Who::Everyone;
    const ERRORS: &'static [ErrorCode] = &[
        ErrorCode::ConversationUnknown,
        ErrorCode::NotAllowed,
        ErrorCode::ConversationFull,
    ];
    const EXAMPLE: Example = Example {
        params: r#"{"conv":"channel:news"}"#,
        value: r#"{"changed":["alice"],"members":1200}"#,
    };
    type Params = Params;
    type Value = Changed;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Changed, ApiError> {
        let actor = caller.user("as", params.as_user).map(Actor::User)?;
        let action = GroupAction::Join;
        change(app, actor, params.conv, action).await
    }
}
