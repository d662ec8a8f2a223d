//! Frames around things that are encoded already. Of a `push` frame: byte for byte what
//! [`seqline_protocol::encode`] makes of the same frame.

use seqline_protocol::{ConvId, Seq};

/// Bytes around each item, and around all of them.
const AROUND_BYTES: usize = 40;

pub(super) fn json(first: Seq, items: &[&[u8]], conv: Option<&ConvId>) -> Vec<u8> {
    let mut out = Vec::with_capacity(room(items));
    out.extend_from_slice(b"{\"push\":{\"entries\":[");
    for (index, (item, seq)) in items.iter().zip(first.get()..).enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"seq\":");
        out.extend_from_slice(seq.to_string().as_bytes());
        out.extend_from_slice(b",\"item\":");
        out.extend_from_slice(item);
        out.push(b'}');
    }
    out.push(b']');
    if let Some(conv) = conv {
        // No character of an id needs an escape.
        out.extend_from_slice(b",\"conv\":\"");
        out.extend_from_slice(conv.as_str().as_bytes());
        out.push(b'"');
    }
    out.extend_from_slice(b"}}");
    out
}

pub(super) fn cbor(first: Seq, items: &[&[u8]], conv: Option<&ConvId>) -> Vec<u8> {
    let mut out = Vec::with_capacity(room(items));
    head(&mut out, MAP, 1);
    text(&mut out, "push");
    head(&mut out, MAP, 1 + u64::from(conv.is_some()));
    text(&mut out, "entries");
    head(&mut out, ARRAY, items.len() as u64);
    for (item, seq) in items.iter().zip(first.get()..) {
        head(&mut out, MAP, 2);
        text(&mut out, "seq");
        head(&mut out, UNSIGNED, seq);
        text(&mut out, "item");
        out.extend_from_slice(item);
    }
    if let Some(conv) = conv {
        text(&mut out, "conv");
        text(&mut out, conv.as_str());
    }
    out
}

pub(super) fn room(items: &[&[u8]]) -> usize {
    let items_bytes: usize = items.iter().map(|item| AROUND_BYTES + item.len()).sum();
    4 * AROUND_BYTES + items_bytes
}

// The major types of RFC 8949, section 3.1.
const UNSIGNED: u8 = 0;
const TEXT: u8 = 3;
pub(super) const ARRAY: u8 = 4;
pub(super) const MAP: u8 = 5;

pub(super) fn text(out: &mut Vec<u8>, text: &str) {
    head(out, TEXT, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// The shortest form of a number, as RFC 8949, section 4.2.1, has it.
pub(super) fn head(out: &mut Vec<u8>, major: u8, number: u64) {
    let major = major << 5;
    let bytes = number.to_be_bytes();
    let [.., b4, b5, b6, b7] = bytes;
    if number < 24 {
        out.push(major | b7);
    } else if number <= u64::from(u8::MAX) {
        out.extend_from_slice(&[major | 24, b7]);
    } else if number <= u64::from(u16::MAX) {
        out.extend_from_slice(&[major | 25, b6, b7]);
    } else if number <= u64::from(u32::MAX) {
        out.extend_from_slice(&[major | 26, b4, b5, b6, b7]);
    } else {
        out.push(major | 27);
        out.extend_from_slice(&bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use seqline_protocol::{
        AppId, ConvId, ConvSeq, Encoding, Entry, Item, MsgId, RelayFrame, Seq, UserId, encode,
    };

    use crate::{account::Account, frames::Push, store::Timeline};

    fn item(n: u64) -> Item {
        Item::Recall {
            conv: ConvId::new("group:tea").unwrap(),
            conv_seq: ConvSeq::saturating(n),
            msg_id: MsgId::saturating(n),
            by: UserId::new("alice").unwrap(),
        }
    }

    #[test]
    fn a_spliced_push_is_the_encoded_one() {
        let app = AppId::new("app").unwrap();
        let conv = ConvId::new("group:tea").unwrap();
        let user = UserId::new("bob").unwrap();
        let own = Timeline::User(Arc::new(Account {
            app: app.clone(),
            user,
        }));
        let crowd = Timeline::Crowd(app, conv.clone());
        let starts = [
            1,
            20,
            230,
            65_500,
            u64::from(u32::MAX) - 100,
            (1 << 53) - 400,
        ];
        for (timeline, conv) in [(own, None), (crowd, Some(conv))] {
            for (first, count) in starts
                .into_iter()
                .flat_map(|at| [(at, 1), (at, 30), (at, 200)])
            {
                let entries: Vec<Entry> = (first..first + count)
                    .map(|n| Entry {
                        seq: Seq::new(n).unwrap(),
                        item: item(n),
                    })
                    .collect();
                let push = Push::new(entries.clone(), &timeline).unwrap();
                assert_eq!(push.last(), entries.last().unwrap().seq);
                for encoding in [Encoding::Text, Encoding::Binary] {
                    let frame = |entries: &[Entry]| RelayFrame::Push {
                        entries: entries.to_vec(),
                        conv: conv.clone(),
                    };
                    let whole = encode(encoding, &frame(&entries));
                    assert_eq!(push.encoded(encoding).payload, whole.as_bytes());
                    let Some((before, rest)) = entries.split_first() else {
                        unreachable!()
                    };
                    if !rest.is_empty() {
                        let rest = encode(encoding, &frame(rest));
                        let after = push.encoded_after(before.seq, encoding);
                        assert_eq!(after.payload, rest.as_bytes());
                    }
                }
            }
        }
    }
}
