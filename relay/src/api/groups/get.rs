use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::{ConvId, ConvSeq, ErrorCode, JoinRule, Micros, UserId};
use serde::{Deserialize, Serialize};

use super::{change::check_conv, members::Member};
use crate::{
    api::{
        ApiError, Caller,
        endpoint::{Endpoint, Example, Who},
    },
    app::App,
    store::{GroupQuery, Refusal},
};

pub(in crate::api) struct Get;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// The group or channel.
    conv: ConvId,
    /// The app's server asks as this user; otherwise in its own right.
    #[serde(rename = "as")]
    as_user: Option<UserId>,
}

/// A group or channel.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api) struct Value {
    /// Its id.
    conv: ConvId,
    /// Whose it is.
    owner: UserId,
    /// What it is called.
    title: String,
    /// What members are to know; empty if nothing.
    announcement: String,
    /// Who may join.
    join: JoinRule,
    /// Whether only admins send for now.
    muted: bool,
    /// Whether it has ended.
    dissolved: bool,
    /// Whether it is a large one, with a timeline of its own.
    crowd: bool,
    /// How many belong to it.
    members: u32,
    /// Position of its newest message; zero if there is none.
    head: ConvSeq,
    /// When it was made, in microseconds since 1970.
    created_us: Micros,
    /// The asking user's own place in it; absent for the app's server.
    #[serde(skip_serializing_if = "Option::is_none")]
    own: Option<Member>,
}

impl Endpoint for Get {
    const NAME: &'static str = "groups.get";
    const SUMMARY: &'static str = "Tells what a group or channel is like.";
    const WHO: Who = Who::Everyone;
    const ERRORS: &'static [ErrorCode] = &[ErrorCode::ConversationUnknown];
    const EXAMPLE: Example = Example {
        params: r#"{"conv":"group:crew"}"#,
        value: r#"{"conv":"group:crew","owner":"alice","title":"Crew","announcement":"","join":"invited","muted":false,"dissolved":false,"crowd":false,"members":2,"head":7,"created_us":1795000000000000,"own":{"user":"alice","role":"owner","joined_us":1795000000000000,"muted_until_us":0}}"#,
    };
    type Params = Params;
    type Value = Value;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Value, ApiError> {
        check_conv(&params.conv)?;
        let query = GroupQuery {
            actor: caller.acting_as(params.as_user)?,
            conv: params.conv,
        };
        let found = app.store.group(query).await?;
        let group = found.ok_or(Refusal::ConversationUnknown)?;
        Ok(Value {
            conv: group.conv,
            owner: group.owner,
            title: group.title,
            announcement: group.announcement,
            join: group.join,
            muted: group.is_muted,
            dissolved: group.is_dissolved,
            crowd: group.is_crowd,
            members: group.members,
            head: group.head,
            created_us: group.created,
            own: group.own.map(Member::from),
        })
    }
}
