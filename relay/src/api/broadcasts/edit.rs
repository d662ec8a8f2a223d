use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::{BroadcastId, ErrorCode};
use serde::Deserialize;

use super::{
    command::{self, check_draft, command, row},
    record::{Record, example},
};
use crate::{
    api::{
        ApiError, Caller,
        endpoint::{Endpoint, Example, Who},
    },
    app::App,
    store::{Audience, BroadcastAction, BroadcastContent, BroadcastDraft, BroadcastState},
};

pub(in crate::api) struct Edit;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// Which broadcast.
    id: BroadcastId,
    /// As it was seen: at another revision it is refused as `revision_conflict`.
    revision: u32,
    /// What it says from now on; as before, if absent.
    content: Option<BroadcastContent>,
    /// Who sees it from now on, all conditions anew; as before, if absent.
    audience: Option<Audience>,
    /// Whether each device shows it as new; as before, if absent.
    every_device: Option<bool>,
}

impl Endpoint for Edit {
    const NAME: &'static str = "broadcasts.edit";
    const SUMMARY: &'static str = "Changes what a broadcast says, or who sees it.";
    const DETAILS: &'static str = "In any state but `recalled`. If it is shown to anyone, devices \
        that have it get the new text as a new `version` of the same broadcast, and those that it \
        is not for any more remove it. If somebody else changed it meanwhile, nothing is done \
        (`revision_conflict`, whose text says who): load it, look, and edit again.";
    const WHO: Who = Who::Operators;
    const ERRORS: &'static [ErrorCode] = command::ERRORS;
    const EXAMPLE: Example = Example {
        params: r#"{"id":7,"revision":3,"content":{"title":"Sale","body":"Dear {{name|friend}}, the sale has begun."}}"#,
        value: example!(
            "published",
            r#""revision":4,"staging":{"allow_list":true,"percent":5},"pub_seq":13,"changed_us":1795000300000000,"published_us":1795000100000000"#
        ),
    };
    type Params = Params;
    type Value = Record;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Record, ApiError> {
        let row = row(app, caller, params.id).await?;
        // A conflict, or a wrong state, is said first.
        let may_edit = row.revision == params.revision && row.state != BroadcastState::Recalled;
        let draft = BroadcastDraft {
            content: params.content.unwrap_or(row.content),
            audience: params.audience.unwrap_or(row.audience),
            every_device: params.every_device.unwrap_or(row.every_device),
        };
        if may_edit {
            check_draft(app, &draft, app.clock.now().wall)?;
        }
        let of = Some((params.id, params.revision));
        command(app, caller, of, BroadcastAction::Edit(Box::new(draft))).await
    }
}
