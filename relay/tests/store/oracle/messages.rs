//! Messages, and what is done to them.

use seqline_protocol::{ConvId, ConvKind, ConvSeq, ErrorCode, Item, Message, MsgId, Role};
use seqline_relay::store::{Actor, Delete, Edit, Recall, Send};

use super::model::{Conv, Got, Model, News, Place, Stored};
use crate::support::{EDIT_WINDOW_MS, RECALL_WINDOW_MS, at_s};

impl Model {
    pub(super) fn send(&mut self, send: &Send) -> Result<Got, ErrorCode> {
        let mut all = self.convs.values().flat_map(|conv| &conv.messages);
        let stored = all.find(|one| {
            one.message.sender == send.from.user && one.message.client_msg_id == send.client_msg_id
        });
        if let Some(first) = stored {
            let is_same = first.message.conv == send.conv
                && first.body == send.body
                && first.message.mentions == send.mentions;
            return if is_same {
                Ok(got(first, true))
            } else {
                Err(ErrorCode::IdConflict)
            };
        }
        let sender = send.from.user.as_str();
        if send.conv.kind() != ConvKind::Direct {
            let role = self.may_speak(&send.conv, sender)?;
            let mentions_all = send.mentions.iter().any(|one| one.as_str() == "@all");
            if mentions_all && role == Role::Member {
                return Err(ErrorCode::NotAllowed);
            }
        }
        self.meet(&send.conv);
        let name = send.conv.as_str();
        let conv = self.convs.get_mut(name).unwrap();
        let at = conv.messages.len() + 1;
        let message = Message {
            msg_id: MsgId::ZERO,
            client_msg_id: send.client_msg_id.clone(),
            sender: send.from.user.clone(),
            conv: send.conv.clone(),
            conv_seq: ConvSeq::new(at as u64).unwrap(),
            kind: send.kind.clone(),
            body: send.body.clone(),
            priority: send.priority,
            created_us: at_s(self.now_s),
            expires_us: None,
            recalled: false,
            key: None,
            replaces: None,
            replaced: false,
            business: None,
            mentions: send.mentions.clone(),
            edited_us: None,
        };
        conv.messages.push(Stored {
            message,
            body: send.body.clone(),
            seq: 0,
        });
        let seq = self.tell_all(name, &News::Message(name.to_owned(), at), sender);
        let stored = &mut self.convs.get_mut(name).unwrap().messages[at - 1];
        stored.seq = seq;
        Ok(got(stored, false))
    }

    /// The first message makes a direct conversation.
    fn meet(&mut self, id: &ConvId) {
        let now_s = self.now_s;
        self.convs.entry(id.as_str().to_owned()).or_insert_with(|| {
            let mut conv = Conv::new(id);
            let (low, high) = id.users().unwrap();
            for user in [low, high] {
                let place = Place::new(0, now_s);
                conv.members.insert(user.as_str().to_owned(), place);
            }
            conv
        });
    }

    fn may_speak(&self, id: &ConvId, user: &str) -> Result<Role, ErrorCode> {
        let conv = self.convs.get(id.as_str());
        let conv = conv.ok_or(ErrorCode::ConversationUnknown)?;
        let place = conv.members.get(user);
        let place = place.ok_or(ErrorCode::ConversationUnknown)?;
        let is_channel = id.kind() == ConvKind::Channel;
        if conv.has_ended || is_channel && place.role == Role::Member {
            return Err(ErrorCode::NotAllowed);
        }
        let is_muted = conv.is_muted && place.role == Role::Member;
        if place.muted_until_s > self.now_s || is_muted {
            return Err(ErrorCode::Muted);
        }
        Ok(place.role)
    }

    /// A message that someone may ask something of.
    fn asked(&self, actor: &Actor, id: &ConvId, at: ConvSeq) -> Result<&Stored, ErrorCode> {
        let place = self.standing(actor, id)?;
        let at = index(at);
        let is_seen = place.is_none_or(|place| at > place.sees_after);
        let stored = self.convs[id.as_str()].at(at).filter(|_| is_seen);
        stored.ok_or(ErrorCode::MessageUnknown)
    }

    pub(super) fn recall(&mut self, recall: &Recall) -> Result<Got, ErrorCode> {
        let message = &self
            .asked(&recall.actor, &recall.conv, recall.conv_seq)?
            .message;
        let place = self.standing(&recall.actor, &recall.conv)?;
        let conv = &self.convs[recall.conv.as_str()];
        let is_own = recall.actor.user() == Some(&message.sender);
        let is_admin = place.is_none_or(|place| place.role != Role::Member);
        let is_late = at_s(self.now_s).get() > message.created_us.get() + RECALL_WINDOW_MS * 1000;
        if !(is_admin || is_own && (!is_late || message.recalled)) {
            return Err(ErrorCode::RecallRefused);
        }
        if message.recalled {
            return Ok(Got::Applied);
        }
        if conv.has_ended {
            return Err(ErrorCode::NotAllowed);
        }
        let by = recall
            .actor
            .user()
            .unwrap_or(&message.sender)
            .as_str()
            .to_owned();
        let (name, at) = (recall.conv.as_str(), index(recall.conv_seq));
        let conv = self.convs.get_mut(name).unwrap();
        let message = &mut conv.messages[at - 1].message;
        message.recalled = true;
        message.body.clear();
        self.tell_all(name, &News::Recall(name.to_owned(), at, by), "");
        Ok(Got::Applied)
    }

    pub(super) fn edit(&mut self, edit: &Edit) -> Result<Got, ErrorCode> {
        let message = &self.asked(&edit.actor, &edit.conv, edit.conv_seq)?.message;
        let user = edit.actor.user();
        let is_same = message.body == edit.body;
        let is_late = at_s(self.now_s).get() > message.created_us.get() + EDIT_WINDOW_MS * 1000;
        if message.recalled || user.is_some_and(|user| *user != message.sender) {
            return Err(ErrorCode::EditRefused);
        }
        if is_same {
            return Ok(Got::Applied);
        }
        if is_late && user.is_some() {
            return Err(ErrorCode::EditRefused);
        }
        if self.convs[edit.conv.as_str()].has_ended {
            return Err(ErrorCode::NotAllowed);
        }
        if let Some(user) = user.filter(|_| edit.conv.kind() != ConvKind::Direct) {
            self.may_speak(&edit.conv, user.as_str())?;
        }
        let (name, at) = (edit.conv.as_str(), index(edit.conv_seq));
        let now_s = self.now_s;
        let conv = self.convs.get_mut(name).unwrap();
        let message = &mut conv.messages[at - 1].message;
        message.body.clone_from(&edit.body);
        message.edited_us = Some(at_s(now_s));
        self.tell_all(name, &News::Edit(name.to_owned(), at), "");
        Ok(Got::Applied)
    }

    pub(super) fn delete(&mut self, delete: &Delete) -> Result<Got, ErrorCode> {
        let actor = Actor::User(delete.account.clone());
        self.asked(&actor, &delete.conv, delete.conv_seq)?;
        let user = delete.account.user.as_str();
        let conv = self.convs.get_mut(delete.conv.as_str()).unwrap();
        let key = (user.to_owned(), index(delete.conv_seq));
        if conv.hidden.insert(key) {
            let item = Item::Delete {
                conv: delete.conv.clone(),
                conv_seq: delete.conv_seq,
            };
            self.tell(user, News::other(item));
        }
        Ok(Got::Applied)
    }
}

fn got(stored: &Stored, duplicate: bool) -> Got {
    Got::Sent {
        conv_seq: stored.message.conv_seq.get(),
        seq: stored.seq as u64,
        created_us: stored.message.created_us.get(),
        duplicate,
    }
}

fn index(at: ConvSeq) -> usize {
    usize::try_from(at.get()).unwrap()
}
