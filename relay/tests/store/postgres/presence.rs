//! Which relay a device is connected to.

use std::time::Duration;

use seqline_protocol::{DeviceId, Label};
use seqline_relay::store::{Device, Disconnected, EndSessions, FromSession, Op, SessionNumber};

use super::open;
use crate::{
    postgres_server::database,
    support::{Fresh, account, actor, send, users},
};

const LONG: Duration = Duration::from_secs(3_600);

fn phone() -> DeviceId {
    DeviceId::new("phone").unwrap()
}

fn connected(number: u64) -> Op {
    Op::Connected(Device {
        account: account("alice"),
        device: phone(),
        platform: Label::new("web").unwrap(),
        host: "browser".to_owned(),
        app_version: None,
        number: Some(SessionNumber(number)),
    })
}

fn disconnected(number: u64) -> Op {
    Op::Disconnected(Disconnected {
        account: account("alice"),
        device: phone(),
        number: Some(SessionNumber(number)),
    })
}

/// Three relays that are there.
async fn relays() -> [Fresh; 3] {
    let url = database().await;
    let relays = [open(&url).await, open(&url).await, open(&url).await];
    for relay in &relays {
        relay.store.attend(LONG).await.unwrap();
    }
    relays
}

/// Whether she is connected to another relay, as each of them sees it.
async fn is_elsewhere(relays: &[Fresh; 3]) -> [bool; 3] {
    let mut seen = [false; 3];
    for (seen, relay) in seen.iter_mut().zip(relays) {
        let devices = relay.store.devices(&account("alice")).await.unwrap();
        let is_elsewhere = devices.iter().any(|device| device.is_elsewhere);
        let app = actor("alice").app().clone();
        let states = relay.store.users(&app, &users(&["alice"])).await.unwrap();
        assert_eq!(states[0].is_elsewhere, is_elsewhere);
        *seen = is_elsewhere;
    }
    seen
}

#[tokio::test]
async fn is_that_of_its_newest_session_in_whatever_order_they_are_noted() {
    let relays = relays().await;
    let [one, other, _] = &relays;
    one.commit(vec![connected(1)]).await;
    assert_eq!(is_elsewhere(&relays).await, [false, true, true]);
    other.commit(vec![connected(2)]).await;
    assert_eq!(is_elsewhere(&relays).await, [true, false, true]);
    // The relay that she has left is late.
    one.commit(vec![disconnected(1)]).await;
    assert_eq!(is_elsewhere(&relays).await, [true, false, true]);
    one.commit(vec![connected(1)]).await;
    assert_eq!(is_elsewhere(&relays).await, [true, false, true]);
    other.commit(vec![disconnected(2), connected(3)]).await;
    assert_eq!(is_elsewhere(&relays).await, [true, false, true]);
    other.commit(vec![disconnected(3)]).await;
    assert_eq!(is_elsewhere(&relays).await, [false; 3]);
    one.commit(vec![connected(4), disconnected(4)]).await;
    assert_eq!(is_elsewhere(&relays).await, [false; 3]);
}

#[tokio::test]
async fn is_known_from_what_it_sends_and_ends_with_its_sessions() {
    let relays = relays().await;
    let [one, other, third] = &relays;
    other.commit(vec![connected(1)]).await;
    let mut message = send("alice", "bob", "m1", "hello");
    message.session = Some(FromSession {
        device: phone(),
        number: SessionNumber(2),
    });
    one.commit(vec![Op::Send(message)]).await;
    assert_eq!(is_elsewhere(&relays).await, [false, true, true]);
    third
        .commit(vec![Op::EndSessions(EndSessions {
            account: account("alice"),
            device: None,
            before: SessionNumber(3),
        })])
        .await;
    assert_eq!(is_elsewhere(&relays).await, [false; 3]);
    one.commit(vec![disconnected(2)]).await;
    assert_eq!(is_elsewhere(&relays).await, [false; 3]);
}

#[tokio::test]
async fn is_none_once_the_relay_is_there_no_longer() {
    let relays = relays().await;
    let [one, other, third] = &relays;
    one.commit(vec![connected(1)]).await;
    assert_eq!(other.store.attend(LONG).await.unwrap().len(), 2);
    one.store.attend(Duration::ZERO).await.unwrap();
    assert_eq!(is_elsewhere(&relays).await, [false; 3]);
    assert_eq!(other.store.attend(LONG).await.unwrap().len(), 1);
    // It was cut off, and is back.
    one.store.attend(LONG).await.unwrap();
    assert_eq!(is_elsewhere(&relays).await, [false, true, true]);
    one.store.leave().await.unwrap();
    assert_eq!(is_elsewhere(&relays).await, [false; 3]);
    third.store.leave().await.unwrap();
    assert_eq!(other.store.attend(LONG).await.unwrap(), []);
    assert_eq!(one.store.attend(LONG).await.unwrap().len(), 1);
}
