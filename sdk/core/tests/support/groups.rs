//! Groups of the relay, which become crowds when they have grown enough.

use std::collections::BTreeMap;

use seqline_protocol::{ConvId, Crowd, Entry, GroupChange, GroupOp, Item, Micros, Seq, UserId};

#[derive(Debug)]
pub struct Group {
    conv: ConvId,
    crowd_members_min: usize,
    /// And after which entry of the crowd's timeline each reads.
    pub members: BTreeMap<UserId, Seq>,
    /// Its own timeline, once it has one.
    pub crowd: Option<Vec<Entry>>,
    /// From which entry to which those who left again could read.
    pub past: Vec<(UserId, Seq, Seq)>,
}

impl Group {
    pub fn new(conv: ConvId, crowd_members_min: usize, members: &[UserId]) -> Self {
        Self {
            conv,
            crowd_members_min,
            members: members
                .iter()
                .map(|user| (user.clone(), Seq::ZERO))
                .collect(),
            crowd: None,
            past: Vec::new(),
        }
    }

    /// As `welcome` lists it.
    pub fn listed(&self, user: &UserId) -> Option<Crowd> {
        self.crowd.as_ref()?;
        Some(Crowd {
            conv: self.conv.clone(),
            after: *self.members.get(user)?,
            floor: Seq::saturating(1),
            head: self.head(),
        })
    }

    pub fn head(&self) -> Seq {
        Seq::saturating(self.crowd.as_ref().map_or(0, Vec::len) as u64)
    }

    /// A user joins or leaves; gives the entries of whose timelines tell of it.
    pub fn toggle(&mut self, user: &UserId) -> Vec<(UserId, Item)> {
        match self.members.remove(user) {
            Some(after) => self.left(user, after),
            None => self.joined(user),
        }
    }

    fn left(&mut self, user: &UserId, after: Seq) -> Vec<(UserId, Item)> {
        let users = vec![user.clone()];
        let change = self.change(GroupOp::Left { users });
        if self.crowd.is_none() {
            return self.to_members_and(user, &change);
        }
        self.past.push((user.clone(), after, self.head()));
        let conv = self.conv.clone();
        vec![
            (user.clone(), change),
            (user.clone(), Item::Crowd { conv, after: None }),
        ]
    }

    fn joined(&mut self, user: &UserId) -> Vec<(UserId, Item)> {
        let after = self.head();
        let users = vec![user.clone()];
        let change = self.change(GroupOp::Joined { users });
        let mut news = match self.crowd {
            None => self.to_members_and(user, &change),
            Some(_) => vec![(user.clone(), change)],
        };
        self.members.insert(user.clone(), after);
        let item = Item::Crowd {
            conv: self.conv.clone(),
            after: Some(after),
        };
        if self.crowd.is_some() {
            news.push((user.clone(), item));
        } else if self.members.len() >= self.crowd_members_min {
            self.crowd = Some(Vec::new());
            news.extend(self.members.keys().map(|user| (user.clone(), item.clone())));
        }
        news
    }

    fn to_members_and(&self, user: &UserId, change: &Item) -> Vec<(UserId, Item)> {
        self.members
            .keys()
            .chain([user])
            .map(|user| (user.clone(), change.clone()))
            .collect()
    }

    fn change(&self, op: GroupOp) -> Item {
        Item::Group(GroupChange {
            conv: self.conv.clone(),
            by: None,
            at_us: Micros::saturating(1),
            op,
        })
    }
}
