//! What frames carry: entries, messages, conversations.

use proptest::{collection::vec, option, prelude::*};
use seqline_protocol::{Conversation, Entry, Item, Message, Receipt, limits::SAFE_INTEGER_MAX};

use super::{conv, groups, kind, name, number, priority, text};

pub(super) fn entry() -> BoxedStrategy<Entry> {
    let item = prop_oneof![
        message().prop_map(Item::Message),
        receipt().prop_map(Item::Receipt),
        (conv(), number()).prop_map(|(conv, conv_seq)| Item::Read { conv, conv_seq }),
        (conv(), number(), number(), name()).prop_map(|(conv, conv_seq, msg_id, by)| {
            Item::Recall {
                conv,
                conv_seq,
                msg_id,
                by,
            }
        }),
        message().prop_map(Item::Edit),
        (conv(), number()).prop_map(|(conv, conv_seq)| Item::Delete { conv, conv_seq }),
        groups::change().prop_map(Item::Group),
        (conv(), option::of(number())).prop_map(|(conv, after)| Item::Crowd { conv, after }),
        (number(), any::<bool>()).prop_map(|(broadcast, opened)| Item::Seen { broadcast, opened }),
    ];
    (number(), item)
        .prop_map(|(seq, item)| Entry { seq, item })
        .boxed()
}

pub(super) fn message() -> BoxedStrategy<Message> {
    (
        (number(), name(), name(), conv(), number()),
        (kind(), text(), priority()),
        (number(), option::of(number()), any::<bool>()),
        (option::of(name()), option::of(number()), any::<bool>()),
        (option::of(name()), vec(name(), 0..3), option::of(number())),
    )
        .prop_map(
            |(
                (msg_id, client_msg_id, sender, conv, conv_seq),
                (kind, body, priority),
                (created_us, expires_us, recalled),
                (key, replaces, replaced),
                (business, mentions, edited_us),
            )| Message {
                msg_id,
                client_msg_id,
                sender,
                conv,
                conv_seq,
                kind,
                body,
                priority,
                created_us,
                expires_us,
                recalled,
                key,
                replaces,
                replaced,
                business,
                mentions,
                edited_us,
            },
        )
        .boxed()
}

fn receipt() -> BoxedStrategy<Receipt> {
    (conv(), name(), number(), number())
        .prop_map(|(conv, user, delivered, read)| Receipt {
            conv,
            user,
            delivered,
            read,
        })
        .boxed()
}

pub(super) fn conversation() -> BoxedStrategy<Conversation> {
    (
        (conv(), number(), option::of(message())),
        (0..=SAFE_INTEGER_MAX, number()),
        (vec(receipt(), 0..3), number()),
        (option::of(text()), option::of(number()), any::<bool>()),
    )
        .prop_map(
            |(
                (conv, head, last),
                (unread, read),
                (receipts, active_us),
                (title, mentioned, crowd),
            )| Conversation {
                conv,
                head,
                last,
                unread,
                read,
                receipts,
                active_us,
                title,
                mentioned,
                crowd,
            },
        )
        .boxed()
}
