//! How large things are in a frame: an upper bound that holds for both encodings,
//! so that a page can be filled without encoding it twice.
//!
//! JSON is the larger of the two: its numbers have up to 16 digits where CBOR has
//! 9 bytes, and its strings may need escapes.

use seqline_protocol::{
    BroadcastChange, Conversation, Entry, GroupChange, GroupOp, Item, Label, Message, Receipt,
    UserId, limits::json_bytes,
};

/// Keys, punctuation, numbers and `priority` of a message.
const MESSAGE_BYTES: usize = 480;
/// A number that is an id, and a comma.
const ID_BYTES: usize = 17;
/// The same of any other thing.
const SMALL_BYTES: usize = 200;

/// Bytes that a message takes at most.
#[must_use]
pub fn message_bytes(message: &Message) -> usize {
    MESSAGE_BYTES
        + message.client_msg_id.as_str().len()
        + message.sender.as_str().len()
        + message.conv.as_str().len()
        + message.kind.as_str().len()
        + label_bytes(message.key.as_ref())
        + label_bytes(message.business.as_ref())
        + user_bytes(&message.mentions)
        + json_bytes(&message.body)
}

/// Bytes that what a timeline entry tells takes at most.
#[must_use]
pub fn item_bytes(item: &Item) -> usize {
    match item {
        Item::Message(message) | Item::Edit(message) => SMALL_BYTES + message_bytes(message),
        Item::Receipt(receipt) => SMALL_BYTES + receipt_bytes(receipt),
        Item::Read { conv, .. } | Item::Delete { conv, .. } | Item::Crowd { conv, .. } => {
            SMALL_BYTES + conv.as_str().len()
        }
        Item::Group(change) => SMALL_BYTES + group_bytes(change),
        Item::Seen { .. } => SMALL_BYTES,
        Item::Recall { conv, by, .. } => SMALL_BYTES + conv.as_str().len() + by.as_str().len(),
    }
}

/// Bytes that a timeline entry takes at most.
#[must_use]
pub fn entry_bytes(entry: &Entry) -> usize {
    item_bytes(&entry.item)
}

/// Bytes that a change of the public mailbox takes at most.
#[must_use]
pub fn change_bytes(change: &BroadcastChange) -> usize {
    let text = change.broadcast.as_ref().map_or(0, |broadcast| {
        broadcast.kind.as_str().len() + json_bytes(&broadcast.title) + json_bytes(&broadcast.body)
    });
    SMALL_BYTES + SMALL_BYTES + text
}

/// Bytes that a list of so many ids takes at most.
#[must_use]
pub fn ids_bytes(count: usize) -> usize {
    count * ID_BYTES
}

/// Bytes that a row of the conversation list takes at most.
#[must_use]
pub fn conversation_bytes(conversation: &Conversation) -> usize {
    SMALL_BYTES
        + conversation.conv.as_str().len()
        + conversation.last.as_ref().map_or(0, message_bytes)
        + conversation.title.as_deref().map_or(0, json_bytes)
        + conversation
            .receipts
            .iter()
            .map(receipt_bytes)
            .sum::<usize>()
}

/// Bytes that a change of a group takes at most.
#[must_use]
pub fn group_bytes(change: &GroupChange) -> usize {
    let op = match &change.op {
        GroupOp::Created {
            users: members,
            title,
        } => user_bytes(members) + json_bytes(title),
        GroupOp::Joined { users: members }
        | GroupOp::Left { users: members }
        | GroupOp::Removed { users: members } => user_bytes(members),
        GroupOp::Role { user, .. } | GroupOp::Muted { user, .. } => user.as_str().len(),
        GroupOp::Edited {
            title,
            announcement,
            ..
        } => [title, announcement]
            .into_iter()
            .flatten()
            .map(|text| json_bytes(text))
            .sum(),
        GroupOp::MutedAll { .. } | GroupOp::Dissolved => 0,
    };
    SMALL_BYTES
        + change.conv.as_str().len()
        + change.by.as_ref().map_or(0, |by| by.as_str().len())
        + op
}

fn user_bytes(users: &[UserId]) -> usize {
    users.iter().map(|user| user.as_str().len() + 8).sum()
}

fn label_bytes(label: Option<&Label>) -> usize {
    label.map_or(0, |label| label.as_str().len())
}

fn receipt_bytes(receipt: &Receipt) -> usize {
    SMALL_BYTES + receipt.conv.as_str().len() + receipt.user.as_str().len()
}

/// How many of these, taken from the front, fit into so many bytes; one at least.
#[must_use]
pub fn fitting<T>(things: &[T], bytes_max: usize, bytes: impl Fn(&T) -> usize) -> usize {
    let mut left = bytes_max;
    let fit = things
        .iter()
        .take_while(|thing| match left.checked_sub(bytes(thing)) {
            Some(rest) => {
                left = rest;
                true
            }
            None => false,
        })
        .count();
    fit.max(1).min(things.len())
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, strategy::ValueTree as _};
    use seqline_protocol::{
        ClientMsgId, ConvId, ConvSeq, Encoding, Kind, Micros, MsgId, Priority, RelayFrame,
        RequestId, Seq, UserId, encode, limits::FRAME_BYTES_MAX,
    };

    use super::*;
    use crate::{
        frames::{Items, Push},
        limits::FRAME_HEADROOM_BYTES,
        store::TimelineAppend,
    };

    fn a_message() -> impl Strategy<Value = Message> {
        let id = || "[a-z0-9]{1,64}";
        let number = || 0..=(1_u64 << 53) - 1;
        (
            id(),
            id(),
            id(),
            "[a-z]{1,32}",
            any::<String>(),
            number(),
            any::<bool>(),
            0..=seqline_protocol::limits::MENTIONS_MAX,
        )
            .prop_map(
                |(user, peer, client_msg_id, kind, body, number, recalled, mentions)| {
                    let label = Label::new(user.clone()).unwrap();
                    let user = UserId::new(user).unwrap();
                    Message {
                        msg_id: MsgId::new(number).unwrap(),
                        client_msg_id: ClientMsgId::new(client_msg_id).unwrap(),
                        conv: ConvId::direct(&user, &UserId::new(peer).unwrap()),
                        sender: user.clone(),
                        conv_seq: ConvSeq::new(number).unwrap(),
                        kind: Kind::new(kind).unwrap(),
                        body,
                        priority: Priority::High,
                        created_us: Micros::new(number).unwrap(),
                        expires_us: Some(Micros::new(number).unwrap()),
                        recalled,
                        key: Some(label.clone()),
                        replaces: Some(ConvSeq::new(number).unwrap()),
                        replaced: recalled,
                        business: Some(label),
                        mentions: vec![user; mentions],
                        edited_us: Some(Micros::new(number).unwrap()),
                    }
                },
            )
    }

    fn an_item() -> impl Strategy<Value = Item> {
        a_message().prop_flat_map(|message| {
            let receipt = Receipt {
                conv: message.conv.clone(),
                user: message.sender.clone(),
                delivered: message.conv_seq,
                read: message.conv_seq,
            };
            prop_oneof![
                Just(Item::Read {
                    conv: message.conv.clone(),
                    conv_seq: message.conv_seq,
                }),
                Just(Item::Recall {
                    conv: message.conv.clone(),
                    conv_seq: message.conv_seq,
                    msg_id: message.msg_id,
                    by: message.sender.clone(),
                }),
                Just(Item::Receipt(receipt)),
                Just(Item::Edit(message.clone())),
                Just(Item::Delete {
                    conv: message.conv.clone(),
                    conv_seq: message.conv_seq,
                }),
                Just(Item::Crowd {
                    conv: message.conv.clone(),
                    after: Some(Seq::saturating(u64::MAX)),
                }),
                Just(Item::Message(message)),
            ]
        })
    }

    fn longest(frame: &RelayFrame) -> usize {
        let encodings = [Encoding::Text, Encoding::Binary];
        let lengths = encodings.map(|encoding| encode(encoding, frame).as_bytes().len());
        lengths.into_iter().max().unwrap()
    }

    proptest! {
        #[test]
        fn nothing_is_larger_than_it_is_reckoned(item in an_item(), seq in 0..=(1_u64 << 53) - 1) {
            let seq = Seq::new(seq).unwrap();
            let entry = Entry { seq, item };
            let reckoned = entry_bytes(&entry);
            let page = |entries| RelayFrame::Page {
                req: RequestId::new((1 << 53) - 1).unwrap(),
                entries,
                head: seq,
                public: None,
            };
            prop_assert!(longest(&page(vec![entry])) <= reckoned + FRAME_HEADROOM_BYTES);
        }

        #[test]
        fn a_conversation_is_not_larger_than_it_is_reckoned(
            message in a_message(),
            title in any::<String>(),
        ) {
            let head = message.conv_seq;
            let receipt = Receipt {
                conv: message.conv.clone(),
                user: message.sender.clone(),
                delivered: message.conv_seq,
                read: message.conv_seq,
            };
            let row = Conversation {
                conv: message.conv.clone(),
                head: message.conv_seq,
                unread: message.conv_seq.get(),
                read: message.conv_seq,
                receipts: vec![receipt],
                active_us: message.created_us,
                last: Some(message),
                title: Some(title),
                mentioned: Some(head),
                crowd: true,
            };
            let text = serde_json::to_string(&row).unwrap();
            prop_assert!(text.len() <= conversation_bytes(&row));
        }
    }

    #[test]
    fn appends_become_frames_that_fit() {
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let item = a_message().new_tree(&mut runner).unwrap().current();
        let item = Message {
            body: "\"".repeat(8 * 1024),
            ..item
        };
        let append = TimelineAppend {
            timeline: crate::store::Timeline::User(std::sync::Arc::new(crate::account::Account {
                app: seqline_protocol::AppId::new("app").unwrap(),
                user: item.sender.clone(),
            })),
            first: Seq::new(5).unwrap(),
            items: std::iter::repeat_n(std::sync::Arc::new(Item::Message(item)), 10).collect(),
        };
        let pushes = Push::of(
            &append,
            &mut Items::default(),
            &crate::traces::Told::default(),
        );
        let ranges: Vec<_> = pushes
            .iter()
            .map(|push| (push.first().get(), push.last().get()))
            .collect();
        assert_eq!(ranges, [(5, 7), (8, 10), (11, 13), (14, 14)]);
        for push in pushes {
            for encoding in [Encoding::Text, Encoding::Binary] {
                let frame = push.encoded(encoding);
                assert!(frame.payload.len() <= FRAME_BYTES_MAX);
                // The same bytes for every device.
                assert_eq!(
                    push.encoded(encoding).payload.as_ptr(),
                    frame.payload.as_ptr()
                );
            }
        }
    }
}
