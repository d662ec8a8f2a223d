//! What there is: conversations with their messages and members, and timelines.

use std::collections::{BTreeMap, BTreeSet};

use seqline_protocol::{ConvId, ConvKind, ErrorCode, Item, JoinRule, Message, MsgId, Role, UserId};
use seqline_relay::store::{Actor, Done, Op, OpResult};

use super::seen::Marker;
use crate::support::user;

#[derive(Default)]
pub(super) struct Model {
    pub(super) convs: BTreeMap<String, Conv>,
    pub(super) timelines: BTreeMap<String, Vec<News>>,
    /// What each user's devices took.
    pub(super) taken: BTreeMap<String, usize>,
    pub(super) seen: BTreeMap<(String, u64), Marker>,
    pub(super) now_s: u64,
    pub(super) batch: Batch,
}

/// What is remembered within one batch.
#[derive(Default)]
pub(super) struct Batch {
    /// The furthest cursor of each user's operations, within what there was before.
    pub(super) cursors: BTreeMap<String, usize>,
    /// Marks before it, by conversation and user.
    pub(super) marks: BTreeMap<(String, String), Place>,
}

pub(super) struct Conv {
    pub(super) id: ConvId,
    pub(super) messages: Vec<Stored>,
    pub(super) members: BTreeMap<String, Place>,
    /// Who deleted which message.
    pub(super) hidden: BTreeSet<(String, usize)>,
    pub(super) log: Vec<News>,
    pub(super) is_crowd: bool,
    pub(super) has_ended: bool,
    pub(super) is_muted: bool,
    pub(super) title: String,
    pub(super) join: JoinRule,
}

pub(super) struct Stored {
    pub(super) message: Message,
    /// As it was sent.
    pub(super) body: String,
    /// In the sender's timeline, or the crowd's.
    pub(super) seq: usize,
}

#[derive(Clone, PartialEq)]
pub(super) struct Place {
    pub(super) role: Role,
    pub(super) joined_s: u64,
    pub(super) read: usize,
    /// What `read` was at the beginning.
    pub(super) joined_at: usize,
    pub(super) delivered: usize,
    /// Sees messages after this one.
    pub(super) sees_after: usize,
    pub(super) is_cleared: bool,
    pub(super) reads_log_after: usize,
    pub(super) muted_until_s: u64,
}

impl News {
    pub(super) fn other(item: Item) -> Self {
        Self::Other(Box::new(item))
    }
}

/// An entry, as what it is about and not how that reads.
#[derive(Clone)]
pub(super) enum News {
    Message(String, usize),
    Edit(String, usize),
    Recall(String, usize, String),
    Other(Box<Item>),
}

impl Place {
    pub(super) fn new(head: usize, now_s: u64) -> Self {
        Self {
            role: Role::Member,
            joined_s: now_s,
            read: head,
            joined_at: head,
            delivered: head,
            sees_after: head,
            is_cleared: false,
            reads_log_after: 0,
            muted_until_s: 0,
        }
    }
}

impl Conv {
    pub(super) fn new(id: &ConvId) -> Self {
        Self {
            id: id.clone(),
            messages: Vec::new(),
            members: BTreeMap::new(),
            hidden: BTreeSet::new(),
            log: Vec::new(),
            is_crowd: false,
            has_ended: false,
            is_muted: false,
            title: String::new(),
            join: JoinRule::Invited,
        }
    }

    pub(super) fn is_direct(&self) -> bool {
        self.id.kind() == ConvKind::Direct
    }

    /// The message at a place, counted from one.
    pub(super) fn at(&self, conv_seq: usize) -> Option<&Stored> {
        self.messages.get(conv_seq.checked_sub(1)?)
    }
}

/// What came of an operation, without the numbers that a backend chooses.
#[derive(Debug, PartialEq)]
pub(super) enum Got {
    Sent {
        conv_seq: u64,
        seq: u64,
        created_us: u64,
        duplicate: bool,
    },
    Applied,
    UpTo(u64),
    Group {
        changed: Vec<UserId>,
        members: u32,
    },
    Seen(Vec<u64>),
    Refused(ErrorCode),
}

impl Got {
    pub(super) fn of(result: &OpResult) -> Self {
        match result {
            Ok(Done::Sent(sent)) => Self::Sent {
                conv_seq: sent.conv_seq.get(),
                seq: sent.seq.get(),
                created_us: sent.created.get(),
                duplicate: sent.duplicate,
            },
            Ok(Done::Applied) => Self::Applied,
            Ok(Done::DeliveredUpTo(upto)) => Self::UpTo(upto.get()),
            Ok(Done::Group(group)) => Self::Group {
                changed: group.changed.clone(),
                members: group.members,
            },
            Ok(Done::Seen { new }) => Self::Seen(new.iter().map(|id| id.get()).collect()),
            Err(refusal) => Self::Refused(refusal.code()),
        }
    }
}

impl Model {
    pub(super) fn commit(&mut self, ops: &[Op], now_s: u64) -> Vec<Got> {
        self.now_s = now_s;
        self.begin(ops);
        let results = ops.iter().map(|op| match self.apply(op) {
            Ok(got) => got,
            Err(code) => Got::Refused(code),
        });
        let results = results.collect();
        self.tell_marks();
        results
    }

    fn apply(&mut self, op: &Op) -> Result<Got, ErrorCode> {
        match op {
            Op::Send(op) => self.send(op),
            Op::Delivered(op) => Ok(self.deliver(op)),
            Op::Read(op) => self.read(op),
            Op::Clear(op) => self.clear(op),
            Op::Recall(op) => self.recall(op),
            Op::Edit(op) => self.edit(op),
            Op::Delete(op) => self.delete(op),
            Op::Group(op) => self.group(op),
            Op::Seen(op) => Ok(self.see(op)),
            other => panic!("not among the random ones: {other:?}"),
        }
    }

    /// The relay's ids, which are its own to choose: each a new one.
    pub(super) fn take_ids(&mut self, ops: &[Op], results: &[OpResult]) {
        for (op, result) in ops.iter().zip(results) {
            let (Op::Send(send), Ok(Done::Sent(sent))) = (op, result) else {
                continue;
            };
            let conv = self.convs.get_mut(send.conv.as_str()).unwrap();
            let at = usize::try_from(sent.conv_seq.get()).unwrap() - 1;
            let message = &mut conv.messages[at].message;
            if sent.duplicate && message.msg_id != MsgId::ZERO {
                assert_eq!(message.msg_id, sent.msg_id);
            }
            message.msg_id = sent.msg_id;
        }
        let all = self.convs.values().flat_map(|conv| &conv.messages);
        let ids: Vec<_> = all.map(|one| one.message.msg_id).collect();
        let different: BTreeSet<_> = ids.iter().collect();
        assert_eq!(different.len(), ids.len(), "an id was given twice");
    }

    pub(super) fn lengths(&self) -> BTreeMap<String, usize> {
        let users = self.timelines.iter();
        let users = users.map(|(name, all)| (name.clone(), all.len()));
        let logs = self.convs.iter();
        let logs = logs.map(|(name, conv)| (name.clone(), conv.log.len()));
        users.chain(logs).collect()
    }

    /// Gives the seq.
    pub(super) fn tell(&mut self, name: &str, news: News) -> usize {
        let timeline = self.timelines.entry(name.to_owned()).or_default();
        timeline.push(news);
        timeline.len()
    }

    /// Everyone of a conversation. Gives the seq in the timeline of one of them.
    pub(super) fn tell_all(&mut self, name: &str, news: &News, own: &str) -> usize {
        let conv = self.convs.get_mut(name).unwrap();
        if conv.is_crowd {
            conv.log.push(news.clone());
            return conv.log.len();
        }
        let members: Vec<String> = conv.members.keys().cloned().collect();
        let mut seq = 0;
        for member in members {
            let at = self.tell(&member, news.clone());
            if member == own {
                seq = at;
            }
        }
        seq
    }

    /// What someone is in a conversation: none for the server.
    pub(super) fn standing(
        &self,
        actor: &Actor,
        conv: &ConvId,
    ) -> Result<Option<&Place>, ErrorCode> {
        let is_direct = conv.kind() == ConvKind::Direct;
        let missing = if is_direct {
            ErrorCode::MessageUnknown
        } else {
            ErrorCode::ConversationUnknown
        };
        let conv = self.convs.get(conv.as_str()).ok_or(missing)?;
        match actor.user() {
            None => Ok(None),
            Some(user) => {
                let place = conv.members.get(user.as_str());
                place.map(Some).ok_or(ErrorCode::ConversationUnknown)
            }
        }
    }

    /// As an entry reads now, to a user.
    pub(super) fn item(&self, news: &News, name: &str) -> Item {
        let message = |conv: &str, at: usize| self.convs[conv].messages[at - 1].message.clone();
        match news {
            News::Message(conv, at) | News::Edit(conv, at)
                if self.convs[conv].hidden.contains(&(name.to_owned(), *at)) =>
            {
                let message = message(conv, *at);
                Item::Delete {
                    conv: message.conv,
                    conv_seq: message.conv_seq,
                }
            }
            News::Message(conv, at) => Item::Message(message(conv, *at)),
            News::Edit(conv, at) => Item::Edit(message(conv, *at)),
            News::Recall(conv, at, by) => {
                let message = message(conv, *at);
                Item::Recall {
                    conv: message.conv,
                    conv_seq: message.conv_seq,
                    msg_id: message.msg_id,
                    by: user(by),
                }
            }
            News::Other(item) => (**item).clone(),
        }
    }
}
