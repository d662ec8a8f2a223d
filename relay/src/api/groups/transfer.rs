use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::{ConvId, ErrorCode, UserId};
use serde::Deserialize;

use super::change::apply;
use crate::{
    api::{
        ApiError, Caller,
        commit::Nothing,
        endpoint::{Endpoint, Example, Who},
    },
    app::App,
    store::GroupAction,
};

pub(in crate::api) struct Transfer;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// The group or channel.
    conv: ConvId,
    /// The new owner, a member.
    user: UserId,
    /// The app's server acts as this user, with her role; otherwise in its own right.
    #[serde(rename = "as")]
    as_user: Option<UserId>,
}

impl Endpoint for Transfer {
    const NAME: &'static str = "groups.transfer";
    const SUMMARY: &'static str = "Makes a member the owner; the old one becomes an admin.";
    const DETAILS: &'static str = "Its owner may, and the app's server.";
    const WHO: Who = Who::Everyone;
    const ERRORS: &'static [ErrorCode] = &[
        ErrorCode::ConversationUnknown,
        ErrorCode::NotAllowed,
        ErrorCode::UserUnknown,
    ];
    const EXAMPLE: Example = Example {
        params: r#"{"conv":"group:crew","user":"bob"}"#,
        value: r#"{}"#,
    };
    type Params = Params;
    type Value = Nothing;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Nothing, ApiError> {
        let actor = caller.acting_as(params.as_user)?;
        let action = GroupAction::Transfer(params.user);
        apply(app, actor, params.conv, action).await
    }
}
