//! Every method by everyone: who may, gets through; who may not, sees and changes nothing.

use seqline_relay::{
    api::{
        Via,
        registry::{METHODS, Method},
    },
    auth::Scope,
};
use serde_json::Value;

use super::{
    doors::told,
    table,
    world::{SCOPES, World, in_the_name_of_alice, shows_nothing},
};
use crate::support::Client;

/// Parameters with which each method does something to what is alice's, or the app's.
const CALLS: &[(&str, &str)] = &[
    (
        "messages.send",
        r#"{"to":{"conv":"group:$who"},"body":"x"}"#,
    ),
    (
        "messages.batch",
        r#"{"from":"shop","users":["alice"],"idempotency_key":"new","body":"x"}"#,
    ),
    ("messages.list", r#"{"conv":"dm:alice:bob"}"#),
    (
        "messages.recall",
        r#"{"conv":"dm:alice:bob","conv_seq":$n}"#,
    ),
    (
        "messages.recall_batch",
        r#"{"from":"shop","idempotency_key":"sale-$who","users":["alice"]}"#,
    ),
    (
        "messages.edit",
        r#"{"conv":"dm:alice:bob","conv_seq":$n,"body":"x"}"#,
    ),
    (
        "messages.delete",
        r#"{"conv":"dm:alice:bob","conv_seq":$n}"#,
    ),
    ("messages.receipts", r#"{"conv":"group:$who","conv_seq":1}"#),
    ("messages.search", r#"{"text":"private"}"#),
    ("conversations.list", "{}"),
    (
        "conversations.read",
        r#"{"conv":"dm:alice:bob","conv_seq":$n}"#,
    ),
    ("conversations.clear", r#"{"conv":"dm:alice:bob"}"#),
    ("conversations.export", r#"{"conv":"dm:alice:bob"}"#),
    ("timeline.pull", r#"{"after":0}"#),
    (
        "groups.create",
        r#"{"conv":"group:by-$caller","title":"x","users":["shop"]}"#,
    ),
    ("groups.get", r#"{"conv":"group:$who"}"#),
    ("groups.members", r#"{"conv":"group:$who"}"#),
    ("groups.invite", r#"{"conv":"group:$who","users":["shop"]}"#),
    ("groups.join", r#"{"conv":"group:$who"}"#),
    ("groups.leave", r#"{"conv":"channel:$who"}"#),
    (
        "groups.remove",
        r#"{"conv":"group:$who","users":["carol"]}"#,
    ),
    ("groups.transfer", r#"{"conv":"group:$who","user":"bob"}"#),
    (
        "groups.role",
        r#"{"conv":"group:$who","user":"bob","role":"admin"}"#,
    ),
    (
        "groups.mute",
        r#"{"conv":"group:$who","user":"bob","until_us":4000000000000000}"#,
    ),
    ("groups.mute_all", r#"{"conv":"group:$who","muted":true}"#),
    ("groups.edit", r#"{"conv":"group:$who","title":"x"}"#),
    ("groups.dissolve", r#"{"conv":"group:$who"}"#),
    ("devices.list", "{}"),
    ("devices.end", r#"{"device":"phone"}"#),
    ("users.register", r#"{"users":["alice"]}"#),
    ("users.get", r#"{"users":["alice"]}"#),
    ("users.kick", r#"{"user":"alice"}"#),
    ("presence.share", r#"{"shared":true}"#),
    ("presence.get", r#"{"users":["alice"]}"#),
    ("presence.watch", r#"{"users":["alice"]}"#),
    ("presence.unwatch", r#"{"users":["alice"]}"#),
    ("rooms.join", r#"{"conv":"room:match"}"#),
    ("rooms.leave", r#"{"conv":"room:match"}"#),
    ("rooms.send", r#"{"conv":"room:match","body":"x"}"#),
    (
        "broadcasts.create",
        r#"{"content":{"title":"x","body":"x"}}"#,
    ),
    ("broadcasts.get", r#"{"id":$id}"#),
    ("broadcasts.list", "{}"),
    (
        "broadcasts.edit",
        r#"{$draft,"content":{"title":"x","body":"x"}}"#,
    ),
    ("broadcasts.stage", r#"{$draft,"percent":5}"#),
    ("broadcasts.publish", "{$draft}"),
    ("broadcasts.wave", r#"{$live,"window_ms":60000}"#),
    ("broadcasts.stop", "{$live}"),
    ("broadcasts.recall", "{$live}"),
    ("broadcasts.delete", "{$draft}"),
    ("broadcasts.audit", r#"{"id":$id}"#),
    (
        "broadcasts.preview",
        r#"{"content":{"title":"x","body":"x"}}"#,
    ),
    ("broadcasts.reach", r#"{"id":$id}"#),
    ("broadcasts.progress", r#"{"id":$id}"#),
    ("broadcasts.mine", "{}"),
    ("broadcasts.seen", r#"{"ids":[$id]}"#),
    ("broadcasts.opened", r#"{"ids":[$id]}"#),
    ("allow_list.get", "{}"),
    ("allow_list.replace", r#"{"users":["mallory"]}"#),
    ("allow_list.add", r#"{"users":["mallory"]}"#),
    ("allow_list.remove", r#"{"users":["alice-is-private"]}"#),
];

/// In the place of a cell that must not be.
const WRONG: &str = "wrong:";

#[tokio::test]
async fn every_method_by_everyone() {
    let called: Vec<&str> = CALLS.iter().map(|(name, _)| *name).collect();
    let methods: Vec<&str> = METHODS.iter().map(|method| method.name).collect();
    assert_eq!(called, methods, "each method has its row here");
    let mut rows = Vec::new();
    for (method, (_, template)) in METHODS.iter().zip(CALLS) {
        rows.push(row(method, template).await);
    }
    // All at once, as each would hide the next.
    let wrong = rows.iter().flatten();
    let wrong: Vec<&String> = wrong.filter(|cell| cell.starts_with(WRONG)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let columns = [
        "method",
        "user (alice)",
        "server",
        "operator",
        "another user",
        "… in alice's name",
        "another app",
    ];
    table::holds("methods", &columns, &rows);
}

async fn row(method: &Method, template: &str) -> Vec<String> {
    let mut world = World::new().await;
    let before = world.everything().await;
    let stranger = by_mallory(&world, method, template).await;
    let pretender = in_alices_name(&world, method, template).await;
    let foreign = by_another_app(&world, method, template).await;
    let mut cells = vec![String::new(); SCOPES.len()];
    for (cell, scope) in cells.iter_mut().zip(SCOPES) {
        if !method.who.scopes().contains(&scope) {
            *cell = by_wrong_scope(&world, method, template, scope).await;
        }
    }
    let mut row = vec![format!("`{}`", method.name)];
    let after = world.everything().await;
    let changed = before
        .iter()
        .zip(&after)
        .find(|(before, after)| before != after);
    row.extend(changed.map(|changed| format!("{WRONG} was changed: {changed:?}")));
    world.alice_answers().await;
    // Last, since it changes what there is; and so it is sure that the others were not refused
    // for their parameters.
    for (cell, scope) in cells.iter_mut().zip(SCOPES) {
        if cell.is_empty() {
            *cell = by_right_scope(&mut world, method, template, scope).await;
        }
    }
    row.extend(cells);
    row.extend([stranger, pretender, foreign]);
    row
}

async fn by_mallory(world: &World, method: &Method, template: &str) -> String {
    if !method.who.scopes().contains(&Scope::User) {
        return "as a user".to_owned();
    }
    let params = world.params(template, "stranger");
    match method.via {
        Via::Anywhere => {
            let reply = world.relay.user("mallory").call(method.name, &params).await;
            seen(told(&reply), reply.text(), "app")
        }
        Via::Socket => {
            let (mut mallory, _) = Client::open(&world.relay, "mallory", "phone").await;
            over_socket(&mut mallory, method, params, "app").await
        }
    }
}

async fn in_alices_name(world: &World, method: &Method, template: &str) -> String {
    if !method.who.scopes().contains(&Scope::User) {
        return "as a user".to_owned();
    }
    let params = world.params(template, "stranger");
    let Some(params) = in_the_name_of_alice(method, &params) else {
        return "no such field".to_owned();
    };
    let reply = world.relay.user("mallory").call(method.name, &params).await;
    assert_eq!(told(&reply), "403 `scope_forbidden`", "{}", method.name);
    told(&reply)
}

async fn by_another_app(world: &World, method: &Method, template: &str) -> String {
    let params = world.params(template, "foreign");
    let mut answers = Vec::new();
    for scope in method.who.scopes() {
        let name = match scope {
            Scope::User => "alice",
            Scope::Server => "backend",
            Scope::Operator => "olga",
        };
        let answer = match method.via {
            Via::Anywhere => {
                let named =
                    (*scope == Scope::Server).then(|| in_the_name_of_alice(method, &params));
                let params = named.flatten().unwrap_or_else(|| params.clone());
                let caller = world.relay.caller("other", name, *scope);
                let reply = caller.call(method.name, &params).await;
                seen(told(&reply), reply.text(), "other")
            }
            Via::Socket => {
                let mut foreign = Client::dial(&world.relay.socket_url()).await;
                let hour = std::time::Duration::from_secs(3600);
                let token = world.relay.token_of("other", name, *scope, hour);
                foreign.hello(&token, "phone", None).await;
                over_socket(&mut foreign, method, params.clone(), "other").await
            }
        };
        if !answers.contains(&answer) {
            answers.push(answer);
        }
    }
    answers.join("; ")
}

async fn by_wrong_scope(world: &World, method: &Method, template: &str, scope: Scope) -> String {
    let params = world.params(template, scope.as_str());
    let caller = world.relay.caller("app", "alice", scope);
    let reply = caller.call(method.name, &params).await;
    assert_eq!(told(&reply), "403 `scope_forbidden`", "{}", method.name);
    told(&reply)
}

async fn by_right_scope(
    world: &mut World,
    method: &Method,
    template: &str,
    scope: Scope,
) -> String {
    let mut params = world.params(template, scope.as_str());
    if method.via == Via::Socket {
        let done = world.alice.try_call(method.name, params).await;
        return match done {
            Ok(_) => "yes".to_owned(),
            Err((_, text)) => format!("{WRONG} {text}"),
        };
    }
    let caller = match scope {
        Scope::User => world.relay.user("alice"),
        Scope::Server => world.relay.server(),
        Scope::Operator => world.relay.operator(),
    };
    if scope == Scope::Server {
        params = in_the_name_of_alice(method, &params).unwrap_or(params);
    }
    let reply = caller.call(method.name, &params).await;
    if reply.status != 200 {
        return format!("{WRONG} {params} {}", reply.text());
    }
    "200".to_owned()
}

async fn over_socket(client: &mut Client, method: &Method, params: Value, app: &str) -> String {
    match client.try_call(method.name, params).await {
        Ok(value) => seen("200".to_owned(), &value.to_string(), app),
        Err((code, message)) => seen(format!("`{code}`"), &message, app),
    }
}

/// What an outsider was told, and that it was nothing.
fn seen(cell: String, text: &str, app: &str) -> String {
    shows_nothing(text, app);
    if cell == "200" {
        "200, nothing of hers".to_owned()
    } else {
        cell
    }
}
