//! A standby that history, searches and conversations are read from: nobody sees less of them than
//! from the database itself, whatever the standby does.

use std::sync::{Arc, OnceLock};

use futures_util::future::join_all;
use seqline_protocol::{ConvSeq, Message};
use seqline_relay::store::{Fallback, HistoryRange, Op, ReplicaQuery};
use sqlx::{Connection as _, PgConnection};

use super::{open_beside, outside};
use crate::{
    conformance,
    postgres_server::{Server, on_standby},
    support::{Fresh, bodies, conv, recall, rules, send},
};

async fn fresh() -> Fresh {
    static SERVER: OnceLock<Server> = OnceLock::new();
    let url = SERVER.get_or_init(server).database().await;
    reading(&url, on_standby(&url)).await
}

fn server() -> Server {
    let server = Server::start(false);
    server.command("make-standby");
    server
}

/// A server of a test's own with its standby, and a store on both.
async fn own() -> (Server, String, Fresh) {
    let server = server();
    let url = server.database().await;
    let fresh = reading(&url, on_standby(&url)).await;
    (server, url, fresh)
}

async fn reading(url: &str, standby: String) -> Fresh {
    let store = open_beside(url, Some(standby), rules()).await.unwrap();
    Fresh::new(Arc::new(store), ())
}

conformance::suite!(@tests fresh, fresh,
    reads: history_goes_both_ways, history_goes_by_time, history_is_for_members,
        history_leaves_out_what_expired, the_server_sees_what_was_not_taken_back,
        conversations_are_sorted_by_activity;
    replaces: blank_the_earlier_one;
    recalls: blanks_the_message_everywhere;
    edits: change_the_message_everywhere;
    deletes: hide_a_message_from_one_user, of_a_conversation_take_it_off_the_list;
    groups: who_goes_learns_it_and_no_more;
    search: finds_words_of_any_script, is_narrowed_by_filters, finds_what_one_may_see;
);

impl Fresh {
    fn reads(&self, query: ReplicaQuery) -> u64 {
        let all = ReplicaQuery::ALL.into_iter();
        let mut counts = all.zip(self.store.replica_counts().reads);
        counts.find(|(one, _)| *one == query).unwrap().1
    }

    fn fallbacks(&self, why: Fallback) -> u64 {
        let all = Fallback::ALL.into_iter();
        let mut counts = all.zip(self.store.replica_counts().fallbacks);
        counts.find(|(one, _)| *one == why).unwrap().1
    }

    /// What was said to bob, by his history.
    async fn said_by(&self, sender: &str) -> Vec<Message> {
        let (conv, range) = (conv("bob", sender), HistoryRange::After(ConvSeq::ZERO));
        let page = self.history("bob", &conv, range, 100).await;
        page.map(|page| page.messages).unwrap_or_default()
    }

    async fn said(&self) -> Vec<Message> {
        self.said_by("alice").await
    }

    /// Reads until the standby was.
    async fn until_it_is_read(&self) {
        let before = self.reads(ReplicaQuery::History);
        while self.reads(ReplicaQuery::History) == before {
            self.said().await;
        }
    }

    async fn until_it_is_not(&self, why: Fallback) {
        let before = self.fallbacks(why);
        while self.fallbacks(why) == before {
            self.said().await;
        }
    }
}

#[tokio::test]
async fn all_three_are_read_there() {
    let store = fresh().await;
    store.fill("alice", "bob", 3).await;
    store.until_it_is_read().await;
    while store.reads(ReplicaQuery::Conversations) == 0 {
        assert_eq!(store.conversations("bob").await.len(), 1);
    }
    while store.reads(ReplicaQuery::Search) == 0 {
        let found = conformance::search::bodies(&store, "bob", "alice").await;
        assert_eq!(found.len(), 3);
    }
}

#[tokio::test]
async fn what_was_acknowledged_is_seen_at_once_by_many_at_a_time() {
    let store = fresh().await;
    let writing = (0..8).map(async |writer| {
        let name = format!("writer-{writer}");
        for at in 1..=20 {
            let message = send(&name, "bob", &format!("m{at}"), "hello");
            store.commit(vec![Op::Send(message)]).await;
            assert_eq!(store.said_by(&name).await.len(), at, "{name}");
        }
    });
    join_all(writing).await;
    store.until_it_is_read().await;
}

#[tokio::test]
async fn while_it_is_behind_nothing_stale_is_shown() {
    let (_server, url, store) = own().await;
    store.fill("alice", "bob", 1).await;
    store.until_it_is_read().await;
    let mut standby = outside(&on_standby(&url), "SELECT pg_wal_replay_pause()").await;
    let is_paused = "SELECT pg_get_wal_replay_pause_state() = 'paused'";
    while !sqlx::query_scalar::<_, bool>(is_paused)
        .fetch_one(&mut standby)
        .await
        .unwrap()
    {}

    let reads = store.reads(ReplicaQuery::History);
    for at in 2..=5 {
        let id = format!("late-{at}");
        store
            .commit(vec![Op::Send(send("alice", "bob", &id, "late"))])
            .await;
        assert_eq!(store.said().await.len(), at);
    }
    store.commit(vec![recall("alice", "bob", 3)]).await;
    assert!(store.said().await[2].recalled);
    assert_eq!(store.reads(ReplicaQuery::History), reads);
    assert!(store.fallbacks(Fallback::Behind) >= 5);

    sqlx::raw_sql("SELECT pg_wal_replay_resume()")
        .execute(&mut standby)
        .await
        .unwrap();
    store.until_it_is_read().await;
    assert_eq!(store.said().await.len(), 5);
}

#[tokio::test]
async fn while_it_is_away_the_database_itself_is_read() {
    let (server, _, store) = own().await;
    store.fill("alice", "bob", 2).await;
    store.until_it_is_read().await;
    server.command("stop-standby");
    let reads = store.reads(ReplicaQuery::History);
    for _ in 0..20 {
        assert_eq!(store.said().await.len(), 2);
    }
    assert_eq!(store.reads(ReplicaQuery::History), reads);
    assert!(store.fallbacks(Fallback::Away) >= 20);
    server.command("start-standby");
    store.until_it_is_read().await;
}

#[tokio::test]
async fn one_that_was_promoted_is_read_no_more() {
    let (server, url, store) = own().await;
    store.fill("alice", "bob", 2).await;
    store.until_it_is_read().await;
    server.command("promote-standby");
    let mut promoted = PgConnection::connect(&on_standby(&url)).await.unwrap();
    sqlx::query("UPDATE message SET body = 'of another world'")
        .execute(&mut promoted)
        .await
        .unwrap();
    store.until_it_is_not(Fallback::NotStandby).await;
    let reads = store.reads(ReplicaQuery::History);
    for _ in 0..20 {
        assert_eq!(bodies(&store.said().await), ["alice 1", "alice 2"]);
    }
    assert_eq!(store.reads(ReplicaQuery::History), reads);
}

#[tokio::test]
async fn what_is_no_standby_of_this_database_is_never_read() {
    let (server, url, _) = own().await;
    let other = server.database().await;
    let relays = reading(&other, on_standby(&other)).await;
    relays.fill("alice", "bob", 7).await;
    let empty = server.database().await;
    let elsewhere = crate::postgres_server::database().await;
    for (standby, why) in [
        (on_standby(&other), Fallback::OtherDatabase),
        (on_standby(&empty), Fallback::OtherDatabase),
        (elsewhere, Fallback::OtherDatabase),
        (url.clone(), Fallback::NotStandby),
        (
            "postgres://nobody@127.0.0.1:1/none".to_owned(),
            Fallback::Away,
        ),
    ] {
        let store = reading(&url, standby.clone()).await;
        store.until_it_is_not(why).await;
        assert!(store.said().await.is_empty(), "{standby}");
        assert_eq!(store.reads(ReplicaQuery::History), 0, "{standby}");
    }
}
