//! Describes the HTTP API as OpenAPI 3.1, from the methods themselves.

use std::{collections::BTreeMap, sync::OnceLock};

use schemars::{Schema, SchemaGenerator, generate::SchemaSettings};
use seqline_protocol::{ErrorCode, VERSION};
use serde_json::{Map, Value, json};

use super::{
    ApiError, Refused, Via, Who,
    registry::{METHODS, Method},
};
use crate::http::status_of;

/// The document, as JSON text.
#[must_use]
pub fn document() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| build().to_string())
}

/// What every method may answer.
const COMMON: &[ErrorCode] = &[
    ErrorCode::FrameMalformed,
    ErrorCode::FieldInvalid,
    ErrorCode::TokenInvalid,
    ErrorCode::TokenExpired,
    ErrorCode::ScopeForbidden,
    ErrorCode::FrameTooLarge,
    ErrorCode::Internal,
    ErrorCode::Overloaded,
    ErrorCode::Draining,
];

fn build() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let refused = generator.subschema_for::<Refused>();
    let mut paths = Map::new();
    let mut socket_methods = Map::new();
    let mut own_schemas = Map::new();
    for method in METHODS {
        let operation = operation(method, &refused, &mut generator, &mut own_schemas);
        match method.via {
            Via::Anywhere => {
                paths.insert(method.path(), json!({ "post": operation }));
            }
            Via::Socket => {
                socket_methods.insert(method.name.to_owned(), operation);
            }
        }
    }
    if let Some(item) = paths.get_mut(EXPORT_PATH).and_then(Value::as_object_mut) {
        item.insert("get".to_owned(), export(&refused));
    }
    let mut schemas = generator.take_definitions(true);
    schemas.append(&mut own_schemas);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Seqline relay",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Messages, groups and channels, search, devices, and broadcasts to every user.",
            "description": DESCRIPTION,
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "This relay" }],
        "tags": tags(),
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": { "token": {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": "A JSON Web Token of the app: `app`, `sub`, `scope` (`user`, \
                    `server` or `operator`), `exp`.",
            } },
        },
        "x-socket-methods": socket_methods,
        "x-protocol-version": VERSION,
    })
}

const DESCRIPTION: &str = "Every method is a POST with a JSON object, answered by a JSON object. \
    Users call the same methods over the open socket too: the frame `call` with the method's name, \
    which is the path without `/v1/` and with a dot (`groups.create`). Times are in microseconds \
    since 1970. A field that a method does not know is refused, with its name.\n\n\
    A token of scope `user` is one user's; one of scope `server` is the app's own server's, which \
    acts in its own right or in the name of a user (`as`, `from`, `user`); one of scope `operator` \
    is that of a person who runs the app, and its `sub` is the name that the audit trail keeps.\n\n\
    A refusal is `{\"error\":{\"code\",\"message\",\"retryable\"}}`; nothing of what was refused \
    was done.";

const GROUPS: &[(&str, &str)] = &[
    (
        "messages",
        "Messages, and what can be done to them afterwards.",
    ),
    (
        "conversations",
        "A user's conversations; whole conversations for the app's server.",
    ),
    ("timeline", "A user's private timeline."),
    ("groups", "Groups and channels."),
    ("devices", "A user's devices."),
    ("users", "Users, for the app's server."),
    ("presence", "Who is online, where users share it."),
    ("rooms", "Live rooms, which keep nothing."),
    (
        "broadcasts",
        "Messages to every user of an app: for operators, from draft to recall; for users, over \
         the open socket.",
    ),
    (
        "allow_list",
        "The users that broadcasts are tried out on, for operators.",
    ),
];

fn tags() -> Value {
    let is_used = |name: &str| METHODS.iter().any(|method| method.group() == name);
    GROUPS
        .iter()
        .filter(|(name, _)| is_used(name))
        .map(|(name, description)| json!({ "name": name, "description": description }))
        .collect()
}

fn operation(
    method: &Method,
    refused: &Schema,
    generator: &mut SchemaGenerator,
    own_schemas: &mut Map<String, Value>,
) -> Value {
    let mut own = |what: &str, schema: Schema| {
        let name = schema_name(method.name, what);
        let reference = json!({ "$ref": format!("#/components/schemas/{name}") });
        own_schemas.insert(name, schema.into());
        reference
    };
    let params = own("Params", (method.params)(generator));
    let value = own("Value", (method.value)(generator));
    let mut responses = refusals(method, refused);
    responses.insert(
        "200".to_owned(),
        json!({
            "description": "Done.",
            "content": { "application/json": {
                "schema": value,
                "example": example(method.example.value),
            } },
        }),
    );
    json!({
        "operationId": method.name,
        "tags": [method.group()],
        "summary": method.summary,
        "description": description(method),
        "security": security(method.who),
        "requestBody": {
            "required": true,
            "content": { "application/json": {
                "schema": params,
                "example": example(method.example.params),
            } },
        },
        "responses": responses,
    })
}

fn schema_name(method: &str, what: &str) -> String {
    let words = method.split(['.', '_']);
    let capitalized = words.map(|word| {
        let (first, rest) = word.split_at(1);
        format!("{}{rest}", first.to_uppercase())
    });
    capitalized.chain([what.to_owned()]).collect()
}

fn description(method: &Method) -> String {
    let who = match method.who {
        Who::Everyone => "Called by users and by the app's server.",
        Who::EveryoneAndOperators => "Called by users, by the app's server and by operators.",
        Who::Users => "Called by users.",
        Who::Server => "Called by the app's server.",
        Who::ServerAndOperators => "Called by the app's server and by operators.",
        Who::Operators => "Called by operators.",
    };
    let via = match method.via {
        Via::Anywhere => "",
        Via::Socket => " Over the open socket only.",
    };
    format!("{}\n\n{who}{via}", method.details)
        .trim()
        .to_owned()
}

/// What OpenAPI calls roles are the token's scopes here.
fn security(who: Who) -> Value {
    who.scopes()
        .iter()
        .map(|scope| json!({ "token": [scope.as_str()] }))
        .collect()
}

/// One response for each status, with its codes.
fn refusals(method: &Method, refused: &Schema) -> Map<String, Value> {
    let mut by_status: BTreeMap<u16, Vec<ErrorCode>> = BTreeMap::new();
    for code in COMMON.iter().chain(method.errors) {
        let codes = by_status.entry(status_of(*code).as_u16()).or_default();
        if !codes.contains(code) {
            codes.push(*code);
        }
    }
    let responses = by_status.into_iter().map(|(status, codes)| {
        let names: Vec<String> = codes.iter().map(|code| format!("`{code}`")).collect();
        let examples: Map<String, Value> = codes
            .iter()
            .map(|code| {
                (
                    code.as_str().to_owned(),
                    json!({ "value": Refused::from(ApiError::new(*code, EXPLANATION)) }),
                )
            })
            .collect();
        let response = json!({
            "description": format!("Refused: {}.", names.join(", ")),
            "content": { "application/json": { "schema": refused, "examples": examples } },
        });
        (status.to_string(), response)
    });
    responses.collect()
}

const EXPLANATION: &str = "what is wrong, and what to do";

fn example(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

const EXPORT_PATH: &str = "/v1/conversations/export";

/// The one method that is also there as a plain download.
fn export(refused: &Schema) -> Value {
    let parameter = |name: &str, is_required: bool, schema: Value, description: &str| {
        json!({
            "name": name,
            "in": "query",
            "required": is_required,
            "schema": schema,
            "description": description,
        })
    };
    let method = super::registry::find("conversations.export");
    let mut responses = method
        .map(|method| refusals(method, refused))
        .unwrap_or_default();
    responses.insert(
        "200".to_owned(),
        json!({
            "description": "One message a line. A line `{\"error\":…}` at the end says that the \
                export broke off; go on after the last `conv_seq`.",
            "content": { "application/x-ndjson": {
                "schema": { "$ref": "#/components/schemas/Message" },
            } },
        }),
    );
    json!({
        "operationId": "conversations.export.stream",
        "tags": ["conversations"],
        "summary": "Exports a whole conversation as one stream, one message a line (NDJSON).",
        "description": "Called by the app's server.",
        "security": security(Who::Server),
        "parameters": [
            parameter("conv", true, json!({ "$ref": "#/components/schemas/ConvId" }), "The conversation."),
            parameter("after", false, json!({ "$ref": "#/components/schemas/ConvSeq" }), "Only messages after this position."),
        ],
        "responses": responses,
    })
}
