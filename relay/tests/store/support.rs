//! Short ways to say things to a store.

use std::sync::Arc;

use seqline_protocol::{
    AppId, ClientMsgId, ConvId, ConvSeq, Conversation, Entry, GroupChange, GroupOp, Item, Message,
    Micros, Seq, UserId,
};
use seqline_relay::{
    account::Account,
    store::{
        Actor, Clear, Commit, CommitRules, ConversationsQuery, Delete, Delivered, Done, Edit,
        Group, GroupAction, GroupCommand, GroupDone, GroupQuery, HistoryPage, HistoryQuery,
        HistoryRange, Member, MembersQuery, Op, OpResult, Page, PageQuery, PageRange, Read, Recall,
        Receipts, ReceiptsQuery, Send, Sent, Store, Timeline,
    },
};

/// What recall is allowed for in the suite.
pub(crate) const RECALL_WINDOW_MS: u64 = 60_000;
/// What edits are allowed for in the suite.
pub(crate) const EDIT_WINDOW_MS: u64 = 120_000;
/// From how many members a group of the suite is a crowd.
pub(crate) const CROWD_MEMBERS_MIN: u32 = 4;

/// What the suite runs with: groups become crowds soon.
pub(crate) fn rules() -> CommitRules {
    CommitRules {
        recall_window_ms: RECALL_WINDOW_MS,
        edit_window_ms: EDIT_WINDOW_MS,
        crowd_members_min: CROWD_MEMBERS_MIN,
        ..CommitRules::default()
    }
}

/// A backend in its first state, and what must live as long.
pub(crate) struct Fresh {
    pub(crate) store: Arc<dyn Store>,
    /// Commits that store a message with this body fail in the middle.
    pub(crate) poison: Option<&'static str>,
    _keep: Box<dyn std::any::Any>,
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

/// To a user, or to a conversation.
pub(crate) fn send(from: &str, to: &str, id: &str, body: &str) -> Send {
    let id = ClientMsgId::new(id).unwrap();
    Send::text(account(from), place(from, to), id, body)
}

/// With the digest of what it says.
pub(crate) fn signed(send: Send) -> Send {
    Send {
        digest: send.digest_of(),
        ..send
    }
}

/// With a user, or by its name.
pub(crate) fn place(user: &str, other: &str) -> ConvId {
    if other.contains(':') {
        ConvId::new(other).unwrap()
    } else {
        conv(user, other)
    }
}

pub(crate) fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

pub(crate) fn users(names: &[&str]) -> Vec<UserId> {
    names.iter().map(|name| user(name)).collect()
}

/// A user, or the app's server.
pub(crate) fn actor(name: &str) -> Actor {
    if name == SERVER {
        Actor::Server(AppId::new("app").unwrap())
    } else {
        Actor::User(account(name))
    }
}

/// Stands for the app's server where an actor is named.
pub(crate) const SERVER: &str = "server";

pub(crate) fn group(by: &str, conv: &str, action: GroupAction) -> Op {
    Op::Group(GroupCommand {
        actor: actor(by),
        conv: ConvId::new(conv).unwrap(),
        action,
    })
}

pub(crate) fn create(owner: &str, conv: &str, members: &[&str]) -> Op {
    let action = GroupAction::Create {
        owner: None,
        title: conv.to_owned(),
        join: None,
        users: users(members),
    };
    group(owner, conv, action)
}

pub(crate) fn invite(by: &str, conv: &str, members: &[&str]) -> Op {
    group(by, conv, GroupAction::Invite(users(members)))
}

pub(crate) fn remove(by: &str, conv: &str, members: &[&str]) -> Op {
    group(by, conv, GroupAction::Remove(users(members)))
}

pub(crate) fn edit(by: &str, to: &str, conv_seq: u64, body: &str) -> Op {
    Op::Edit(Edit {
        actor: actor(by),
        conv: place(by, to),
        conv_seq: ConvSeq::new(conv_seq).unwrap(),
        body: body.to_owned(),
    })
}

pub(crate) fn delete(user: &str, to: &str, conv_seq: u64) -> Op {
    Op::Delete(Delete {
        account: account(user),
        conv: place(user, to),
        conv_seq: ConvSeq::new(conv_seq).unwrap(),
    })
}

pub(crate) fn clear(user: &str, to: &str) -> Op {
    Op::Clear(Clear {
        account: account(user),
        conv: place(user, to),
    })
}

pub(crate) fn read(user: &str, peer: &str, conv_seq: u64) -> Op {
    Op::Read(Read {
        account: account(user),
        conv: place(user, peer),
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
        actor: actor(user),
        conv: place(user, peer),
        conv_seq: ConvSeq::new(conv_seq).unwrap(),
    })
}

pub(crate) fn changed(result: &OpResult) -> &GroupDone {
    match result {
        Ok(Done::Group(done)) => done,
        other => panic!("no change of a group: {other:?}"),
    }
}

pub(crate) fn sent(result: &OpResult) -> &Sent {
    match result {
        Ok(Done::Sent(sent)) => sent,
        other => panic!("not sent: {other:?}"),
    }
}

impl Fresh {
    pub(crate) fn new(store: Arc<dyn Store>, keep: impl std::any::Any) -> Self {
        Self {
            store,
            poison: None,
            _keep: Box::new(keep),
        }
    }

    /// Says that commits with this body fail in the middle.
    pub(crate) fn poisoned_by(self, body: &'static str) -> Self {
        Self {
            poison: Some(body),
            ..self
        }
    }

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
            timeline: Timeline::User(Arc::clone(account)),
            range: PageRange::After(Seq::new(after).unwrap()),
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
            actor: actor(user),
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

    /// A crowd's timeline, as a member sees it.
    pub(crate) async fn crowd(&self, user: &str, conv: &str) -> Page {
        self.crowd_page(user, conv, PageRange::After(Seq::ZERO), 100_000)
            .await
    }

    pub(crate) async fn crowd_page(
        &self,
        user: &str,
        conv: &str,
        range: PageRange,
        limit: usize,
    ) -> Page {
        let query = PageQuery {
            account: account(user),
            timeline: Timeline::Crowd(AppId::new("app").unwrap(), ConvId::new(conv).unwrap()),
            range,
            limit,
            bytes_max: usize::MAX,
            now: at_s(0),
        };
        self.store.page(query).await.unwrap()
    }

    pub(crate) async fn group(&self, by: &str, conv: &str) -> Option<Group> {
        let query = GroupQuery {
            actor: actor(by),
            conv: ConvId::new(conv).unwrap(),
        };
        self.store.group(query).await.unwrap()
    }

    pub(crate) async fn members(
        &self,
        by: &str,
        conv: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Option<Vec<Member>> {
        let query = MembersQuery {
            group: GroupQuery {
                actor: actor(by),
                conv: ConvId::new(conv).unwrap(),
            },
            after: after.map(user),
            limit,
        };
        self.store.members(query).await.unwrap()
    }

    pub(crate) async fn receipts(&self, by: &str, to: &str, conv_seq: u64) -> Option<Receipts> {
        let query = ReceiptsQuery {
            actor: actor(by),
            conv: place(by, to),
            conv_seq: ConvSeq::new(conv_seq).unwrap(),
            limit: 100,
        };
        self.store.receipts(query).await.unwrap()
    }

    /// A user's place in the list of conversations.
    pub(crate) async fn listed(&self, user: &str, conv: &str) -> Option<Conversation> {
        let all = self.conversations(user).await;
        all.into_iter().find(|row| row.conv.as_str() == conv)
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

/// What a timeline tells, in few words.
pub(crate) fn told(entries: &[Entry]) -> Vec<String> {
    entries.iter().map(|entry| in_words(&entry.item)).collect()
}

pub(crate) fn in_words(item: &Item) -> String {
    match item {
        Item::Message(message) => format!("message {} {}", message.conv_seq, message.body),
        Item::Edit(message) => format!("edit {} {}", message.conv_seq, message.body),
        Item::Recall { conv_seq, by, .. } => format!("recall {conv_seq} by {by}"),
        Item::Delete { conv_seq, .. } => format!("delete {conv_seq}"),
        Item::Read { conv_seq, .. } => format!("read {conv_seq}"),
        Item::Receipt(receipt) => format!(
            "receipt {} {} {}",
            receipt.user, receipt.delivered, receipt.read
        ),
        Item::Group(change) => group_in_words(change),
        Item::Crowd { after, .. } => match after {
            Some(after) => format!("crowd after {after}"),
            None => "crowd no longer".to_owned(),
        },
        Item::Seen { broadcast, opened } => {
            let how = if *opened { "opened" } else { "seen" };
            format!("{how} {broadcast}")
        }
    }
}

fn group_in_words(change: &GroupChange) -> String {
    let by = change.by.as_ref().map_or(SERVER, UserId::as_str);
    let list = |users: &[UserId]| {
        let names: Vec<_> = users.iter().map(UserId::as_str).collect();
        names.join(",")
    };
    let what = match &change.op {
        GroupOp::Created { users, .. } => format!("created {}", list(users)),
        GroupOp::Joined { users } => format!("joined {}", list(users)),
        GroupOp::Left { users } => format!("left {}", list(users)),
        GroupOp::Removed { users } => format!("removed {}", list(users)),
        GroupOp::Role { user, role } => format!("role {user} {role:?}"),
        GroupOp::Muted { user, until_us } => format!("muted {user} {until_us}"),
        GroupOp::MutedAll { muted } => format!("muted all {muted}"),
        GroupOp::Edited { .. } => "edited".to_owned(),
        GroupOp::Dissolved => "dissolved".to_owned(),
    };
    format!("{what} by {by}")
}
