//! A relay reduced to its promises: what it has committed survives a crash, what it has
//! not does not; entries are pushed to those who are caught up, announced to the others.

use std::collections::BTreeMap;

use seqline_protocol::{
    ClientFrame, ClientMsgId, ConvId, ConvSeq, Entry, Item, Message, Micros, MsgId, PubSeq,
    RelayFrame, Send, Seq, Target, UserId,
};

/// One connection, seen from the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Net(pub u64);

#[derive(Debug, Default)]
pub struct Relay {
    pub timelines: BTreeMap<UserId, Vec<Entry>>,
    pub messages: Vec<Message>,
    sent: BTreeMap<(UserId, ClientMsgId), RelayFrame>,
    connections: BTreeMap<Net, Connection>,
}

#[derive(Debug)]
struct Connection {
    user: UserId,
    live: bool,
}

impl Relay {
    /// Takes a frame; gives what to write to whom.
    pub fn take(&mut self, net: Net, user: &UserId, frame: ClientFrame) -> Vec<(Net, RelayFrame)> {
        match frame {
            ClientFrame::Hello(hello) => {
                let head = self.head(user);
                let cursor = hello.resume.map_or(Seq::ZERO, |resume| resume.cursor);
                let live = cursor == head;
                self.connections.insert(
                    net,
                    Connection {
                        user: user.clone(),
                        live,
                    },
                );
                let mut welcome = super::welcome(cursor.get(), head.get());
                welcome.user = user.clone();
                vec![(net, RelayFrame::Welcome(welcome))]
            }
            ClientFrame::Send(send) => self.store(net, user, send),
            ClientFrame::Pull {
                req, after, limit, ..
            } => vec![(net, self.page(net, req, after, limit))],
            ClientFrame::Ping { nonce } => {
                vec![(
                    net,
                    RelayFrame::Pong {
                        nonce,
                        now_us: Micros::saturating(1),
                    },
                )]
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

    fn store(&mut self, net: Net, sender: &UserId, send: Send) -> Vec<(Net, RelayFrame)> {
        let key = (sender.clone(), send.client_msg_id.clone());
        if let Some(sent) = self.sent.get(&key) {
            return vec![(net, sent.clone())];
        }
        let Target::User(receiver) = send.to else {
            unreachable!("only direct messages here")
        };
        let conv = ConvId::direct(sender, &receiver);
        let in_conv = self
            .messages
            .iter()
            .filter(|message| message.conv == conv)
            .count() as u64;
        let message = Message {
            msg_id: MsgId::saturating(self.messages.len() as u64 + 1),
            client_msg_id: send.client_msg_id,
            sender: sender.clone(),
            conv: conv.clone(),
            conv_seq: ConvSeq::saturating(in_conv + 1),
            kind: send.kind,
            body: send.body,
            priority: send.priority,
            created_us: Micros::saturating(1),
            expires_us: None,
            recalled: false,
            key: None,
            replaces: None,
            replaced: false,
            business: None,
            mentions: Vec::new(),
            edited_us: None,
        };
        self.messages.push(message.clone());
        let mut out = self.append(sender, &message);
        out.extend(self.append(&receiver, &message));
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

    fn append(&mut self, user: &UserId, message: &Message) -> Vec<(Net, RelayFrame)> {
        let timeline = self.timelines.entry(user.clone()).or_default();
        let seq = Seq::saturating(timeline.len() as u64 + 1);
        let entry = Entry {
            seq,
            item: Item::Message(message.clone()),
        };
        timeline.push(entry.clone());
        let theirs = self
            .connections
            .iter()
            .filter(|(_, connection)| connection.user == *user);
        theirs
            .map(|(net, connection)| {
                let news = if connection.live {
                    RelayFrame::Push {
                        entries: vec![entry.clone()],
                        conv: None,
                    }
                } else {
                    RelayFrame::Notify {
                        head: seq,
                        pub_head: PubSeq::ZERO,
                        conv: None,
                    }
                };
                (*net, news)
            })
            .collect()
    }

    fn page(
        &mut self,
        net: Net,
        req: seqline_protocol::RequestId,
        after: Seq,
        limit: Option<u16>,
    ) -> RelayFrame {
        let connection = self.connections.get_mut(&net).expect("hello came first");
        let timeline = self.timelines.entry(connection.user.clone()).or_default();
        let head = Seq::saturating(timeline.len() as u64);
        let entries: Vec<_> = timeline
            .iter()
            .filter(|entry| entry.seq > after)
            .take(limit.map_or(50, usize::from).min(7))
            .cloned()
            .collect();
        connection.live = entries.last().map_or(after, |entry| entry.seq) == head;
        RelayFrame::Page {
            req,
            entries,
            head,
            broadcasts: Vec::new(),
            pub_cursor: Some(PubSeq::ZERO),
            pub_head: Some(PubSeq::ZERO),
        }
    }
}
