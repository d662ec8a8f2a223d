//! Users and their devices.

use std::sync::Arc;

use seqline_protocol::{DeviceId, Label};
use seqline_relay::{
    limits::DEVICES_PER_USER_MAX,
    store::{Device, DeviceRow, Disconnected, EndDevice, Op, Presence, UserState},
};

use crate::support::{Fresh, account, account_of, actor, at_s, send, user, users};

fn connected(user: &str, device: &str, app_version: Option<&str>) -> Op {
    Op::Connected(Device {
        account: account(user),
        device: DeviceId::new(device).unwrap(),
        platform: Label::new("web").unwrap(),
        host: "browser".to_owned(),
        app_version: app_version.map(str::to_owned),
        number: None,
    })
}

fn disconnected(user: &str, device: &str) -> Op {
    Op::Disconnected(Disconnected {
        account: account(user),
        device: DeviceId::new(device).unwrap(),
        number: None,
    })
}

fn ended(user: &str, device: &str) -> Op {
    Op::EndDevice(EndDevice {
        account: account(user),
        device: DeviceId::new(device).unwrap(),
    })
}

async fn names(store: &Fresh, user: &str) -> Vec<String> {
    let rows = store.store.devices(&account(user)).await.unwrap();
    rows.iter()
        .map(|row| row.device.as_str().to_owned())
        .collect()
}

async fn known(store: &Fresh, names: &[&str]) -> Vec<UserState> {
    let app = actor("alice").app().clone();
    store.store.users(&app, &users(names)).await.unwrap()
}

pub(crate) async fn are_listed_last_seen_first(store: Fresh) {
    store
        .commit_at(1, vec![connected("alice", "phone", Some("1.0"))])
        .await;
    store
        .commit_at(2, vec![connected("alice", "laptop", None)])
        .await;
    assert_eq!(names(&store, "alice").await, ["laptop", "phone"]);
    store
        .commit_at(
            3,
            vec![disconnected("alice", "phone"), disconnected("zoe", "x")],
        )
        .await;
    store
        .commit_at(4, vec![disconnected("alice", "laptop")])
        .await;
    store
        .commit_at(5, vec![connected("alice", "phone", Some("1.1"))])
        .await;
    let rows = store.store.devices(&account("alice")).await.unwrap();
    let phone = DeviceRow {
        device: DeviceId::new("phone").unwrap(),
        platform: Label::new("web").unwrap(),
        host: "browser".to_owned(),
        app_version: Some("1.1".to_owned()),
        first: at_s(1),
        last: at_s(5),
        is_elsewhere: false,
    };
    assert_eq!(rows[0], phone);
    assert_eq!((rows[1].first, rows[1].last), (at_s(2), at_s(4)));
    assert!(names(&store, "bob").await.is_empty());
    let elsewhere = account_of("other", "alice");
    assert!(store.store.devices(&elsewhere).await.unwrap().is_empty());
}

pub(crate) async fn are_forgotten_when_they_are_ended(store: Fresh) {
    store
        .commit(vec![
            connected("alice", "phone", None),
            connected("alice", "tv", None),
        ])
        .await;
    store
        .commit(vec![ended("alice", "phone"), ended("zoe", "x")])
        .await;
    assert_eq!(names(&store, "alice").await, ["tv"]);
    // The last one of a batch counts.
    store
        .commit(vec![
            connected("alice", "phone", None),
            ended("alice", "phone"),
        ])
        .await;
    assert_eq!(names(&store, "alice").await, ["tv"]);
    store
        .commit_at(
            1,
            vec![ended("alice", "tv"), connected("alice", "tv", None)],
        )
        .await;
    assert_eq!(names(&store, "alice").await, ["tv"]);
}

pub(crate) async fn are_so_many_at_most(store: Fresh) {
    for n in 0..=DEVICES_PER_USER_MAX as u64 {
        store
            .commit_at(n, vec![connected("alice", &format!("d{n}"), None)])
            .await;
    }
    let names = names(&store, "alice").await;
    assert_eq!(names.len(), DEVICES_PER_USER_MAX);
    assert!(!names.contains(&"d0".to_owned()));
}

pub(crate) async fn users_become_known(store: Fresh) {
    let names = ["alice", "bob", "carol", "dave", "erin", "zoe"];
    assert!(known(&store, &names).await.is_empty());
    let mut by_server = send("system", "zoe", "m1", "x");
    by_server.by_server = true;
    store
        .commit_at(
            7,
            vec![
                connected("alice", "phone", None),
                Op::Send(send("bob", "carol", "m1", "hello")),
                Op::Register(account("dave")),
                Op::Presence(Presence {
                    account: account("erin"),
                    is_shared: true,
                }),
                Op::Send(by_server),
            ],
        )
        .await;
    let rows = known(&store, &names).await;
    let found: Vec<_> = rows.iter().map(|row| row.user.clone()).collect();
    // What the app's server writes to someone does not make her known.
    assert_eq!(found, users(&["alice", "bob", "carol", "dave", "erin"]));
    assert_eq!(rows[0].last_seen, at_s(7));
    assert_eq!(rows[3].last_seen.get(), 0);
    let shared: Vec<_> = rows.iter().map(|row| row.shares_presence).collect();
    assert_eq!(shared, [false, false, false, false, true]);
    let other = account_of("other", "alice").app.clone();
    let elsewhere = store.store.users(&other, &users(&["alice"])).await.unwrap();
    assert!(elsewhere.is_empty());
}

pub(crate) async fn presence_is_shared_or_not(store: Fresh) {
    let share = |is_shared| {
        let account: Arc<_> = account("alice");
        Op::Presence(Presence { account, is_shared })
    };
    store.commit(vec![share(true)]).await;
    store
        .commit_at(4, vec![connected("alice", "phone", None)])
        .await;
    store
        .commit_at(9, vec![disconnected("alice", "phone")])
        .await;
    let expected = |shares_presence| UserState {
        user: user("alice"),
        last_seen: at_s(9),
        shares_presence,
        is_elsewhere: false,
    };
    assert_eq!(known(&store, &["alice"]).await, [expected(true)]);
    store.commit(vec![share(false)]).await;
    assert_eq!(known(&store, &["alice"]).await, [expected(false)]);
}
