//! Rooms whose people are connected to several relays.

use serde_json::json;

use super::support::{on_each_bus, three_processes};
use crate::{
    postgres_server::database,
    support::{
        Client,
        rooms::{bodies, heard, join, say},
    },
};

/// Comes in, and again until the other relays have answered, which may take longer than it is
/// waited for.
async fn join_until(client: &mut Client, online: usize, recent: &[&str]) {
    loop {
        let joined = join(client).await;
        if joined["online"] == online && bodies(&joined["recent"]) == recent {
            return;
        }
    }
}

async fn until_online(client: &mut Client, count: usize) {
    while client.event("room").await["online"] != count {}
}

#[tokio::test]
async fn what_is_said_on_one_relay_is_heard_on_the_others_in_order() {
    on_each_bus(
        ["alice", "bob", "carol"],
        async |[(_one, mut alice), (_other, mut bob), (_third, mut carol)]| {
            assert_eq!(join(&mut alice).await["online"], 1);
            join(&mut bob).await;
            join(&mut carol).await;
            // All of them know of each other.
            for client in [&mut alice, &mut bob, &mut carol] {
                until_online(client, 3).await;
            }
            let said: Vec<_> = (0..10).map(|n| format!("a{n}")).collect();
            for body in &said {
                say(&mut alice, body).await;
            }
            for client in [&mut alice, &mut bob, &mut carol] {
                assert_eq!(heard(client, said.len()).await, said);
            }
            // And back.
            say(&mut carol, "c").await;
            for client in [&mut alice, &mut bob, &mut carol] {
                assert_eq!(heard(client, 1).await, ["c"]);
            }
        },
    )
    .await;
}

#[tokio::test]
async fn who_comes_in_on_another_relay_finds_who_is_there_and_what_was_said_last() {
    on_each_bus(
        ["alice", "bob", "carol"],
        async |[(_one, mut alice), (_other, mut bob), (_third, mut carol)]| {
            join(&mut alice).await;
            say(&mut alice, "one").await;
            assert_eq!(heard(&mut alice, 1).await, ["one"]);
            join_until(&mut bob, 2, &["one"]).await;
            say(&mut bob, "two").await;
            assert_eq!(heard(&mut alice, 1).await, ["two"]);
            assert_eq!(heard(&mut bob, 1).await, ["two"]);
            join_until(&mut carol, 3, &["one", "two"]).await;
        },
    )
    .await;
}

#[tokio::test]
async fn people_are_counted_on_all_relays_and_once() {
    on_each_bus(
        ["alice", "bob", "zoe"],
        async |[(_one, mut alice), (other, mut bob), (third, _)]| {
            join(&mut alice).await;
            join(&mut bob).await;
            until_online(&mut alice, 2).await;
            // Herself, on another device and relay.
            let (mut tablet, _) = Client::open(&third, "alice", "tablet").await;
            join(&mut tablet).await;
            until_online(&mut tablet, 2).await;
            let (mut carol, _) = Client::open(&other, "carol", "phone").await;
            join(&mut carol).await;
            for client in [&mut alice, &mut bob, &mut tablet] {
                until_online(client, 3).await;
            }
            drop(carol);
            let leave = json!({ "conv": "room:live" });
            bob.call("rooms.leave", leave).await.unwrap();
            until_online(&mut alice, 1).await;
        },
    )
    .await;
}

#[tokio::test]
async fn people_of_a_relay_that_was_killed_are_counted_no_more_nor_of_one_that_stops() {
    let url = database().await;
    let folder = tempfile::tempdir().unwrap();
    let [(_one, mut alice), (other, mut bob), (third, mut carol)] =
        three_processes(&url, folder.path()).await;
    join(&mut alice).await;
    join(&mut bob).await;
    join(&mut carol).await;
    until_online(&mut alice, 3).await;
    other.kill();
    until_online(&mut alice, 2).await;
    third.terminate();
    until_online(&mut alice, 1).await;
}
