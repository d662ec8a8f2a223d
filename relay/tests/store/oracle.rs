//! The simplest thing that could be right, to compare backends with: no tables, no
//! batches, no counters, only lists that are searched from the start.

use std::{collections::BTreeMap, future::Future};

use proptest::{prelude::*, strategy::ValueTree as _, test_runner::TestRunner};
use seqline_protocol::{ConvId, ConvSeq, Item, Message, MsgId, Receipt, Seq};
use seqline_relay::store::{Done, HistoryRange, Op, OpResult, Refusal, Send, Sent};

use crate::support::{Fresh, RECALL_WINDOW_MS, account, at_s, delivered, read, recall, send};

const USERS: [&str; 3] = ["alice", "bob", "carol"];
const CASES: u32 = 60;

#[derive(Default)]
struct Oracle {
    messages: Vec<(Message, Seq)>,
    timelines: BTreeMap<String, Vec<Item>>,
    delivered: BTreeMap<String, u64>,
    /// Delivered and read, by conversation and user.
    marks: BTreeMap<(ConvId, String), (u64, u64)>,
}

impl Oracle {
    fn tell(&mut self, user: &str, item: Item) -> Seq {
        let timeline = self.timelines.entry(user.to_owned()).or_default();
        timeline.push(item);
        Seq::new(timeline.len() as u64).unwrap()
    }

    fn of(&self, conv: &ConvId) -> impl DoubleEndedIterator<Item = &Message> {
        let all = self.messages.iter().map(|(message, _)| message);
        all.filter(move |message| message.conv == *conv)
    }

    /// Marks and recalls first, as the store promises; their news before the messages.
    fn commit(&mut self, ops: &[Op], s: u64) -> Vec<OpResult> {
        let mut results = vec![Err(Refusal::MessageUnknown); ops.len()];
        for (result, op) in results.iter_mut().zip(ops) {
            if let Op::Recall(recall) = op {
                *result = self.recall(recall, s);
            }
        }
        let before = self.marks.clone();
        for (result, op) in results.iter_mut().zip(ops) {
            match op {
                Op::Read(_) => *result = Ok(Done::Applied),
                Op::Delivered(delivered) => {
                    *result = Ok(Done::DeliveredUpTo(delivered.cursor));
                    self.deliver(delivered.account.user.as_str(), delivered.cursor.get());
                }
                _ => {}
            }
        }
        for op in ops {
            if let Op::Read(read) = op {
                self.read(&read.conv, read.account.user.as_str(), read.conv_seq.get());
            }
        }
        self.tell_marks(&before);
        for (result, op) in results.iter_mut().zip(ops) {
            if let Op::Send(send) = op {
                *result = self.send(send, s);
            }
        }
        results
    }

    fn send(&mut self, send: &Send, s: u64) -> OpResult {
        let found = self.messages.iter().find(|(message, _)| {
            message.sender == send.from.user && message.client_msg_id == send.client_msg_id
        });
        if let Some((first, seq)) = found {
            let is_same = first.conv == send.conv && (first.recalled || first.body == send.body);
            return if is_same {
                Ok(Done::Sent(place(first, *seq, true)))
            } else {
                Err(Refusal::IdConflict)
            };
        }
        let message = Message {
            msg_id: MsgId::new(self.messages.len() as u64 + 1).unwrap(),
            client_msg_id: send.client_msg_id.clone(),
            sender: send.from.user.clone(),
            conv: send.conv.clone(),
            conv_seq: ConvSeq::new(self.of(&send.conv).count() as u64 + 1).unwrap(),
            kind: send.kind.clone(),
            body: send.body.clone(),
            priority: send.priority,
            created_us: at_s(s),
            expires_us: send.expires,
            recalled: false,
        };
        let own = self.tell(send.from.user.as_str(), Item::Message(message.clone()));
        let peer = send.conv.peer_of(&send.from.user).unwrap();
        if peer != send.from.user {
            self.tell(peer.as_str(), Item::Message(message.clone()));
        }
        self.messages.push((message.clone(), own));
        Ok(Done::Sent(place(&message, own, false)))
    }

    fn recall(&mut self, recall: &seqline_relay::store::Recall, s: u64) -> OpResult {
        let window_s = RECALL_WINDOW_MS / 1000;
        let found = self.messages.iter_mut().find(|(message, _)| {
            message.conv == recall.conv && message.conv_seq == recall.conv_seq
        });
        let Some((message, _)) = found else {
            return Err(Refusal::MessageUnknown);
        };
        let is_late = at_s(s).get() > message.created_us.get() + RECALL_WINDOW_MS * 1000;
        if message.sender != recall.account.user || is_late && !message.recalled {
            return Err(Refusal::RecallRefused(window_s));
        }
        if message.recalled {
            return Ok(Done::Applied);
        }
        message.recalled = true;
        message.body.clear();
        let message = message.clone();
        for item in self.timelines.values_mut().flatten() {
            if let Item::Message(stored) = item
                && stored.msg_id == message.msg_id
            {
                *stored = message.clone();
            }
        }
        let (low, high) = recall.conv.users().unwrap();
        let mut users = vec![low, high];
        users.dedup();
        for user in users {
            let item = Item::Recall {
                conv: recall.conv.clone(),
                conv_seq: recall.conv_seq,
                msg_id: message.msg_id,
                by: recall.account.user.clone(),
            };
            self.tell(user.as_str(), item);
        }
        Ok(Done::Applied)
    }

    fn deliver(&mut self, user: &str, cursor: u64) {
        let timeline = self.timelines.get(user).map_or(&[][..], |items| items);
        let known = self.delivered.entry(user.to_owned()).or_default();
        let upto = cursor.min(timeline.len() as u64).max(*known);
        for (item, seq) in timeline.iter().zip(1..) {
            if let Item::Message(message) = item
                && message.sender.as_str() != user
                && seq > *known
                && seq <= upto
            {
                let mark = self.marks.entry((message.conv.clone(), user.to_owned()));
                let mark = mark.or_default();
                mark.0 = mark.0.max(message.conv_seq.get());
            }
        }
        *known = upto;
    }

    fn read(&mut self, conv: &ConvId, user: &str, conv_seq: u64) {
        let upto = conv_seq.min(self.of(conv).count() as u64);
        let mark = self
            .marks
            .entry((conv.clone(), user.to_owned()))
            .or_default();
        mark.1 = mark.1.max(upto);
        mark.0 = mark.0.max(upto);
    }

    fn tell_marks(&mut self, before: &BTreeMap<(ConvId, String), (u64, u64)>) {
        for ((conv, user), (delivered, read)) in self.marks.clone() {
            let (old_delivered, old_read) = before
                .get(&(conv.clone(), user.clone()))
                .copied()
                .unwrap_or_default();
            if read > old_read {
                let conv_seq = ConvSeq::new(read).unwrap();
                let conv = conv.clone();
                self.tell(&user, Item::Read { conv, conv_seq });
            }
            let name = account(&user).user.clone();
            let peer = conv.peer_of(&name).unwrap();
            if (delivered > old_delivered || read > old_read) && peer != name {
                let receipt = Receipt {
                    conv,
                    user: name,
                    delivered: ConvSeq::new(delivered).unwrap(),
                    read: ConvSeq::new(read).unwrap(),
                };
                self.tell(peer.as_str(), Item::Receipt(receipt));
            }
        }
    }

    fn unread(&self, conv: &ConvId, user: &str) -> u64 {
        let (_, read) = self.mark(conv, user);
        let others = self
            .of(conv)
            .filter(|one| one.sender.as_str() != user && one.conv_seq.get() > read);
        others.count() as u64
    }

    fn mark(&self, conv: &ConvId, user: &str) -> (u64, u64) {
        let mark = self.marks.get(&(conv.clone(), user.to_owned()));
        mark.copied().unwrap_or_default()
    }
}

fn place(message: &Message, seq: Seq, duplicate: bool) -> Sent {
    Sent {
        msg_id: message.msg_id,
        conv_seq: message.conv_seq,
        seq,
        created: message.created_us,
        duplicate,
    }
}

fn an_op() -> impl Strategy<Value = Op> {
    let user = || prop::sample::select(&USERS[..]);
    prop_oneof![
        6 => (user(), user(), 0..30u32, 0..4u32).prop_map(|(from, to, id, body)| {
            Op::Send(send(from, to, &format!("m{id}"), &format!("body {}", body.min(1))))
        }),
        2 => (user(), user(), 0..12u64).prop_map(|(user, peer, upto)| read(user, peer, upto)),
        2 => (user(), 0..40u64).prop_map(|(user, cursor)| delivered(user, cursor)),
        1 => (user(), user(), 0..12u64).prop_map(|(user, peer, at)| recall(user, peer, at)),
    ]
}

/// Random batches, each at a random time after the one before.
pub(crate) async fn agrees<F: Future<Output = Fresh>>(fresh: impl Fn() -> F) {
    let batches = prop::collection::vec((prop::collection::vec(an_op(), 1..12), 0..40u64), 1..25);
    // The same cases in every run: what fails once fails always.
    let mut runner = TestRunner::deterministic();
    for _ in 0..CASES {
        let batches = batches.new_tree(&mut runner).unwrap().current();
        compare(fresh().await, &batches).await;
    }
}

async fn compare(store: Fresh, batches: &[(Vec<Op>, u64)]) {
    let mut oracle = Oracle::default();
    let mut now_s = 0;
    for (ops, pause_s) in batches {
        now_s += pause_s;
        let heads: BTreeMap<String, usize> = oracle
            .timelines
            .iter()
            .map(|(user, items)| (user.clone(), items.len()))
            .collect();
        let expected = oracle.commit(ops, now_s);
        let commit = store.commit_at(now_s, ops.clone()).await;
        assert_eq!(
            sorted_places(&commit.results),
            sorted_places(&expected),
            "{batches:#?}"
        );
        for append in &commit.appends {
            let user = append.account.user.as_str();
            let head = heads.get(user).copied().unwrap_or_default();
            assert_eq!(append.first.get(), head as u64 + 1, "{batches:#?}");
            let items: Vec<_> = append.items.iter().map(|item| Item::clone(item)).collect();
            assert_same_news(&items, &oracle.timelines[user][head..], batches);
        }
    }
    for user in USERS {
        compare_views(&store, &oracle, user, batches).await;
    }
}

/// Own seqs depend on the order of a batch's news, which is not promised.
fn sorted_places(results: &[OpResult]) -> Vec<OpResult> {
    let strip = |result: &OpResult| match result {
        Ok(Done::Sent(sent)) => Ok(Done::Sent(Sent {
            seq: Seq::ZERO,
            ..sent.clone()
        })),
        other => other.clone(),
    };
    results.iter().map(strip).collect()
}

/// The same things, the messages among them in the same order.
fn assert_same_news(got: &[Item], expected: &[Item], batches: &[(Vec<Op>, u64)]) {
    let messages = |items: &[Item]| -> Vec<Item> {
        let messages = items.iter().filter(|one| matches!(one, Item::Message(_)));
        messages.cloned().collect()
    };
    assert_eq!(messages(got), messages(expected), "{batches:#?}");
    let sorted = |items: &[Item]| {
        let mut texts: Vec<_> = items.iter().map(|item| format!("{item:?}")).collect();
        texts.sort();
        texts
    };
    assert_eq!(sorted(got), sorted(expected), "{batches:#?}");
}

async fn compare_views(store: &Fresh, oracle: &Oracle, user: &str, batches: &[(Vec<Op>, u64)]) {
    let timeline = store.timeline(user).await;
    let items: Vec<_> = timeline.iter().map(|entry| entry.item.clone()).collect();
    let expected = oracle.timelines.get(user).map_or(&[][..], |items| items);
    assert_same_news(&items, expected, batches);

    let list = store.conversations(user).await;
    let name = account(user).user.clone();
    let mut expected: Vec<&ConvId> = oracle
        .messages
        .iter()
        .map(|(message, _)| &message.conv)
        .filter(|conv| conv.peer_of(&name).is_some())
        .collect();
    expected.sort();
    expected.dedup();
    assert_eq!(list.len(), expected.len(), "{batches:#?}");
    for row in list {
        let all: Vec<Message> = oracle.of(&row.conv).cloned().collect();
        let (_, read) = oracle.mark(&row.conv, user);
        assert_eq!(row.unread, oracle.unread(&row.conv, user), "{batches:#?}");
        assert_eq!(row.read.get(), read);
        assert_eq!(row.head.get(), all.len() as u64);
        assert_eq!(row.last.as_ref(), all.last());
        for receipt in &row.receipts {
            let mark = oracle.mark(&row.conv, receipt.user.as_str());
            assert_eq!((receipt.delivered.get(), receipt.read.get()), mark);
        }
        let history = store
            .history(user, &row.conv, HistoryRange::Newest, 1000)
            .await;
        assert_eq!(history.unwrap().messages, all, "{batches:#?}");
    }
}
