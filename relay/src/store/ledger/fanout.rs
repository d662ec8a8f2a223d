//! Who gets an entry: the members of an open conversation, or the timeline of a crowd.

use std::sync::Arc;

use seqline_protocol::{ConvSeq, GroupChange, Item, Seq};

use super::{ConvKey, EntryKind, EntryRow, Owner, UserKey, ledger::Ledger};

/// An entry, before it is known whose.
#[derive(Clone)]
pub(super) struct News {
    pub(super) kind: EntryKind,
    pub(super) conv: ConvKey,
    pub(super) conv_seq: u64,
    pub(super) read: Option<u64>,
    /// None: the timeline's user.
    pub(super) about: Option<UserKey>,
    pub(super) msg_id: Option<u64>,
    pub(super) data: Option<String>,
    pub(super) item: Arc<Item>,
}

impl News {
    /// What needs no more than its conversation and what devices are told; the rest is added
    /// where there is more.
    pub(super) fn new(kind: EntryKind, conv: ConvKey, item: Item) -> Self {
        Self {
            kind,
            conv,
            conv_seq: 0,
            read: None,
            about: None,
            msg_id: None,
            data: None,
            item: Arc::new(item),
        }
    }

    /// A change of a group.
    pub(super) fn group(conv: ConvKey, by: Option<UserKey>, change: GroupChange) -> Self {
        // Plain data with text keys: there is nothing in it that JSON could not say.
        let data = serde_json::to_string(&change).ok();
        Self {
            about: by,
            data,
            ..Self::new(EntryKind::Group, conv, Item::Group(change))
        }
    }
}

impl Ledger<'_> {
    /// One entry in a user's timeline. Gives its seq.
    pub(super) fn tell(&mut self, user: UserKey, news: &News) -> u64 {
        let row = self.user_mut(user);
        row.head += 1;
        let seq = row.head;
        self.add_entry(Owner::User(user), seq, user, news);
        seq
    }

    /// One entry in the timeline of a crowd. Gives its seq.
    fn tell_crowd(&mut self, news: &News) -> u64 {
        let row = self.conv_mut(news.conv);
        row.log_head += 1;
        let (seq, owner) = (row.log_head, row.group.owner);
        let about = owner.unwrap_or(UserKey(0));
        self.add_entry(Owner::Crowd(news.conv), seq, about, news);
        seq
    }

    fn add_entry(&mut self, owner: Owner, seq: u64, about: UserKey, news: &News) {
        self.entries.push(EntryRow {
            owner,
            seq,
            kind: news.kind,
            conv: news.conv,
            conv_seq: news.conv_seq,
            read: news.read,
            about: news.about.unwrap_or(about),
            msg_id: news.msg_id,
            data: news.data.clone(),
            at_us: self.now.get(),
            item: Arc::clone(&news.item),
        });
    }

    /// One entry for everyone who belongs to the conversation. Gives its seq in the timeline
    /// of one of them, or in that of the crowd; zero if that one gets none.
    pub(super) fn tell_all(&mut self, news: &News, own: Option<UserKey>) -> u64 {
        if self.conv(news.conv).has_log() {
            return self.tell_crowd(news);
        }
        let members: Vec<UserKey> = self.members_of(news.conv).map(|row| row.user).collect();
        let mut own_seq = 0;
        for user in members {
            let seq = self.tell(user, news);
            if Some(user) == own {
                own_seq = seq;
            }
        }
        own_seq
    }

    /// Tells a user to read a crowd's timeline after an entry, or no longer.
    pub(super) fn tell_reading(&mut self, user: UserKey, conv: ConvKey, after: Option<u64>) {
        let item = Item::Crowd {
            conv: self.conv(conv).conv.clone(),
            after: after.map(Seq::saturating),
        };
        let news = News {
            conv_seq: after.map_or(0, |after| after + 1),
            ..News::new(EntryKind::Crowd, conv, item)
        };
        self.tell(user, &news);
    }
}

pub(super) fn conv_seq(at: u64) -> ConvSeq {
    ConvSeq::saturating(at)
}
