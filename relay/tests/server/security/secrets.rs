//! Whatever is logged, at the level that says most, tells no secret, no token, and nothing that
//! anyone said.

use std::fs;

use seqline_protocol::{ClientFrame, Encoding, RequestId, Secret};
use seqline_relay::auth::Scope;

use crate::support::{Client, Process, SECRET, request, scoped_token, send, token};

const WEBHOOK_SECRET: &str = "webhooks are signed with this, 32 bytes or more";
const WORDS: &str = "what alice says to bob and to nobody else";
const TITLE: &str = "a title that is for the crew";
const TYPED: &str = "what alice is about to say";
const CONNECTION_BYTES: usize = 32;

#[tokio::test]
async fn no_log_metric_or_refusal_has_a_secret_a_token_or_a_body() {
    let folder = tempfile::tempdir().unwrap();
    // Nobody listens there: what cannot be told is complained of.
    let config = format!(
        "[apps.app]\nsecret = \"{SECRET}\"\nwebhook_url = \"http://127.0.0.1:9/hook\"\n\
         webhook_secret = \"{WEBHOOK_SECRET}\"\ncheck_url = \"http://127.0.0.1:9/check\"\n\
         check_default = \"accept\"\n"
    );
    let path = folder.path().join("seqline.toml");
    fs::write(&path, config).unwrap();
    let relay = Process::serve_and_log(folder.path(), &path);
    let (alice, server) = (token("alice"), scoped_token("backend", Scope::Server));
    let cut = &alice[..alice.len() - 4];

    let mut told = Vec::new();
    for encoding in [Encoding::Text, Encoding::Binary] {
        let mut client = Client::dial(&relay.url()).await;
        client.encoding = encoding;
        client.hello(&alice, "phone", None).await;
        let id = format!("{encoding:?}");
        client.store("bob", &id, WORDS).await;
        let req = RequestId::new(3).unwrap();
        let token = Secret::new(alice.as_str());
        client.say(&ClientFrame::Refresh { req, token }).await;
        client.answer().await;
        let text = format!(
            "{{\"ephemeral\":{{\"to\":{{\"user\":\"bob\"}},\"kind\":\"typing\",\"body\":{TYPED:?}}}}}"
        );
        client
            .say(&seqline_protocol::decode(Encoding::Text, text.as_bytes()).unwrap())
            .await;
        // The same id with another content, and a frame that is none.
        client.say(&send("bob", &id, &format!("{WORDS}!"))).await;
        told.push(format!("{:?}", client.answer().await));
        client
            .say_raw(tungstenite::Message::Text(
                format!("{{\"send\":{WORDS:?}}}").into(),
            ))
            .await;
        told.push(format!("{:?}", client.answer().await));
        let mut refused = Client::dial(&relay.url()).await;
        refused.say_hello(cut, "phone", None).await;
        told.push(format!("{:?}", refused.next().await));
    }
    let json = ("content-type", "application/json");
    for (path, token, body) in [
        (
            "/v1/messages/list",
            alice.as_str(),
            "{\"conv\":\"dm:alice:bob\"}".to_owned(),
        ),
        (
            "/v1/messages/send",
            &alice,
            format!("{{\"to\":{{\"user\":\"bob\"}},\"body\":{WORDS:?}}}"),
        ),
        (
            "/v1/groups/create",
            &alice,
            format!("{{\"conv\":\"group:crew\",\"title\":{TITLE:?}}}"),
        ),
        ("/v1/users/kick", &server, "{\"user\":\"alice\"}".to_owned()),
        (
            "/v1/messages/send",
            cut,
            format!("{{\"to\":7,\"body\":{WORDS:?}}}"),
        ),
        (
            "/v1/messages/send",
            &alice,
            format!("{{\"to\":7,\"body\":{WORDS:?}}}"),
        ),
    ] {
        let bearer = format!("Bearer {token}");
        let headers = [json, ("authorization", bearer.as_str())];
        let reply = request(relay.address, "POST", path, &headers, body).await;
        if reply.status != 200 {
            told.push(reply.text().to_owned());
        }
    }
    let opened = request(relay.address, "POST", "/v1/poll", &[json], "{}")
        .await
        .json();
    let connection = opened["connection"].as_str().unwrap().to_owned();
    assert_eq!(connection.len(), CONNECTION_BYTES);
    let close = format!("{{\"connection\":\"{connection}\",\"close\":true}}");
    request(relay.address, "POST", "/v1/poll", &[json], close).await;
    let metrics = request(relay.address, "GET", "/metrics", &[], "").await;
    let metrics = metrics.text().to_owned();
    let (status, printed) = relay.terminate();
    assert!(status.success());
    let log = fs::read_to_string(folder.path().join("log")).unwrap();
    told.push(printed);

    assert!(log.contains("\"level\":\"DEBUG\""), "{log}");
    assert!(
        log.contains("a check failed"),
        "what went wrong is in it: {log}"
    );
    let signature = |token: &str| token.rsplit_once('.').unwrap().1.to_owned();
    let secrets = [
        SECRET.to_owned(),
        WEBHOOK_SECRET.to_owned(),
        signature(&alice),
        signature(&server),
        signature(cut),
        connection,
    ];
    // Who said it is told what was wrong with it; the log is read by others.
    for text in told.iter().chain([&log, &metrics]) {
        shows_none_of(text, &secrets);
    }
    let words = [WORDS, TITLE, TYPED].map(str::to_owned);
    for text in [&log, &metrics] {
        shows_none_of(text, &words);
    }
}

fn shows_none_of(text: &str, secrets: &[String]) {
    for secret in secrets {
        let line = text.lines().find(|line| line.contains(secret.as_str()));
        assert_eq!(line, None, "{secret}");
    }
}

#[test]
fn what_is_debugged_is_not_told() {
    let token = token("alice");
    let hello = ClientFrame::Hello(Client::hello_of(&token, "phone", None));
    let (req, secret) = (RequestId::new(1).unwrap(), Secret::new(token.as_str()));
    let refresh = ClientFrame::Refresh { req, token: secret };
    for frame in [hello, refresh] {
        assert!(!format!("{frame:?}").contains(&token), "{frame:?}");
    }
}
