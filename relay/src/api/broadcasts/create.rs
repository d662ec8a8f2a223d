use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::ErrorCode;
use serde::Deserialize;

use super::{
    command::{check_draft, command},
    record::{Record, example},
};
use crate::{
    api::{
        ApiError, Caller,
        endpoint::{Endpoint, Example, Who},
    },
    app::App,
    store::{Audience, BroadcastAction, BroadcastContent, BroadcastDraft},
};

pub(in crate::api) struct Create;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// What it says. Title (at most 256 bytes) and body (at most 32 KiB as JSON writes it) may
    /// hold placeholders, `{{name}}` or `{{name|friend}}`, whose names the relay is configured
    /// with (`--broadcast-attributes`).
    content: BroadcastContent,
    /// Who sees it, and when. Everyone, from its publication on and for ever, if absent.
    #[serde(default)]
    audience: Audience,
    /// Whether each device shows it as new; otherwise the first one of a user does.
    #[serde(default)]
    every_device: bool,
}

impl Endpoint for Create {
    const NAME: &'static str = "broadcasts.create";
    const SUMMARY: &'static str = "Makes a draft of a message to all users.";
    const DETAILS: &'static str = "Nobody is shown it before it is staged or published. What could \
        not be published is refused here already, with the name of each field; `broadcasts.preview` \
        tells the same without making anything. At most 256 broadcasts of an app may be drafted or \
        shown (`state_forbidden`).";
    const WHO: Who = Who::Operators;
    const ERRORS: &'static [ErrorCode] = &[ErrorCode::StateForbidden];
    const EXAMPLE: Example = Example {
        params: r#"{"content":{"title":"Sale","body":"Dear {{name|friend}}, the sale has begun."},"audience":{"expires_us":1795600000000000,"segments":["gold"]}}"#,
        value: example!(
            "draft",
            r#""revision":1,"staging":{"allow_list":false,"percent":0},"changed_us":1795000000000000"#
        ),
    };
    type Params = Params;
    type Value = Record;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Record, ApiError> {
        let draft = BroadcastDraft {
            content: params.content,
            audience: params.audience,
            every_device: params.every_device,
        };
        check_draft(app, &draft, app.clock.now().wall)?;
        command(app, caller, None, BroadcastAction::Create(Box::new(draft))).await
    }
}
