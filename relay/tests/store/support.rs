//! Short ways to say things to a store.

use std::sync::Arc;

use seqline_protocol::{
    AppId, ClientMsgId, ConvId, ConvSeq, Conversation, Entry, Item, Kind, Message, Micros,
    Priority, Seq, UserId,
};
use seqline_relay::{
    account::Account,
    store::{
        Commit, ConversationsQuery, Delivered, Done, HistoryPage, HistoryQuery, HistoryRange, Op,
        OpResult, Page, PageQuery, Read, Recall, Send, Sent, Store,
    },
};

/// What recall is allowed for in the suite.
pub(crate) const RECALL_WINDOW_MS: u64 = 60_000;

/// A backend in its first state, and what must live as long.
pub(crate) struct Fresh {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) _keep: Box<dyn std::any::Any>,
}

pub(crate) fn account(user: &str) -> Arc<Account> {
    account_of("app", user)
}

pub(crate) fn account_of(app: &str, user: &str) -> Arc<Account> {
    Arc::new(Account {
        app: AppId::new(app).unwrap(),
        user: UserId::new(user).unwrap(),
    })
}

pub(crate) fn conv(one: &str, other: &str) -> ConvId {
    ConvId::direct(&UserId::new(one).unwrap(), &UserId::new(other).unwrap())
}

/// A time that the suite takes as now: `s` seconds after its start.
pub(crate) fn at_s(s: u64) -> Micros {
    Micros::new(1_000_000_000_000 + s * 1_000_000).unwrap()
}

pub(crate) fn send(from: &str, to: &str, id: &str, body: &str) -> Send {
    Send {
        from: account(from),
        conv: conv(from, to),
        client_msg_id: ClientMsgId::new(id).unwrap(),
        kind: Kind::text(),
        body: body.to_owned(),
        priority: Priority::Normal,
        expires: None,
    }
}

pub(crate) fn read(user: &str, peer: &str, conv_seq: u64) -> Op {
    Op::Read(Read {
        account: account(user),
        conv: conv(user, peer),
        conv_seq: ConvSeq::new(conv_seq).unwrap(),
    })
}

pub(crate) fn delivered(user: &str, cursor: u64) -> Op {
    Op::Delivered(Delivered {
        account: account(user),
        cursor: Seq::new(cursor).unwrap(),
    })
}

pub(crate) fn recall(user: &str, peer: &str, conv_seq: u64) -> Op {
    Op::Recall(Recall {
        account: account(user),
        conv: conv(user, peer),
        conv_seq: ConvSeq::new(conv_seq).unwrap(),
    })
}

pub(crate) fn sent(result: &OpResult) -> &Sent {
    match result {
        Ok(Done::Sent(sent)) => sent,
        other => panic!("not sent: {other:?}"),
    }
}

impl Fresh {
    pub(crate) async fn commit(&self, ops: Vec<Op>) -> Commit {
        self.commit_at(0, ops).await
    }

    pub(crate) async fn commit_at(&self, s: u64, ops: Vec<Op>) -> Commit {
        self.store.commit(ops, at_s(s)).await.unwrap()
    }

    /// The result of one operation alone.
    pub(crate) async fn result(&self, s: u64, op: Op) -> OpResult {
        self.commit_at(s, vec![op]).await.results.remove(0)
    }

    /// So many messages, one commit each.
    pub(crate) async fn fill(&self, from: &str, to: &str, count: usize) {
        for n in 1..=count {
            let id = format!("{from}-{to}-{n}");
            let op = Op::Send(send(from, to, &id, &format!("{from} {n}")));
            sent(&self.result(0, op).await);
        }
    }

    pub(crate) async fn page(&self, user: &str, after: u64, limit: usize) -> Page {
        self.page_of(&account(user), after, limit, at_s(0)).await
    }

    pub(crate) async fn page_of(
        &self,
        account: &Arc<Account>,
        after: u64,
        limit: usize,
        now: Micros,
    ) -> Page {
        let query = PageQuery {
            account: Arc::clone(account),
            after: Seq::new(after).unwrap(),
            limit,
            bytes_max: usize::MAX,
            now,
        };
        self.store.page(query).await.unwrap()
    }

    /// The whole timeline.
    pub(crate) async fn timeline(&self, user: &str) -> Vec<Entry> {
        let page = self.page(user, 0, 100_000).await;
        assert_eq!(page.head.get(), page.entries.len() as u64);
        page.entries
    }

    pub(crate) async fn history(
        &self,
        user: &str,
        conv: &ConvId,
        range: HistoryRange,
        limit: usize,
    ) -> Option<HistoryPage> {
        self.history_at(user, conv, (range, limit), at_s(0)).await
    }

    pub(crate) async fn history_at(
        &self,
        user: &str,
        conv: &ConvId,
        (range, limit): (HistoryRange, usize),
        now: Micros,
    ) -> Option<HistoryPage> {
        let query = HistoryQuery {
            account: account(user),
            conv: conv.clone(),
            range,
            limit,
            bytes_max: usize::MAX,
            now,
        };
        self.store.history(query).await.unwrap()
    }

    /// All conversations, in pages of two.
    pub(crate) async fn conversations(&self, user: &str) -> Vec<Conversation> {
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let query = ConversationsQuery {
                account: account(user),
                after,
                limit: 2,
                bytes_max: usize::MAX,
                now: at_s(0),
            };
            let page = self.store.conversations(query).await.unwrap();
            assert!(page.rows.len() <= 2);
            all.extend(page.rows);
            match page.next {
                Some(next) => after = Some(next),
                None => return all,
            }
        }
    }

    /// The only conversation.
    pub(crate) async fn conversation(&self, user: &str) -> Conversation {
        let mut all = self.conversations(user).await;
        assert_eq!(all.len(), 1);
        all.remove(0)
    }
}

pub(crate) fn seqs(entries: &[Entry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.seq.get()).collect()
}

pub(crate) fn bodies(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|one| one.body.as_str()).collect()
}

pub(crate) fn message(entry: &Entry) -> &Message {
    match &entry.item {
        Item::Message(message) => message,
        other => panic!("not a message: {other:?}"),
    }
}
