use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::{ConvId, ErrorCode, Micros, UserId};
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

pub(in crate::api) struct Mute;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// The group or channel.
    conv: ConvId,
    /// A member.
    user: UserId,
    /// Until when, in microseconds since 1970; zero lets her send again.
    until_us: Micros,
    /// The app's server acts as this user, with her role; otherwise in its own right.
    #[serde(rename = "as")]
    as_user: Option<UserId>,
}

impl Endpoint for Mute {
    const NAME: &'static str = "groups.mute";
    const SUMMARY: &'static str = "Lets a member not send until a time, or send again.";
    const DETAILS: &'static str = "Admins may, but not other admins or the owner.";
    const WHO: Who = Who::Everyone;
    const ERRORS: &'static [ErrorCode] = &[
        ErrorCode::ConversationUnknown,
        ErrorCode::NotAllowed,
        ErrorCode::UserUnknown,
    ];
    const EXAMPLE: Example = Example {
        params: r#"{"conv":"group:crew","user":"carol","until_us":1795003600000000}"#,
        value: r#"{}"#,
    };
    type Params = Params;
    type Value = Nothing;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Nothing, ApiError> {
        check_until(params.until_us, app.clock.now().wall)?;
        let actor = caller.acting_as(params.as_user)?;
        let action = GroupAction::Mute {
            user: params.user,
            until: params.until_us,
        };
        apply(app, actor, params.conv, action).await
    }
}

fn check_until(until: Micros, now: Micros) -> Result<(), ApiError> {
    if until != Micros::ZERO && until <= now {
        let why = "it is in the past; zero lets her send again";
        return Err(ApiError::field("until_us", why));
    }
    Ok(())
}
