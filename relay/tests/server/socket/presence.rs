use serde_json::json;

use crate::support::{Client, Relay, presence::told};

async fn share(client: &mut Client, is_shared: bool) {
    let params = json!({ "shared": is_shared });
    client.call("presence.share", params).await.unwrap();
}

#[tokio::test]
async fn who_shares_it_is_seen_to_come_and_go() {
    let relay = Relay::start().await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    let (mut bob, _) = Client::open(&relay, "bob", "phone").await;
    share(&mut bob, true).await;
    let watch = json!({ "users": ["bob", "carol"] });
    let seen = alice.call("presence.watch", watch).await.unwrap();
    let bobs = seen["users"].as_array().unwrap();
    let bobs = bobs.iter().find(|one| one["user"] == "bob").unwrap();
    assert_eq!(bobs["online"], true);

    let (bobs_other, _) = Client::open(&relay, "bob", "tablet").await;
    drop(bob);
    drop(bobs_other);
    let gone = told(&mut alice, "bob").await;
    assert_eq!(gone["online"], false, "once, when the last one has gone");
    assert!(gone["last_seen_us"].as_u64().unwrap() > 0);
    let (_bob, _) = Client::open(&relay, "bob", "phone").await;
    assert_eq!(told(&mut alice, "bob").await["online"], true);
}

#[tokio::test]
async fn who_does_not_share_it_is_never_seen() {
    let relay = Relay::start().await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    let (mut bob, _) = Client::open(&relay, "bob", "phone").await;
    let watch = json!({ "users": ["bob"] });
    let seen = alice.call("presence.watch", watch).await.unwrap();
    let seen = seen["users"].as_array().unwrap();
    assert!(seen.iter().all(|one| one["online"] == false), "{seen:?}");
    // The first that is told is that she shares it; not that a session came before.
    let (_tablet, _) = Client::open(&relay, "bob", "tablet").await;
    share(&mut bob, true).await;
    assert_eq!(told(&mut alice, "bob").await["online"], true);
    share(&mut bob, false).await;
    let hidden = told(&mut alice, "bob").await;
    assert_eq!(
        (&hidden["online"], &hidden["last_seen_us"]),
        (&json!(false), &json!(0))
    );
}
