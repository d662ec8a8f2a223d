use crate::support::{Client, Relay, Reply, Wish, request};

const UPGRADE: [(&str, &str); 4] = [
    ("connection", "upgrade, close"),
    ("upgrade", "websocket"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

async fn upgrade(relay: &Relay, origin: &str) -> Reply {
    let mut headers = UPGRADE.to_vec();
    headers.push(("origin", origin));
    request(relay.running.address(), "GET", "/v1/socket", &headers, "").await
}

#[tokio::test]
async fn a_page_of_another_origin_is_refused() {
    let relay = Relay::start_with(Wish {
        allowed_origins: vec!["https://chat.example".to_owned()],
        ..Wish::default()
    })
    .await;
    let own = format!("http://{}", relay.running.address());
    // An upgrade that is granted does not end by itself: only refusals are asked for here.
    let reply = upgrade(&relay, "https://evil.example").await;
    assert_eq!(reply.status, 403);
    assert_eq!(reply.json()["error"]["code"], "origin_forbidden");
    for origin in [own.as_str(), "https://chat.example"] {
        let url = relay.socket_url();
        let mut ask = tungstenite::client::IntoClientRequest::into_client_request(url).unwrap();
        ask.headers_mut().insert("origin", origin.parse().unwrap());
        tokio_tungstenite::connect_async(ask).await.unwrap();
    }
}

#[tokio::test]
async fn a_plain_request_is_told_what_this_is() {
    let relay = Relay::start().await;
    let reply = relay.get("/v1/socket").await;
    assert_eq!(reply.status, 400);
    assert_eq!(reply.json()["error"]["code"], "upgrade_expected");
}

#[tokio::test]
async fn too_many_connections_are_refused_and_room_is_given_again() {
    let relay = Relay::start_with(Wish {
        sessions_max: 1,
        ..Wish::default()
    })
    .await;
    let (mut first, _) = Client::open(&relay, "alice", "phone").await;
    let reply = upgrade(&relay, &format!("http://{}", relay.running.address())).await;
    assert_eq!(reply.status, 503);
    assert_eq!(reply.json()["error"]["code"], "overloaded");
    first.socket.close(None).await.unwrap();
    // The relay has let go of it once the socket has ended.
    while futures_util::StreamExt::next(&mut first.socket)
        .await
        .is_some()
    {}
    while !relay
        .get("/metrics")
        .await
        .text()
        .contains("seqline_connections 0\n")
    {}
    Client::open(&relay, "alice", "phone").await;
}
