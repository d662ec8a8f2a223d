//! A relay reduced to its promises: what it has committed survives a crash, what it has
//! not does not; entries are pushed to those who are caught up, announced to the others.

use std::collections::BTreeMap;

use seqline_protocol::{
    ClientFrame, ClientMsgId, ConvId, ConvSeq, DeviceId, Entry, Item, Message, Micros, MsgId,
    PubSeq, RelayFrame, RequestId, Send, Seq, Target, UserId,
};

use super::{groups::Group, mailbox::Mailbox};

/// How often devices look into the mailbox by themselves.
const PUB_REFRESH_MS: u64 = 20_000;

/// One connection, seen from the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Net(pub u64);

/// What to write to whom.
pub type Written = Vec<(Net, RelayFrame)>;

#[derive(Debug, Default)]
pub struct Relay {
    pub timelines: BTreeMap<UserId, Vec<Entry>>,
    pub messages: Vec<Message>,
    pub groups: BTreeMap<ConvId, Group>,
    pub mailbox: Mailbox,
    sent: BTreeMap<(UserId, ClientMsgId), RelayFrame>,
    connections: BTreeMap<Net, Connection>,
}

#[derive(Debug)]
struct Connection {
    user: UserId,
    device: DeviceId,
    live: bool,
    /// The crowds that this connection has pulled, or was told, up to their heads.
    live_crowds: Vec<ConvId>,
}

impl Relay {
    /// Takes a frame; gives what to write to whom.
    pub fn take(&mut self, net: Net, user: &UserId, frame: ClientFrame) -> Written {
        match frame {
            frame if !self.connections.contains_key(&net) && !is_hello(&frame) => Vec::new(),
            ClientFrame::Hello(hello) => {
                let head = self.head(user);
                let cursor = hello.resume.map_or(Seq::ZERO, |resume| resume.cursor);
                let live = cursor == head;
                let crowds: Vec<_> = self
                    .groups
                    .values()
                    .filter_map(|group| group.listed(user))
                    .collect();
                // From now on nothing of an earlier process is taken in.
                self.connections
                    .retain(|_, earlier| earlier.device != hello.device);
                let connection = Connection {
                    user: user.clone(),
                    device: hello.device,
                    live,
                    live_crowds: crowds.iter().map(|crowd| crowd.conv.clone()).collect(),
                };
                self.connections.insert(net, connection);
                let mut welcome = super::welcome(cursor.get(), head.get());
                welcome.user = user.clone();
                welcome.crowds = crowds;
                welcome.pub_head = self.mailbox.head;
                self.mailbox.view(user).clone_into(&mut welcome.pub_view);
                welcome.pub_refresh_ms = Some(PUB_REFRESH_MS);
                vec![(net, RelayFrame::Welcome(welcome))]
            }
            ClientFrame::Send(send) => self.store(net, user, send),
            ClientFrame::Pull {
                req,
                after,
                limit,
                conv,
                public,
            } => {
                let public = public.map(|place| self.mailbox.page(user, &place));
                let mut page = self.page(net, req, after, limit, conv);
                if let RelayFrame::Page { public: told, .. } = &mut page {
                    *told = public;
                }
                vec![(net, page)]
            }
            ClientFrame::Ping { nonce } => {
                let now_us = Micros::saturating(1);
                vec![(net, RelayFrame::Pong { nonce, now_us })]
            }
            _ => Vec::new(),
        }
    }

    /// The process is gone, and every connection with it; what is stored stays.
    pub fn crash(&mut self) -> Vec<Net> {
        std::mem::take(&mut self.connections).into_keys().collect()
    }

    pub fn drop_connection(&mut self, net: Net) {
        self.connections.remove(&net);
    }

    pub fn head(&self, user: &UserId) -> Seq {
        Seq::saturating(
            self.timelines
                .get(user)
                .map_or(0, |timeline| timeline.len() as u64),
        )
    }

    /// Some of the connected devices are told of the mailbox's head.
    pub fn notify_public(&self, rng: &mut fastrand::Rng) -> Written {
        let told = RelayFrame::Notify {
            head: Seq::ZERO,
            pub_head: self.mailbox.head,
            conv: None,
        };
        let nets = self.connections.keys().filter(|_| rng.u8(0..3) == 0);
        nets.map(|net| (*net, told.clone())).collect()
    }

    /// A user joins or leaves a group, and it may become a crowd by that.
    pub fn toggle_member(&mut self, conv: &ConvId, user: &UserId) -> Written {
        let news = self
            .groups
            .get_mut(conv)
            .expect("a known group")
            .toggle(user);
        news.into_iter()
            .flat_map(|(user, item)| self.append(&user, item))
            .collect()
    }

    fn store(&mut self, net: Net, sender: &UserId, send: Send) -> Written {
        let key = (sender.clone(), send.client_msg_id.clone());
        if let Some(sent) = self.sent.get(&key) {
            return vec![(net, sent.clone())];
        }
        let conv = match &send.to {
            Target::User(receiver) => ConvId::direct(sender, receiver),
            Target::Conv(conv) => conv.clone(),
        };
        let in_conv = self
            .messages
            .iter()
            .filter(|message| message.conv == conv)
            .count() as u64;
        let mut message = super::message(0, sender.as_str(), send.client_msg_id.as_str());
        message.msg_id = MsgId::saturating(self.messages.len() as u64 + 1);
        message.conv = conv.clone();
        message.conv_seq = ConvSeq::saturating(in_conv + 1);
        message.body = send.body;
        self.messages.push(message.clone());
        let mut out = match send.to {
            Target::User(receiver) => self.append_to_all([sender.clone(), receiver], &message),
            Target::Conv(conv) => self.store_in_group(&conv, &message),
        };
        let sent = RelayFrame::Sent {
            client_msg_id: message.client_msg_id,
            msg_id: message.msg_id,
            conv,
            conv_seq: message.conv_seq,
            seq: self.head(sender),
            created_us: message.created_us,
            duplicate: false,
        };
        self.sent.insert(key, sent.clone());
        out.push((net, sent));
        out
    }

    fn store_in_group(&mut self, conv: &ConvId, message: &Message) -> Written {
        let group = self.groups.get_mut(conv).expect("a known group");
        let members: Vec<_> = group.members.keys().cloned().collect();
        let Some(timeline) = &mut group.crowd else {
            return self.append_to_all(members, message);
        };
        let entry = next_entry(timeline, Item::Message(message.clone()));
        let theirs = self
            .connections
            .iter()
            .filter(|(_, connection)| members.contains(&connection.user));
        theirs
            .map(|(net, connection)| {
                let live = connection.live_crowds.contains(conv);
                (*net, news(&entry, Some(conv.clone()), live))
            })
            .collect()
    }

    fn append_to_all(
        &mut self,
        users: impl IntoIterator<Item = UserId>,
        message: &Message,
    ) -> Written {
        users
            .into_iter()
            .flat_map(|user| self.append(&user, Item::Message(message.clone())))
            .collect()
    }

    fn append(&mut self, user: &UserId, item: Item) -> Written {
        let timeline = self.timelines.entry(user.clone()).or_default();
        let entry = next_entry(timeline, item);
        self.connections
            .iter()
            .filter(|(_, connection)| connection.user == *user)
            .map(|(net, connection)| (*net, news(&entry, None, connection.live)))
            .collect()
    }

    fn page(
        &mut self,
        net: Net,
        req: RequestId,
        after: Seq,
        limit: Option<u16>,
        conv: Option<ConvId>,
    ) -> RelayFrame {
        let connection = self.connections.get_mut(&net).expect("hello came first");
        let (timeline, joined_after) = match &conv {
            None => (self.timelines.get(&connection.user), Seq::ZERO),
            Some(conv) => {
                let group = self.groups.get(conv).expect("a known group");
                match group.members.get(&connection.user) {
                    Some(joined_after) => (group.crowd.as_ref(), *joined_after),
                    None => (None, Seq::ZERO),
                }
            }
        };
        let timeline = timeline.map(Vec::as_slice).unwrap_or_default();
        let head = Seq::saturating(timeline.len() as u64);
        let entries: Vec<_> = timeline
            .iter()
            .filter(|entry| entry.seq > after && entry.seq > joined_after)
            .take(limit.map_or(50, usize::from).min(7))
            .cloned()
            .collect();
        let live = entries.last().map_or(after, |entry| entry.seq) == head;
        match conv {
            None => connection.live = live,
            Some(conv) => {
                connection.live_crowds.retain(|live| *live != conv);
                connection.live_crowds.extend(live.then_some(conv));
            }
        }
        RelayFrame::Page {
            req,
            entries,
            head,
            public: None,
        }
    }
}

fn is_hello(frame: &ClientFrame) -> bool {
    matches!(frame, ClientFrame::Hello(_))
}

fn next_entry(timeline: &mut Vec<Entry>, item: Item) -> Entry {
    let entry = Entry {
        seq: Seq::saturating(timeline.len() as u64 + 1),
        item,
    };
    timeline.push(entry.clone());
    entry
}

fn news(entry: &Entry, conv: Option<ConvId>, live: bool) -> RelayFrame {
    if live {
        RelayFrame::Push {
            entries: vec![entry.clone()],
            conv,
        }
    } else {
        RelayFrame::Notify {
            head: entry.seq,
            pub_head: PubSeq::ZERO,
            conv,
        }
    }
}
