//! A device that follows its user's timeline and her crowds'. It reads what its own
//! timeline has first: what was said in a group before it became a crowd is there.

use std::collections::BTreeMap;

use seqline_protocol::{
    ClientFrame, ConvId, Entry, Item, Message, RelayFrame, RequestId, Seq, Welcome,
};

use super::{Client, Relay};

pub(crate) struct Device {
    pub(crate) client: Client,
    own: Place,
    crowds: BTreeMap<ConvId, Place>,
    /// Pulls that wait for their page.
    asked: BTreeMap<RequestId, Option<ConvId>>,
    requests: u64,
    /// What the app was handed, in order.
    pub(crate) taken: Vec<Item>,
}

#[derive(Default)]
struct Place {
    newest: Seq,
    head: Seq,
    is_pulling: bool,
}

impl Device {
    /// A new device that starts with the oldest entry.
    pub(crate) async fn open(relay: &Relay, user: &str, device: &str) -> Self {
        let (client, welcome) = Client::open(relay, user, device).await;
        let mut device = Self {
            client,
            own: Place::default(),
            crowds: BTreeMap::new(),
            asked: BTreeMap::new(),
            requests: 0,
            taken: Vec::new(),
        };
        device.start(welcome).await;
        device
    }

    async fn start(&mut self, welcome: Welcome) {
        self.own = Place {
            newest: welcome.cursor,
            head: welcome.head,
            is_pulling: false,
        };
        for crowd in welcome.crowds {
            let place = Place {
                newest: crowd.after.max(crowd.floor.previous()),
                head: crowd.head,
                is_pulling: false,
            };
            self.crowds.insert(crowd.conv, place);
        }
        let convs: Vec<_> = self.crowds.keys().cloned().map(Some).collect();
        for conv in std::iter::once(None).chain(convs) {
            self.pull_what_is_missing(conv).await;
        }
    }

    /// Takes frames until so many messages of a conversation have come. Gives them.
    pub(crate) async fn messages(&mut self, conv: &ConvId, count: usize) -> Vec<Message> {
        loop {
            let messages: Vec<_> = self
                .taken
                .iter()
                .filter_map(|item| match item {
                    Item::Message(message) if message.conv == *conv => Some(message.clone()),
                    _ => None,
                })
                .collect();
            if messages.len() >= count {
                return messages;
            }
            self.step().await;
        }
    }

    /// Takes frames until there is an entry of this kind.
    pub(crate) async fn until(&mut self, is_it: impl Fn(&Item) -> bool) {
        self.until_count(1, is_it).await;
    }

    /// The same of several.
    pub(crate) async fn until_count(&mut self, count: usize, is_it: impl Fn(&Item) -> bool) {
        while self.taken.iter().filter(|item| is_it(item)).count() < count {
            self.step().await;
        }
    }

    /// Whether the device reads this crowd's timeline.
    pub(crate) fn reads(&self, conv: &ConvId) -> bool {
        self.crowds.contains_key(conv)
    }

    async fn step(&mut self) {
        let (conv, entries, head, is_page) = match self.client.next().await {
            RelayFrame::Push { entries, conv } => {
                let head = entries.last().unwrap().seq;
                (conv, entries, head, false)
            }
            RelayFrame::Page {
                req, entries, head, ..
            } => (self.asked.remove(&req).unwrap(), entries, head, true),
            RelayFrame::Notify { head, conv, .. } => (conv, Vec::new(), head, false),
            RelayFrame::Sent { .. } => return,
            other => panic!("{other:?}"),
        };
        let is_too_early = conv.is_some() && self.own.newest < self.own.head;
        let Some(place) = self.place(conv.as_ref()) else {
            return;
        };
        // What a page says is what there is.
        place.head = if is_page { head } else { place.head.max(head) };
        place.is_pulling &= !is_page;
        let entries = if is_too_early { Vec::new() } else { entries };
        for entry in entries {
            self.take(conv.as_ref(), entry, is_page);
        }
        let crowds: Vec<_> = self.crowds.keys().cloned().map(Some).collect();
        for conv in std::iter::once(None).chain(crowds) {
            self.pull_what_is_missing(conv).await;
        }
    }

    fn take(&mut self, conv: Option<&ConvId>, entry: Entry, is_page: bool) {
        let Some(place) = self.place(conv) else {
            return;
        };
        if entry.seq != place.newest.next() {
            // A page may repeat what was pushed meanwhile, and a push be early.
            assert_eq!(entry.seq <= place.newest, is_page, "{entry:?}");
            return;
        }
        place.newest = entry.seq;
        if let Item::Crowd { conv, after } = &entry.item {
            match after {
                Some(after) if !self.crowds.contains_key(conv) => {
                    let place = Place {
                        newest: *after,
                        // Something may be there already: a pull tells.
                        head: after.next(),
                        is_pulling: false,
                    };
                    self.crowds.insert(conv.clone(), place);
                }
                Some(_) => {}
                None => {
                    self.crowds.remove(conv);
                }
            }
        }
        self.taken.push(entry.item);
    }

    fn place(&mut self, conv: Option<&ConvId>) -> Option<&mut Place> {
        match conv {
            None => Some(&mut self.own),
            Some(conv) => self.crowds.get_mut(conv),
        }
    }

    async fn pull_what_is_missing(&mut self, conv: Option<ConvId>) {
        if conv.is_some() && self.own.newest < self.own.head {
            return;
        }
        let Some(place) = self.place(conv.as_ref()) else {
            return;
        };
        if place.is_pulling || place.newest >= place.head {
            return;
        }
        place.is_pulling = true;
        let after = place.newest;
        self.requests += 1;
        let req = RequestId::new(self.requests).unwrap();
        self.asked.insert(req, conv.clone());
        let pull = ClientFrame::Pull {
            req,
            after,
            limit: Some(7),
            public: None,
            conv,
        };
        self.client.say(&pull).await;
    }
}
