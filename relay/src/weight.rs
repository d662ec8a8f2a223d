//! How large things are in a frame: an upper bound that holds for both encodings,
//! so that a page can be filled without encoding it twice.
//!
//! JSON is the larger of the two: its numbers have up to 16 digits where CBOR has
//! 9 bytes, and its strings may need escapes.

use seqline_protocol::{Conversation, Entry, Item, Message, Receipt, limits::json_bytes};

/// Keys, punctuation, numbers and `priority` of a message.
const MESSAGE_BYTES: usize = 320;
/// The same of any other thing.
const SMALL_BYTES: usize = 160;

/// Bytes that a message takes at most.
#[must_use]
pub fn message_bytes(message: &Message) -> usize {
    MESSAGE_BYTES
        + message.client_msg_id.as_str().len()
        + message.sender.as_str().len()
        + message.conv.as_str().len()
        + message.kind.as_str().len()
        + json_bytes(&message.body)
}

/// Bytes that what a timeline entry tells takes at most.
#[must_use]
pub fn item_bytes(item: &Item) -> usize {
    match item {
        Item::Message(message) => SMALL_BYTES + message_bytes(message),
        Item::Receipt(receipt) => SMALL_BYTES + receipt_bytes(receipt),
        Item::Read { conv, .. } => SMALL_BYTES + conv.as_str().len(),
        Item::Recall { conv, by, .. } => SMALL_BYTES + conv.as_str().len() + by.as_str().len(),
    }
}

/// Bytes that a timeline entry takes at most.
#[must_use]
pub fn entry_bytes(entry: &Entry) -> usize {
    item_bytes(&entry.item)
}

/// Bytes that a row of the conversation list takes at most.
#[must_use]
pub fn conversation_bytes(conversation: &Conversation) -> usize {
    SMALL_BYTES
        + conversation.conv.as_str().len()
        + conversation.last.as_ref().map_or(0, message_bytes)
        + conversation
            .receipts
            .iter()
            .map(receipt_bytes)
            .sum::<usize>()
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
