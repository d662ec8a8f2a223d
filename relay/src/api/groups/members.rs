use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::{ConvId, ErrorCode, Micros, Role, UserId};
use serde::{Deserialize, Serialize};

use super::change::check_conv;
use crate::{
    api::{
        ApiError, Caller,
        endpoint::{Endpoint, Example, Who},
        params,
    },
    app::App,
    store::{self, GroupQuery, MembersQuery, Refusal},
};

pub(in crate::api) struct Members;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// The group or channel.
    conv: ConvId,
    /// `next` of the page before; the first page if absent.
    after: Option<UserId>,
    /// How many at most, from 1 to 200; more is taken as 200. Default 50.
    limit: Option<u16>,
    /// The app's server asks as this user; otherwise in its own right.
    #[serde(rename = "as")]
    as_user: Option<UserId>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api) struct Value {
    /// By user id.
    members: Vec<Member>,
    /// Asks for the next page, as `after`; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<UserId>,
}

/// Someone who belongs to a group or channel.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Member {
    /// Who.
    user: UserId,
    /// What she may do.
    role: Role,
    /// When she came, in microseconds since 1970.
    joined_us: Micros,
    /// Cannot send until then; zero if she can.
    muted_until_us: Micros,
}

impl From<store::Member> for Member {
    fn from(member: store::Member) -> Self {
        Self {
            user: member.user,
            role: member.role,
            joined_us: member.joined,
            muted_until_us: member.muted_until,
        }
    }
}

impl Endpoint for Members {
    const NAME: &'static str = "groups.members";
    const SUMMARY: &'static str = "Lists the members of a group or channel, by user id.";
    const WHO: Who = Who::Everyone;
    const ERRORS: &'static [ErrorCode] = &[ErrorCode::ConversationUnknown];
    const EXAMPLE: Example = Example {
        params: r#"{"conv":"group:crew","limit":1}"#,
        value: r#"{"members":[{"user":"alice","role":"owner","joined_us":1795000000000000,"muted_until_us":0}],"next":"alice"}"#,
    };
    type Params = Params;
    type Value = Value;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Value, ApiError> {
        check_conv(&params.conv)?;
        let limit = params::limit(params.limit)?;
        let query = MembersQuery {
            group: GroupQuery {
                actor: caller.acting_as(params.as_user)?,
                conv: params.conv,
            },
            after: params.after,
            // One more tells whether there is a next page.
            limit: limit + 1,
        };
        let found = app.store.members(query).await?;
        let mut members = found.ok_or(Refusal::ConversationUnknown)?;
        let has_more = members.len() > limit;
        members.truncate(limit);
        Ok(Value {
            next: members
                .last()
                .filter(|_| has_more)
                .map(|member| member.user.clone()),
            members: members.into_iter().map(Member::from).collect(),
        })
    }
}
