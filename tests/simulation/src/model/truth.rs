//! What was committed, and whether each commit did what its operations stand for.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use seqline_protocol::{ClientMsgId, ConvId, ConvKind, Item, Micros, UserId};
use seqline_relay::store::{
    Done, Edit, GroupCommand, GroupDone, Op, OpResult, Recall, Refusal, Send, Sent,
};

use super::{
    Checked, Log, LogKey, Promise,
    conversation::{Conversation, Said},
    ensure,
    marks::{self, Marks, Moved},
    timeline::Fanout,
};
use crate::exits::Committed;

/// Everything that the database holds, as it has to be.
#[derive(Debug, Default)]
pub struct Truth {
    crowd_members_min: u32,
    logs: BTreeMap<LogKey, Log>,
    conversations: BTreeMap<ConvId, Conversation>,
    /// Where each message is.
    places: BTreeMap<(UserId, ClientMsgId), (ConvId, u64)>,
    /// After which entries of crowds users were ever told to read, and whether they still are.
    reading: BTreeMap<(UserId, ConvId), Reading>,
    /// Messages that were refused once. Their sender may not know, and send them again.
    refused: BTreeSet<(UserId, ClientMsgId)>,
    marks: Marks,
    last_msg_id: u64,
    none: Log,
}

/// What a user reads of a crowd.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// Each time that she was told to: after which entry.
    pub after: Vec<u64>,
    /// Whether she still is to.
    pub is_on: bool,
}

/// What a commit changes, to be looked at once all of it is taken in.
#[derive(Debug, Default)]
struct Changes {
    /// Groups and channels.
    convs: BTreeSet<ConvId>,
    /// Read marks.
    read: Moved,
}

impl Truth {
    /// Nothing yet.
    #[must_use]
    pub fn new(crowd_members_min: u32) -> Self {
        Self {
            crowd_members_min,
            ..Self::default()
        }
    }

    /// A timeline.
    #[must_use]
    pub fn log(&self, key: &LogKey) -> &Log {
        self.logs.get(key).unwrap_or(&self.none)
    }

    /// All timelines.
    pub fn logs(&self) -> impl Iterator<Item = (&LogKey, &Log)> {
        self.logs.iter()
    }

    /// A conversation, if anything ever happened there.
    #[must_use]
    pub fn conversation(&self, conv: &ConvId) -> Option<&Conversation> {
        self.conversations.get(conv)
    }

    /// All conversations.
    pub fn conversations(&self) -> impl Iterator<Item = (&ConvId, &Conversation)> {
        self.conversations.iter()
    }

    /// Where a message is, if it is stored.
    #[must_use]
    pub fn place(&self, sender: &UserId, id: &ClientMsgId) -> Option<&(ConvId, u64)> {
        self.places.get(&(sender.clone(), id.clone()))
    }

    /// Whether a message was refused at some time.
    #[must_use]
    pub fn was_refused(&self, sender: &UserId, id: &ClientMsgId) -> bool {
        self.refused.contains(&(sender.clone(), id.clone()))
    }

    /// The furthest that a user ever read a conversation.
    #[must_use]
    pub fn read_ever(&self, user: &UserId, conv: &ConvId) -> u64 {
        self.marks.read_ever(user, conv)
    }

    /// A message that a user's devices took as an entry after this one, and of which its sender
    /// does not know that. Only those whose entries are kept: of others the relay cannot tell
    /// which were taken.
    #[must_use]
    pub fn untold(&self, user: &UserId, after: u64) -> Option<String> {
        let log = self.log(&LogKey::User(user.clone()));
        let first = log.floor().max(after + 1);
        let newest_first = (first..=log.head()).rev();
        let mut seen = BTreeSet::new();
        let mut deleted = BTreeSet::new();
        for item in newest_first.filter_map(|seq| log.get(seq)) {
            // Who deleted one before it came is handed none.
            if let Item::Delete { conv, conv_seq } = &**item {
                deleted.insert((conv, *conv_seq));
            }
            let Item::Message(message) = &**item else {
                continue;
            };
            if deleted.contains(&(&message.conv, message.conv_seq)) {
                continue;
            }
            let is_asked = message.conv.kind() == ConvKind::Direct && message.sender != *user;
            if !is_asked || !seen.insert(&message.conv) {
                continue;
            }
            let (viewer, conv) = (&message.sender, &message.conv);
            let told = self.marks.told_delivered(viewer, user, conv);
            if told < message.conv_seq.get() {
                let at = message.conv_seq;
                return Some(format!(
                    "{user} has {at} of {conv}, and {viewer} knows of {told}"
                ));
            }
        }
        None
    }

    /// What a user reads of a crowd.
    #[must_use]
    pub fn reading(&self, user: &UserId, conv: &ConvId) -> Option<&Reading> {
        self.reading.get(&(user.clone(), conv.clone()))
    }

    /// The crowds that a user is to read.
    pub fn crowds_of(&self, user: &UserId) -> impl Iterator<Item = (&ConvId, &Reading)> {
        let all = self.reading.iter();
        all.filter(move |((of, _), reading)| of == user && reading.is_on)
            .map(|((_, conv), reading)| (conv, reading))
    }

    /// The crowds that a user ever was to read, and where they end.
    pub fn crowds_ever_of(&self, user: &UserId) -> impl Iterator<Item = (&ConvId, u64)> {
        let all = self.reading.keys().filter(move |(of, _)| of == user);
        all.map(|(_, conv)| (conv, self.log(&LogKey::Crowd(conv.clone())).head()))
    }

    /// Entries before this time may be gone. Gives whether there were any.
    pub fn aged(&mut self, before: Micros) -> bool {
        let mut has_any = false;
        for log in self.logs.values_mut() {
            has_any |= log.age(before);
        }
        has_any
    }

    /// Takes a commit in.
    ///
    /// # Errors
    /// It did not do what it should have.
    pub fn commit(&mut self, commit: &Committed) -> Checked {
        let appends: Vec<(LogKey, Vec<Arc<Item>>)> = commit
            .appends
            .iter()
            .map(|append| (LogKey::of(&append.timeline), append.items.clone()))
            .collect();
        let heads_before: BTreeMap<ConvId, u64> = self
            .logs
            .iter()
            .filter_map(|(key, log)| match key {
                LogKey::Crowd(conv) => Some((conv.clone(), log.head())),
                LogKey::User(_) => None,
            })
            .collect();
        for (append, (key, items)) in commit.appends.iter().zip(&appends) {
            let log = self.logs.entry(key.clone()).or_default();
            log.append(key, append.first.get(), items, commit.at)?;
        }
        self.note_readings(&appends, &heads_before)?;
        self.marks.append(&appends)?;
        let fanout = Fanout::of(&appends);
        let mut changes = Changes::default();
        for (op, result) in commit.ops.iter().zip(&commit.results) {
            self.apply(op, result, &fanout, &mut changes)?;
        }
        for conv in changes.convs {
            self.check_readers(&conv)?;
        }
        for ((conv, user), from) in &changes.read {
            if let Some(conversation) = self.conversations.get(conv) {
                marks::check_told((conv, user), *from, conversation, &appends)?;
            }
        }
        Ok(())
    }

    fn apply(
        &mut self,
        op: &Op,
        result: &OpResult,
        fanout: &Fanout<'_>,
        changes: &mut Changes,
    ) -> Checked {
        match (op, result) {
            (Op::Send(send), Ok(Done::Sent(sent))) => self.sent(send, sent, fanout),
            (Op::Send(send), Err(refusal)) => self.not_sent(send, *refusal),
            (Op::Recall(recall), Ok(_)) => self.recalled(recall, fanout),
            (Op::Edit(edit), Ok(_)) => self.edited(edit, fanout),
            (Op::Read(read), Ok(_)) => {
                if let Some(conversation) = self.conversations.get_mut(&read.conv) {
                    self.marks.read(read, conversation, &mut changes.read);
                }
                Ok(())
            }
            (Op::Group(command), Ok(Done::Group(done))) => {
                changes.convs.insert(command.conv.clone());
                self.group_changed(command, done)?;
                // Who has gone, if only for a moment, has no mark that moved.
                if let Some(conversation) = self.conversations.get(&command.conv) {
                    let members = &conversation.members;
                    changes
                        .read
                        .retain(|(conv, user), _| *conv != command.conv || members.contains(user));
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn sent(&mut self, send: &Send, sent: &Sent, fanout: &Fanout<'_>) -> Checked {
        let sender = &send.from.user;
        let id = &send.client_msg_id;
        let what = || format!("{id} of {sender} to {}", send.conv);
        let place = (send.conv.clone(), sent.conv_seq.get());
        let known = self.places.get(&(sender.clone(), id.clone()));
        if let Some(known) = known {
            ensure(*known == place, Promise::Once, || {
                let (conv, at) = known;
                format!(
                    "{} is at {conv} {at}, and once more at {}",
                    what(),
                    sent.conv_seq
                )
            })?;
            return ensure(sent.duplicate, Promise::Once, || {
                format!("{} was stored before, and is told as new", what())
            });
        }
        ensure(!sent.duplicate, Promise::AcknowledgedMeansStored, || {
            format!(
                "{} is told as stored before, and never was committed",
                what()
            )
        })?;
        let conversation = self
            .conversations
            .entry(send.conv.clone())
            .or_insert_with(|| Conversation::new(&send.conv));
        ensure(
            send.by_server || conversation.members.contains(sender),
            Promise::RightPeople,
            || format!("{} was taken, who is no member", what()),
        )?;
        let next = conversation.messages.len() as u64 + 1;
        ensure(sent.conv_seq.get() == next, Promise::NoHoles, || {
            format!("{} is at {}, and {next} was due", what(), sent.conv_seq)
        })?;
        let msg_id = sent.msg_id.get();
        ensure(msg_id > self.last_msg_id, Promise::Once, || {
            format!("{} has the id {msg_id}, after {}", what(), self.last_msg_id)
        })?;
        self.last_msg_id = msg_id;
        let told = fanout.messages.get(&msg_id).map_or(&[][..], Vec::as_slice);
        check_told(&send.conv, conversation, told, &what)?;
        let told = told.iter().filter_map(|key| match key {
            LogKey::User(user) => Some(user.clone()),
            LogKey::Crowd(_) => None,
        });
        conversation.messages.push(Said {
            sender: sender.clone(),
            client_msg_id: id.clone(),
            msg_id,
            bodies: vec![send.body.clone()],
            is_recalled: false,
            told: told.collect(),
        });
        self.places.insert((sender.clone(), id.clone()), place);
        Ok(())
    }

    fn not_sent(&mut self, send: &Send, refusal: Refusal) -> Checked {
        let sender = &send.from.user;
        let conversation = self.conversations.get(&send.conv);
        let is_member = conversation.is_some_and(|one| one.members.contains(sender));
        let is_right = match refusal {
            Refusal::ConversationUnknown => {
                !is_member || conversation.is_some_and(|one| one.is_dissolved)
            }
            Refusal::NotAllowed(_) => send.conv.kind() == ConvKind::Channel,
            _ => false,
        };
        let refused = (sender.clone(), send.client_msg_id.clone());
        self.refused.insert(refused);
        ensure(is_right, Promise::RightPeople, || {
            let id = &send.client_msg_id;
            format!("{id} of {sender} to {} was refused: {refusal}", send.conv)
        })
    }

    fn recalled(&mut self, recall: &Recall, fanout: &Fanout<'_>) -> Checked {
        let key = (&recall.conv, recall.conv_seq.get());
        let told = fanout.recalls.get(&key).map_or(&[][..], Vec::as_slice);
        let Some(conversation) = self.conversations.get_mut(&recall.conv) else {
            return Ok(());
        };
        let is_crowd = conversation.is_crowd;
        let members = conversation.members.clone();
        let Some(said) = conversation.said_mut(recall.conv_seq.get()) else {
            return Ok(());
        };
        if std::mem::replace(&mut said.is_recalled, true) {
            return Ok(());
        }
        said.bodies.push(String::new());
        let what = || format!("the recall of {} {}", recall.conv, recall.conv_seq);
        check_heard(&recall.conv, is_crowd, &members, told, &what)
    }

    fn edited(&mut self, edit: &Edit, fanout: &Fanout<'_>) -> Checked {
        let key = (&edit.conv, edit.conv_seq.get());
        let told = fanout.edits.get(&key).map_or(&[][..], Vec::as_slice);
        let Some(conversation) = self.conversations.get_mut(&edit.conv) else {
            return Ok(());
        };
        let is_crowd = conversation.is_crowd;
        let members = conversation.members.clone();
        let Some(said) = conversation.said_mut(edit.conv_seq.get()) else {
            return Ok(());
        };
        if said.bodies.last() == Some(&edit.body) {
            return Ok(());
        }
        said.bodies.push(edit.body.clone());
        let what = || format!("the edit of {} {}", edit.conv, edit.conv_seq);
        check_heard(&edit.conv, is_crowd, &members, told, &what)
    }

    fn group_changed(&mut self, command: &GroupCommand, done: &GroupDone) -> Checked {
        let conversation = self
            .conversations
            .entry(command.conv.clone())
            .or_insert_with(|| Conversation::new(&command.conv));
        let (came, went) = conversation.change(command, self.crowd_members_min);
        let members = conversation.members.len() as u64;
        ensure(
            members == u64::from(done.members),
            Promise::RightPeople,
            || {
                format!(
                    "{} has {members} members, and {} are told",
                    command.conv, done.members
                )
            },
        )?;
        let changed: BTreeSet<_> = done.changed.iter().cloned().collect();
        let expected = if went.is_empty() { came } else { went };
        let is_create = matches!(
            command.action,
            seqline_relay::store::GroupAction::Create { .. }
        );
        ensure(
            is_create || changed == expected,
            Promise::RightPeople,
            || {
                format!(
                    "{}: {expected:?} came or went, and {changed:?} are told",
                    command.conv
                )
            },
        )
    }

    fn note_readings(
        &mut self,
        appends: &[(LogKey, Vec<Arc<Item>>)],
        heads_before: &BTreeMap<ConvId, u64>,
    ) -> Checked {
        for (key, items) in appends {
            let LogKey::User(user) = key else { continue };
            for item in items {
                let Item::Crowd { conv, after } = &**item else {
                    continue;
                };
                let reading = self
                    .reading
                    .entry((user.clone(), conv.clone()))
                    .or_default();
                reading.is_on = after.is_some();
                let Some(after) = after else { continue };
                reading.after.push(after.get());
                let lowest = heads_before.get(conv).copied().unwrap_or(0);
                let head = self
                    .logs
                    .get(&LogKey::Crowd(conv.clone()))
                    .map_or(0, Log::head);
                ensure(
                    (lowest..=head).contains(&after.get()),
                    Promise::RightPeople,
                    || {
                        format!(
                            "{user} is to read {conv} after {after}, who joined between \
                             {lowest} and {head}"
                        )
                    },
                )?;
            }
        }
        Ok(())
    }

    /// Whoever belongs to a crowd was told to read it, and nobody else.
    fn check_readers(&self, conv: &ConvId) -> Checked {
        let Some(conversation) = self.conversations.get(conv) else {
            return Ok(());
        };
        if !conversation.is_crowd || conversation.is_dissolved {
            return Ok(());
        }
        let reads = |user: &UserId| self.reading(user, conv).is_some_and(|one| one.is_on);
        if let Some(deaf) = conversation.members.iter().find(|user| !reads(user)) {
            let text = format!("{deaf} belongs to {conv}, and was not told to read it");
            return ensure(false, Promise::RightPeople, || text);
        }
        let listeners = self.reading.iter().filter(|(_, reading)| reading.is_on);
        let mut listeners = listeners.filter(|((_, of), _)| of == conv);
        let stranger = listeners.find(|((user, _), _)| !conversation.members.contains(user));
        ensure(stranger.is_none(), Promise::RightPeople, || {
            format!("{stranger:?} reads {conv}, and does not belong to it")
        })
    }
}

/// A message is in the timelines of all members, or in the conversation's own, once.
fn check_told(
    conv: &ConvId,
    conversation: &Conversation,
    told: &[&LogKey],
    what: &dyn Fn() -> String,
) -> Checked {
    let expected: BTreeSet<LogKey> = if conversation.is_crowd {
        [LogKey::Crowd(conv.clone())].into()
    } else {
        let members = conversation.members.iter();
        members.map(|user| LogKey::User(user.clone())).collect()
    };
    let distinct: BTreeSet<LogKey> = told.iter().map(|key| (*key).clone()).collect();
    ensure(told.len() == distinct.len(), Promise::Once, || {
        format!("{} is in one timeline twice: {told:?}", what())
    })?;
    ensure(
        distinct == expected,
        Promise::AcknowledgedMeansStored,
        || {
            format!(
                "{} is in {distinct:?}, and should be in {expected:?}",
                what()
            )
        },
    )
}

/// Those who belong to a conversation learn of a change, once.
fn check_heard(
    conv: &ConvId,
    is_crowd: bool,
    members: &BTreeSet<UserId>,
    told: &[&LogKey],
    what: &dyn Fn() -> String,
) -> Checked {
    let expected: BTreeSet<LogKey> = if is_crowd {
        [LogKey::Crowd(conv.clone())].into()
    } else {
        members
            .iter()
            .map(|user| LogKey::User(user.clone()))
            .collect()
    };
    // Two changes of one message in one commit are told twice.
    let distinct: BTreeSet<LogKey> = told.iter().map(|key| (*key).clone()).collect();
    ensure(
        distinct == expected,
        Promise::AcknowledgedMeansStored,
        || {
            format!(
                "{} is told to {distinct:?}, and not to {expected:?}",
                what()
            )
        },
    )
}
