//! Storage that fails in the middle: no message overtakes one that was not stored.

use seqline_protocol::{Item, RelayFrame, Seq};
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::support::{Client, Relay, send};

const COUNT: usize = 40;
const POISONED: usize = 20;

#[tokio::test]
async fn nothing_is_stored_past_what_failed_and_all_of_it_after_the_reconnect() {
    let relay = Relay::start().await;
    let options = SqliteConnectOptions::new().filename(relay.database());
    let mut outside = SqliteConnection::connect_with(&options).await.unwrap();
    let create = format!(
        "CREATE TRIGGER poison BEFORE INSERT ON message WHEN NEW.body = '{POISONED}'
         BEGIN SELECT RAISE(ABORT, 'poisoned'); END"
    );
    sqlx::query(sqlx::AssertSqlSafe(create))
        .execute(&mut outside)
        .await
        .unwrap();

    let (mut witness, _) = Client::open(&relay, "carol", "phone").await;
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    // At once, as the relay closes while it may still be read.
    let message = |n: usize| send("bob", &format!("m{n}"), &n.to_string());
    alice.say_all((0..COUNT).map(message)).await;
    let mut confirmed = 0;
    let failed = loop {
        match alice.next().await {
            RelayFrame::Sent { .. } => confirmed += 1,
            // Pushed back to her, or, where the machine is slow, told of.
            RelayFrame::Push { .. } | RelayFrame::Notify { .. } => {}
            RelayFrame::Error {
                code,
                retryable,
                client_msg_id,
                ..
            } => {
                assert!(retryable);
                assert_eq!(code.close_code(), Some(4050));
                break client_msg_id.unwrap();
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        failed.as_str(),
        format!("m{confirmed}"),
        "the first that is not stored"
    );
    assert_eq!(alice.closed().await, 4050);
    assert!(confirmed <= POISONED);
    witness.store("bob", "w1", "others go on").await;
    assert_eq!(
        bodies_of_alice(&relay).await,
        (0..confirmed).collect::<Vec<_>>()
    );

    sqlx::query("DROP TRIGGER poison")
        .execute(&mut outside)
        .await
        .unwrap();
    let (mut alice, _) = Client::open(&relay, "alice", "phone").await;
    for n in confirmed..COUNT {
        alice.store("bob", &format!("m{n}"), &n.to_string()).await;
    }
    assert_eq!(
        bodies_of_alice(&relay).await,
        (0..COUNT).collect::<Vec<_>>()
    );
}

/// What Bob has of Alice, in his timeline's order.
async fn bodies_of_alice(relay: &Relay) -> Vec<usize> {
    let (mut bob, _) = Client::open(relay, "bob", "reader").await;
    let entries = bob.pull_all(Seq::ZERO).await;
    let messages = entries.iter().filter_map(|entry| match &entry.item {
        Item::Message(message) if message.sender.as_str() == "alice" => Some(message),
        _ => None,
    });
    messages
        .map(|message| message.body.parse().unwrap())
        .collect()
}
