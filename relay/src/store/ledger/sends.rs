//! Messages: stored once, however often they are sent.

use std::sync::Arc;

use seqline_protocol::{ConvKind, Item, Message, Micros, MsgId, Role, Seq, UserId};

use super::{
    ConvKey, ConvState, EntryKind, MemberRow, MessageRow, SentRow, UserKey,
    fanout::{News, conv_seq},
    ledger::Ledger,
    names::OpKeys,
};
use crate::store::{Done, OpResult, Refusal, Send, Sent};

impl<'a> Ledger<'a> {
    pub(super) fn send(&mut self, send: &'a Send, keys: OpKeys<'_>) -> OpResult {
        let sender = keys.user.ok_or(Refusal::ConversationUnknown)?;
        if let Some(session) = &send.session
            && !self.is_newest_session(sender, session)
        {
            return Err(Refusal::SessionOver);
        }
        if let Some(stored) = self.sent.get(&(sender, &send.client_msg_id)) {
            return if stored.digest == send.digest.0 {
                Ok(Done::Sent(place(stored, true)))
            } else {
                Err(Refusal::IdConflict)
            };
        }
        let conv = keys.conv.ok_or(Refusal::ConversationUnknown)?;
        if send.conv.kind() != ConvKind::Direct {
            self.may_send(send, conv, sender)?;
        }
        if send.expires.is_some_and(|expires| expires <= self.now) {
            return Err(Refusal::Expired);
        }
        if self.conv(conv).state == ConvState::Named {
            self.open_direct(send, conv, sender, keys);
        }
        let stored = self.store(send, conv, sender, keys);
        self.sent.insert((sender, &send.client_msg_id), stored);
        Ok(Done::Sent(place(&stored, false)))
    }

    fn may_send(&self, send: &Send, conv: ConvKey, sender: UserKey) -> Result<(), Refusal> {
        let mentions_all = send.mentions.iter().any(UserId::is_all);
        if send.by_server {
            return self.is_alive(conv);
        }
        let role = self.may_speak(conv, sender)?;
        if mentions_all && role < Role::Admin {
            return Err(Refusal::NotAllowed("only admins mention @all"));
        }
        Ok(())
    }

    /// The first message makes a direct conversation.
    fn open_direct(&mut self, send: &Send, conv: ConvKey, sender: UserKey, keys: OpKeys<'_>) {
        let now_us = self.now.get();
        let peer = keys.others.first().copied().flatten();
        let sender_name = send.from.user.as_str();
        let is_low = send.conv.pair().is_some_and(|(low, _)| low == sender_name);
        let low = if is_low {
            sender
        } else {
            peer.unwrap_or(sender)
        };
        let row = self.conv_mut(conv);
        row.state = ConvState::Open;
        row.created_us = now_us;
        row.members = 1 + u32::from(peer.is_some());
        row.direct.low = Some(low);
        for user in [Some(sender), peer].into_iter().flatten() {
            self.add_member(MemberRow::new(conv, user, now_us));
        }
    }

    fn store(
        &mut self,
        send: &'a Send,
        conv: ConvKey,
        sender: UserKey,
        keys: OpKeys<'_>,
    ) -> SentRow {
        let msg_id = self.next_msg_id;
        self.next_msg_id += 1;
        let replaces = self.replace(send, conv, sender);
        let at = self.place(send, conv, sender);
        let message = Message {
            msg_id: MsgId::saturating(msg_id),
            client_msg_id: send.client_msg_id.clone(),
            sender: send.from.user.clone(),
            conv: send.conv.clone(),
            conv_seq: conv_seq(at),
            kind: send.kind.clone(),
            body: send.body.clone(),
            priority: send.priority,
            created_us: self.now,
            expires_us: send.expires,
            recalled: false,
            key: send.key.clone(),
            replaces: replaces.map(conv_seq),
            replaced: false,
            business: send.business.clone(),
            mentions: send.mentions.clone(),
            edited_us: None,
        };
        let news = News {
            conv_seq: at,
            about: Some(sender),
            msg_id: Some(msg_id),
            ..News::new(EntryKind::Message, conv, Item::Message(message.clone()))
        };
        let sender_seq = if send.conv.kind() == ConvKind::Direct {
            self.tell_pair(&news, send, sender, keys)
        } else {
            self.mention(send, conv, sender, at, keys);
            self.tell_all(&news, Some(sender))
        };
        let stored = self.add_message(MessageRow {
            conv,
            sender,
            sender_seq,
            digest: send.digest.0,
            low_sent: Some(self.conv(conv).direct.low_sent),
            message: Arc::new(message),
        });
        if let Some(key) = &send.key {
            let key = key.as_str().to_owned();
            self.keyed_at.insert((conv, sender, key), stored);
        }
        if self.rules.hook_apps.contains(&send.from.app) {
            self.changes.hooks.push((msg_id, conv));
        }
        SentRow {
            msg_id,
            conv_seq: at,
            sender_seq,
            created_us: self.now.get(),
            digest: send.digest.0,
        }
    }

    /// Its position in the conversation.
    fn place(&mut self, send: &Send, conv: ConvKey, sender: UserKey) -> u64 {
        let now_us = self.now.get();
        let row = self.conv_mut(conv);
        row.head += 1;
        row.active_us = now_us;
        let at = row.head;
        if send.conv.kind() == ConvKind::Direct {
            row.direct.low_sent += u64::from(row.direct.low == Some(sender));
        } else if let Some(member) = self.member_mut(conv, sender) {
            member.sent += 1;
        }
        at
    }

    /// Both users of a direct conversation; one entry for notes to oneself.
    fn tell_pair(&mut self, news: &News, send: &Send, sender: UserKey, keys: OpKeys<'_>) -> u64 {
        let peer = keys.others.first().copied().flatten();
        if !send.by_server {
            self.user_mut(sender).is_known = true;
            if let Some(peer) = peer {
                self.user_mut(peer).is_known = true;
            }
        }
        if let Some(peer) = peer {
            self.tell(peer, news);
        }
        self.tell(sender, news)
    }

    fn mention(&mut self, send: &Send, conv: ConvKey, sender: UserKey, at: u64, keys: OpKeys<'_>) {
        if send.mentions.iter().any(UserId::is_all) {
            self.conv_mut(conv).group.mentions_all = at;
        }
        for user in keys.others.iter().flatten().filter(|user| **user != sender) {
            if let Some(member) = self.member_mut(conv, *user) {
                member.mentioned = at;
            }
        }
    }

    /// Takes the sender's earlier message with the same key away, where that is asked for.
    fn replace(&mut self, send: &Send, conv: ConvKey, sender: UserKey) -> Option<u64> {
        let key = send.key.as_ref().filter(|_| send.replace)?;
        let key = (conv, sender, key.as_str().to_owned());
        let at = *self.keyed_at.get(&key)?;
        let old = &self.messages.get(at)?.row.message;
        if old.recalled || old.replaced {
            return None;
        }
        let replaced = old.conv_seq.get();
        self.change_message(at, |message| {
            message.body.clear();
            message.replaced = true;
        });
        Some(replaced)
    }
}

fn place(stored: &SentRow, duplicate: bool) -> Sent {
    Sent {
        msg_id: MsgId::saturating(stored.msg_id),
        conv_seq: conv_seq(stored.conv_seq),
        seq: Seq::saturating(stored.sender_seq),
        created: Micros::saturating(stored.created_us),
        duplicate,
    }
}
