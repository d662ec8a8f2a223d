use std::{collections::BTreeSet, sync::Arc};

use schemars::JsonSchema;
use seqline_protocol::ErrorCode;
use serde::{Deserialize, Serialize};

use crate::{
    api::{
        ApiError, Caller,
        endpoint::{Endpoint, Example, Who},
    },
    app::App,
    broadcasts::{Attributes, Problem, Template, check},
    store::{Audience, BroadcastContent, BroadcastDraft},
};

pub(in crate::api) struct Preview;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// What it would say.
    content: BroadcastContent,
    /// Who would see it.
    #[serde(default)]
    audience: Audience,
    /// Whether each device would show it as new.
    #[serde(default)]
    every_device: bool,
    /// What is known of the user who reads it: texts by name, as in a token's `attributes`.
    #[serde(default)]
    attributes: Attributes,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api) struct Value {
    /// The headline as that user reads it. As it was given, if it holds what is no placeholder.
    title: String,
    /// The text as that user reads it.
    body: String,
    /// The names of its placeholders.
    placeholders: BTreeSet<String>,
    /// What would be refused; empty if it could be published.
    problems: Vec<Problem>,
}

impl Endpoint for Preview {
    const NAME: &'static str = "broadcasts.preview";
    const SUMMARY: &'static str =
        "Tells how a user would read a broadcast, and what would be refused of it.";
    const DETAILS: &'static str = "Makes and changes nothing. `problems` has every field that \
        `broadcasts.create`, `broadcasts.edit` or `broadcasts.publish` would refuse.";
    const WHO: Who = Who::Operators;
    const ERRORS: &'static [ErrorCode] = &[];
    const EXAMPLE: Example = Example {
        params: r#"{"content":{"title":"Sale","body":"Dear {{name|friend}}, the sale has begun."},"audience":{"app_version_min":"four"},"attributes":{"name":"Alice"}}"#,
        value: r#"{"title":"Sale","body":"Dear Alice, the sale has begun.","placeholders":["name"],"problems":[{"field":"audience.app_version_min","message":"`four` is no version: numbers with dots, such as 4.2.1"}]}"#,
    };
    type Params = Params;
    type Value = Value;

    async fn run(app: &Arc<App>, _: &Caller, params: Params) -> Result<Value, ApiError> {
        let draft = BroadcastDraft {
            content: params.content,
            audience: params.audience,
            every_device: params.every_device,
        };
        let names = &app.public.rules().attribute_names;
        let problems = check(&draft, names, app.clock.now().wall);
        let (title, body) = (
            template(&draft.content.title),
            template(&draft.content.body),
        );
        let read = |template: &Template| {
            template.fill(|name| params.attributes.get(name).map(String::as_str))
        };
        let placeholders = title.names().chain(body.names());
        Ok(Value {
            title: read(&title),
            body: read(&body),
            placeholders: placeholders.map(str::to_owned).collect(),
            problems,
        })
    }
}

/// What is no template is a problem, and is shown as it is.
fn template(text: &str) -> Template {
    Template::parse(text).unwrap_or_else(|_| Template::literal(text))
}
