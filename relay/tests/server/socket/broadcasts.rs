//! The public mailbox, from an operator's command to a device that pulls.

use std::collections::BTreeMap;

use seqline_protocol::{
    Broadcast, BroadcastId, ClientFrame, DeviceId, Hello, Label, PublicPlace, RelayFrame,
    RequestId, Secret, Seq, Start, VERSION, Welcome,
};
use seqline_relay::auth::Profile;
use serde_json::{Value, json};
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::support::{Client, Relay};

/// A device that keeps what it is told of the public mailbox.
struct Reader {
    client: Client,
    welcome: Welcome,
    place: PublicPlace,
    held: BTreeMap<BroadcastId, Broadcast>,
}

/// What a device comes with.
#[derive(Default)]
struct Comes {
    profile: Profile,
    app_version: Option<&'static str>,
    host: Option<&'static str>,
}

impl Reader {
    async fn open(relay: &Relay, user: &str, comes: Comes) -> Self {
        let mut client = Client::dial(&relay.socket_url()).await;
        client
            .say(&ClientFrame::Hello(Hello {
                version: VERSION,
                token: Secret::new(relay.token_with(user, comes.profile)),
                device: DeviceId::new("phone").unwrap(),
                host: comes.host.unwrap_or("phone").to_owned(),
                platform: None,
                app_version: comes.app_version.map(str::to_owned),
                resume: None,
                start: Start::Newest,
                background: false,
            }))
            .await;
        let RelayFrame::Welcome(welcome) = client.next().await else {
            panic!("not welcome")
        };
        Self {
            client,
            welcome,
            place: PublicPlace::default(),
            held: BTreeMap::new(),
        }
    }

    /// The same device comes again.
    async fn again(self, relay: &Relay, user: &str, comes: Comes) -> Self {
        let Self { place, held, .. } = self;
        Self {
            place,
            held,
            ..Self::open(relay, user, comes).await
        }
    }

    /// Pulls to the end. The bodies that it holds then.
    async fn pull(&mut self) -> Vec<&str> {
        loop {
            let req = RequestId::new(77).unwrap();
            let pull = ClientFrame::Pull {
                req,
                after: self.welcome.head,
                limit: None,
                public: Some(self.place.clone()),
                conv: None,
            };
            self.client.say(&pull).await;
            let RelayFrame::Page {
                public: Some(page), ..
            } = self.client.answer().await
            else {
                panic!("not a page")
            };
            let news = page.news.unwrap_or_default();
            if let Some(ids) = &news.held {
                self.held.retain(|id, _| ids.contains(id));
            }
            for change in news.changes {
                match change.broadcast {
                    Some(broadcast) => self.held.insert(change.id, broadcast),
                    None => self.held.remove(&change.id),
                };
            }
            self.place = PublicPlace {
                after: page.cursor,
                view: Some(page.view),
            };
            if page.cursor == page.head {
                return self.held.values().map(|one| one.body.as_str()).collect();
            }
        }
    }
}

/// An operator's broadcast, as it is after the last command.
struct Published<'a> {
    relay: &'a Relay,
    record: Value,
}

impl<'a> Published<'a> {
    async fn draft(relay: &'a Relay, body: &str, audience: Value) -> Self {
        let content = json!({ "kind": "text", "title": "News", "body": body });
        let params = json!({ "content": content, "audience": audience });
        let record = relay.operator().ok("broadcasts.create", params).await;
        Self { relay, record }
    }

    async fn new(relay: &'a Relay, body: &str, audience: Value) -> Self {
        let mut draft = Self::draft(relay, body, audience).await;
        draft.act("publish", json!({})).await;
        draft
    }

    async fn act(&mut self, what: &str, mut params: Value) {
        params["id"] = self.record["id"].clone();
        params["revision"] = self.record["revision"].clone();
        let method = format!("broadcasts.{what}");
        let value = self.relay.operator().ok(&method, params).await;
        if value.get("revision").is_some() {
            self.record = value;
        }
    }

    async fn edit(&mut self, body: &str) {
        let content = json!({ "kind": "text", "title": "News", "body": body });
        self.act("edit", json!({ "content": content })).await;
    }
}

async fn allow(relay: &Relay, users: &[&str]) {
    let params = json!({ "users": users });
    relay.operator().ok("allow_list.replace", params).await;
}

fn gold() -> Profile {
    Profile {
        segments: [Label::new("gold").unwrap()].into(),
        ..Profile::default()
    }
}

#[tokio::test]
async fn a_cursor_that_passed_a_staged_broadcast_still_gets_it_on_publication() {
    let relay = Relay::start().await;
    allow(&relay, &["tess"]).await;
    let mut news = Published::draft(&relay, "new", json!({})).await;
    news.act("stage", json!({ "allow_list": true })).await;
    let mut ann = Reader::open(&relay, "ann", Comes::default()).await;
    assert!(ann.pull().await.is_empty());
    assert_eq!(ann.place.after, ann.welcome.pub_head, "it passed by");
    let mut tess = Reader::open(&relay, "tess", Comes::default()).await;
    assert_eq!(tess.pull().await, ["new"]);
    news.act("publish", json!({})).await;
    assert_eq!(ann.pull().await, ["new"]);
    allow(&relay, &[]).await;
    assert_eq!(tess.pull().await, ["new"], "she is one of all now");
}

#[tokio::test]
async fn edits_stops_and_recalls_reach_devices_that_have_it_also_when_they_were_offline() {
    let relay = Relay::start().await;
    let mut one = Published::new(&relay, "one", json!({})).await;
    let mut two = Published::new(&relay, "two", json!({})).await;
    let mut ann = Reader::open(&relay, "ann", Comes::default()).await;
    assert_eq!(ann.pull().await, ["one", "two"]);
    one.edit("one!").await;
    two.act("stop", json!({})).await;
    assert_eq!(ann.pull().await, ["one!", "two"], "who has it keeps it");
    let mut late = Reader::open(&relay, "late", Comes::default()).await;
    assert_eq!(late.pull().await, ["one!"], "what is still valid");
    drop(ann.client);
    one.act("recall", json!({})).await;
    two.act("recall", json!({})).await;
    ann.client = Client::dial(&relay.socket_url()).await;
    let mut ann = ann.again(&relay, "ann", Comes::default()).await;
    assert_ne!(ann.place.after, ann.welcome.pub_head, "it must look");
    assert!(ann.pull().await.is_empty());
}

#[tokio::test]
async fn an_upgrade_shows_what_was_hidden() {
    let relay = Relay::start().await;
    Published::new(&relay, "for 5", json!({ "app_version_min": "5.0" })).await;
    Published::new(&relay, "for 4", json!({ "app_version_max": "4" })).await;
    let comes = |version| Comes {
        app_version: Some(version),
        ..Comes::default()
    };
    let mut ann = Reader::open(&relay, "ann", comes("4.9")).await;
    assert_eq!(ann.pull().await, ["for 4"]);
    assert_eq!(ann.place.view.as_ref(), Some(&ann.welcome.pub_view));
    let mut ann = ann.again(&relay, "ann", comes("5.0.1")).await;
    assert_ne!(
        ann.place.view.as_ref(),
        Some(&ann.welcome.pub_view),
        "it must look"
    );
    assert_eq!(ann.pull().await, ["for 5"]);
}

#[tokio::test]
async fn a_fresh_token_joins_a_segment_on_an_open_connection() {
    let relay = Relay::start().await;
    Published::new(&relay, "for gold", json!({ "segments": ["gold"] })).await;
    Published::new(&relay, "for web", json!({ "hosts": ["web"] })).await;
    Published::new(&relay, "for members", json!({ "members_only": true })).await;
    let guest = Comes {
        profile: Profile {
            guest: true,
            ..Profile::default()
        },
        host: Some("web"),
        ..Comes::default()
    };
    let mut ann = Reader::open(&relay, "ann", guest).await;
    assert_eq!(ann.pull().await, ["for web"]);
    let refresh = ClientFrame::Refresh {
        req: RequestId::new(1).unwrap(),
        token: Secret::new(relay.token_with("ann", gold())),
    };
    ann.client.say(&refresh).await;
    assert!(matches!(
        ann.client.answer().await,
        RelayFrame::Refreshed { .. }
    ));
    assert_eq!(ann.pull().await, ["for gold", "for web", "for members"]);
}

#[tokio::test]
async fn a_scheduled_broadcast_comes_in_its_time_and_to_who_comes_later() {
    let relay = Relay::start().await;
    let now_us = seqline_relay::clock::Clock::now(&*relay.clock).wall.get();
    let hour_us = 3_600_000_000_u64;
    let window = json!({
        "starts_us": now_us + hour_us / 2,
        "expires_us": now_us + hour_us,
    });
    Published::new(&relay, "soon", window).await;
    let mut ann = Reader::open(&relay, "ann", Comes::default()).await;
    assert!(ann.pull().await.is_empty());
    relay.pass(std::time::Duration::from_secs(31 * 60));
    assert_eq!(ann.pull().await, ["soon"]);
    let mut ben = Reader::open(&relay, "ben", Comes::default()).await;
    assert_eq!(ben.pull().await, ["soon"]);
    relay.pass(std::time::Duration::from_secs(30 * 60));
    let mut cleo = Reader::open(&relay, "cleo", Comes::default()).await;
    assert!(cleo.pull().await.is_empty());
}

#[tokio::test]
async fn pulls_go_on_without_the_database() {
    let relay = Relay::start().await;
    Published::new(&relay, "one", json!({})).await;
    let mut ann = Reader::open(&relay, "ann", Comes::default()).await;
    let options = SqliteConnectOptions::new().filename(relay.database());
    let mut outside = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query("ALTER TABLE broadcast RENAME TO gone")
        .execute(&mut outside)
        .await
        .unwrap();
    let failed = || relay.running.counters().public_polls_failed.get();
    while failed() == 0 {
        assert_eq!(ann.pull().await, ["one"]);
        ann.place = PublicPlace::default();
        ann.held.clear();
        tokio::task::yield_now().await;
    }
    assert_eq!(ann.pull().await, ["one"]);
    sqlx::query("ALTER TABLE gone RENAME TO broadcast")
        .execute(&mut outside)
        .await
        .unwrap();
    Published::new(&relay, "two", json!({})).await;
    assert_eq!(ann.pull().await, ["one", "two"]);
}

#[tokio::test]
async fn a_pull_at_the_head_sees_what_is_pushed_and_asks_no_database() {
    let relay = Relay::start().await;
    let (mut ann, _) = Client::open(&relay, "ann", "phone").await;
    let (mut ben, _) = Client::open(&relay, "ben", "phone").await;
    let (entries, head) = ann.pull(Seq::ZERO).await;
    assert!(entries.is_empty());
    assert_eq!(head, Seq::ZERO);
    let from_memory = || relay.running.counters().pulls_from_memory.get();
    let before = from_memory();
    ann.pull(Seq::ZERO).await;
    assert_eq!(from_memory(), before + 1);
    ben.store("ann", "m1", "hello").await;
    assert_eq!(ann.pushed(1).await[0].seq, Seq::new(1).unwrap());
    assert_eq!(ann.pull(Seq::new(1).unwrap()).await.1, Seq::new(1).unwrap());
    assert_eq!(from_memory(), before + 2);
    assert_eq!(ann.pull(Seq::ZERO).await.0.len(), 1, "not the head");
    assert_eq!(from_memory(), before + 2);
}
