use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::{ConvId, ErrorCode, JoinRule, UserId};
use serde::Deserialize;

use super::change::{Changed, change, check_title, check_users};
use crate::{
    api::{
        ApiError, Caller,
        endpoint::{Endpoint, Example, Who},
    },
    app::App,
    store::{Actor, GroupAction},
};

pub(in crate::api) struct Create;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// Its id, which the caller chooses: `group:…` or `channel:…`.
    conv: ConvId,
    /// What it is called, at most 256 bytes.
    title: String,
    /// Members beside the owner, at most 100; more are invited afterwards.
    #[serde(default)]
    users: Vec<UserId>,
    /// Who may join; by default anyone joins a channel, and members invite to a group.
    join: Option<JoinRule>,
    /// Whose it is: the app's server names a user. Of a user's call, it is hers.
    owner: Option<UserId>,
    /// The app's server acts as this user, who becomes the owner.
    #[serde(rename = "as")]
    as_user: Option<UserId>,
}

impl Endpoint for Create {
    const NAME: &'static str = "groups.create";
    const SUMMARY: &'static str = "Makes a group or a channel.";
    const DETAILS: &'static str = "In a channel only admins send, and anyone follows it. A group \
        turns by itself into a large one with a timeline of its own when it reaches 500 members; a \
        channel has one from the first day.";
    const WHO: Who = Who::Everyone;
    const ERRORS: &'static [ErrorCode] =
        &[ErrorCode::ConversationExists, ErrorCode::ConversationFull];
    const EXAMPLE: Example = Example {
        params: r#"{"conv":"group:crew","title":"Crew","users":["bob"]}"#,
        value: r#"{"changed":["bob"],"members":2}"#,
    };
    type Params = Params;
    type Value = Changed;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Changed, ApiError> {
        check_title(&params.title)?;
        check_users(&params.users)?;
        let actor = caller.acting_as(params.as_user)?;
        match (&actor, &params.owner) {
            (Actor::Server(_), None) => {
                let why = "it is missing: the app's server says whose it is";
                return Err(ApiError::field("owner", why));
            }
            (Actor::User(_), Some(_)) => {
                let why = "only the app's server names one; a user's group is her own";
                return Err(ApiError::field("owner", why));
            }
            _ => {}
        }
        let action = GroupAction::Create {
            owner: params.owner,
            title: params.title,
            join: params.join,
            users: params.users,
        };
        change(app, actor, params.conv, action).await
    }
}
