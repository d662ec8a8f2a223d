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

pub(in crate::api) struct Role;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// The group or channel.
    conv: ConvId,
    /// A member.
    user: UserId,
    /// Her role from now on: `member` or `admin`. A new owner is made by `groups.transfer`.
    role: seqline_protocol::Role,
    /// The app's server acts as this user, with her role; otherwise in its own right.
    #[serde(rename = "as")]
    as_user: Option<UserId>,
}

impl Endpoint for Role {
    const NAME: &'static str = "groups.role";
    const SUMMARY: &'static str = "Makes a member an admin, or a plain member again.";
    const DETAILS: &'static str = "Its owner may, and the app's server.";
    const WHO: Who = Who::Everyone;
    const ERRORS: &'static [ErrorCode] = &[
        ErrorCode::ConversationUnknown,
        ErrorCode::NotAllowed,
        ErrorCode::UserUnknown,
    ];
    const EXAMPLE: Example = Example {
        params: r#"{"conv":"group:crew","user":"bob","role":"admin"}"#,
        value: r#"{}"#,
    };
    type Params = Params;
    type Value = Nothing;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Nothing, ApiError> {
        check_role(params.role)?;
        let actor = caller.acting_as(params.as_user)?;
        let action = GroupAction::SetRole {
            user: params.user,
            role: params.role,
        };
        apply(app, actor, params.conv, action).await
    }
}

fn check_role(role: seqline_protocol::Role) -> Result<(), ApiError> {
    if role == seqline_protocol::Role::Owner {
        let why = "a new owner is made by groups.transfer";
        return Err(ApiError::field("role", why));
    }
    Ok(())
}
