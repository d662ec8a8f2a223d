//! The description of the API is held to the methods.

use std::collections::BTreeSet;

use seqline_relay::{
    api::{Via, registry::METHODS},
    http::status_of,
};
use serde_json::Value;

use crate::support::{Relay, request};

async fn document() -> Value {
    let relay = Relay::start().await;
    let reply = relay.get("/v1/openapi.json").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), "application/json");
    reply.json()
}

/// The operation of each method, wherever it is described.
fn operation<'a>(document: &'a Value, name: &str, via: Via, path: &str) -> &'a Value {
    match via {
        Via::Anywhere => &document["paths"][path]["post"],
        Via::Socket => &document["x-socket-methods"][name],
    }
}

#[tokio::test]
async fn describes_every_method_with_scopes_errors_and_examples() {
    let document = document().await;
    assert_eq!(document["openapi"], "3.1.0");
    for method in METHODS {
        let operation = operation(&document, method.name, method.via, &method.path());
        assert_eq!(operation["operationId"], method.name);
        assert_eq!(operation["summary"], method.summary);
        let scopes: Vec<&str> = operation["security"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["token"][0].as_str().unwrap())
            .collect();
        let expected = method.who.scopes().iter().map(|scope| scope.as_str());
        assert_eq!(scopes, expected.collect::<Vec<_>>(), "{}", method.name);
        for code in method.errors {
            let status = status_of(*code).as_u16().to_string();
            let response = &operation["responses"][&status]["content"]["application/json"];
            let example = &response["examples"][code.as_str()]["value"]["error"];
            assert_eq!(example["code"], code.as_str(), "{}", method.name);
        }
        for (place, text) in [
            (&operation["requestBody"], method.example.params),
            (&operation["responses"]["200"], method.example.value),
        ] {
            let example: Value = serde_json::from_str(text).unwrap();
            assert_eq!(place["content"]["application/json"]["example"], example);
        }
        (method.reads)(method.example.params).unwrap();
    }
    let paths = document["paths"].as_object().unwrap().len();
    let over_http = METHODS.iter().filter(|method| method.via == Via::Anywhere);
    assert_eq!(paths, over_http.count(), "and no other path");
    assert!(document["paths"]["/v1/conversations/export"]["get"].is_object());
}

#[test]
fn the_table_of_the_documentation_is_that_of_the_methods() {
    let documentation = include_str!("../../../../docs/api.md");
    let (_, table) = documentation.split_once("\n## Methods\n").unwrap();
    let rows: Vec<&str> = table.trim().lines().skip(2).collect();
    let expected = METHODS.iter().map(|method| {
        let scopes: Vec<&str> = method.who.scopes().iter().map(|one| one.as_str()).collect();
        let who = scopes.join(", ");
        let via = match method.via {
            Via::Anywhere => "",
            Via::Socket => " (socket)",
        };
        format!("| `{}` | {who}{via} | {} |", method.name, method.summary)
    });
    assert_eq!(rows, expected.collect::<Vec<_>>());
}

#[tokio::test]
async fn every_field_is_described_and_every_reference_resolves() {
    let document = document().await;
    let mut missing = BTreeSet::new();
    walk(&document, "", &mut |at, value| {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            let pointer = reference.strip_prefix('#').unwrap();
            if document.pointer(pointer).is_none() {
                missing.insert(format!("{at}: {reference}"));
            }
        }
    });
    assert!(missing.is_empty(), "{missing:#?}");

    let schemas = document["components"]["schemas"].as_object().unwrap();
    for method in METHODS {
        let operation = operation(&document, method.name, method.via, &method.path());
        let body = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
        let name = body.as_str().unwrap().rsplit('/').next().unwrap();
        let schema = &schemas[name];
        assert_eq!(schema["additionalProperties"], false, "{name}");
        for (field, described) in schema["properties"].as_object().into_iter().flatten() {
            assert!(described["description"].is_string(), "{name}.{field}");
        }
    }
}

fn walk(value: &Value, at: &str, see: &mut impl FnMut(&str, &Value)) {
    see(at, value);
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                walk(field, &format!("{at}/{name}"), see);
            }
        }
        Value::Array(items) => {
            for (n, item) in items.iter().enumerate() {
                walk(item, &format!("{at}/{n}"), see);
            }
        }
        _ => {}
    }
}

#[tokio::test]
async fn is_compressed_for_who_can_take_it() {
    let relay = Relay::start().await;
    let headers = [("accept-encoding", "gzip")];
    let address = relay.running.address();
    let reply = request(address, "GET", "/v1/openapi.json", &headers, "").await;
    assert_eq!(reply.header("content-encoding"), "gzip");
}
