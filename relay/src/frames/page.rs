//! A `page` frame around news of the public mailbox that are encoded already: byte for byte
//! what [`seqline_protocol::encode`] makes of the same frame.

use seqline_protocol::{Encoding, Entry, RelayFrame, RequestId, Seq, to_cbor};

use super::{Outgoing, splice};
use crate::broadcasts::{News, Page};

/// A `page` frame.
#[must_use]
pub fn page(
    encoding: Encoding,
    req: RequestId,
    entries: Vec<Entry>,
    head: Seq,
    public: Option<&Page>,
) -> Outgoing {
    let bare = public.map(Page::without_news);
    let news = public.and_then(|public| public.news.as_ref());
    let tail = match (encoding, &bare) {
        (Encoding::Binary, Some(bare)) if news.is_some() => to_cbor(bare),
        _ => Vec::new(),
    };
    let frame = Outgoing::new(
        encoding,
        &RelayFrame::Page {
            req,
            entries,
            head,
            public: bare,
        },
    );
    let Some(news) = news else {
        return frame;
    };
    // What is told of the public mailbox stands last in the frame, and its news last in that.
    let payload = match encoding {
        Encoding::Text => with_json(&frame.payload, news),
        Encoding::Binary => with_cbor(&frame.payload, &tail, news),
    };
    Outgoing {
        encoding,
        payload: payload.into(),
    }
}

fn with_json(frame: &[u8], news: &News) -> Vec<u8> {
    const CLOSING: &[u8] = b"}}}";
    let changes: Vec<_> = encoded(news, Encoding::Text);
    let mut out = Vec::with_capacity(frame.len() + splice::room(&changes));
    out.extend_from_slice(frame.strip_suffix(CLOSING).unwrap_or(frame));
    out.extend_from_slice(b",\"news\":{");
    if let Some(held) = &news.held {
        out.extend_from_slice(b"\"held\":");
        // Numbers: nothing that fails.
        out.extend(serde_json::to_vec(held).unwrap_or_default());
    }
    if !changes.is_empty() {
        if news.held.is_some() {
            out.push(b',');
        }
        out.extend_from_slice(b"\"changes\":[");
        for (index, change) in changes.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            out.extend_from_slice(change);
        }
        out.push(b']');
    }
    out.push(b'}');
    out.extend_from_slice(CLOSING);
    out
}

/// `tail` is what the frame ends with: the public part, a map to which one key is added.
fn with_cbor(frame: &[u8], tail: &[u8], news: &News) -> Vec<u8> {
    let changes: Vec<_> = encoded(news, Encoding::Binary);
    let mut out = Vec::with_capacity(frame.len() + splice::room(&changes));
    out.extend_from_slice(frame.strip_suffix(tail).unwrap_or(frame));
    if let Some((map, fields)) = tail.split_first() {
        out.push(map + 1);
        out.extend_from_slice(fields);
    }
    splice::text(&mut out, "news");
    let keys = usize::from(news.held.is_some()) + usize::from(!changes.is_empty());
    splice::head(&mut out, splice::MAP, keys as u64);
    if let Some(held) = &news.held {
        splice::text(&mut out, "held");
        out.extend(to_cbor(held));
    }
    if !changes.is_empty() {
        splice::text(&mut out, "changes");
        splice::head(&mut out, splice::ARRAY, changes.len() as u64);
        for change in changes {
            out.extend_from_slice(change);
        }
    }
    out
}

fn encoded(news: &News, encoding: Encoding) -> Vec<&[u8]> {
    let changes = news.changes.iter();
    changes.map(|change| change.encoded(encoding)).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use seqline_protocol::{Broadcast, BroadcastChange, BroadcastId, Kind, Micros, PubSeq, encode};

    use super::*;
    use crate::broadcasts::Change;

    fn change(n: u64, is_shown: bool) -> Arc<Change> {
        let id = BroadcastId::saturating(n);
        Arc::new(Change::new(BroadcastChange {
            pub_seq: PubSeq::saturating(n + 7),
            id,
            broadcast: is_shown.then(|| Broadcast {
                id,
                version: 3,
                kind: Kind::text(),
                title: "a \"title\"".to_owned(),
                body: "x".repeat(300),
                published_us: Micros::saturating(1_700_000_000_000_000),
                expires_us: None,
                every_device: true,
            }),
        }))
    }

    #[test]
    fn a_page_put_together_is_the_encoded_one() {
        let ids = |count: u64| Some((0..count).map(BroadcastId::saturating).collect());
        let changes = |count: u64| (0..count).map(|n| change(n, n % 3 > 0)).collect();
        let news = |held, changes| Some(News { held, changes });
        for news in [
            None,
            news(None, changes(1)),
            news(None, changes(30)),
            news(ids(0), Vec::new()),
            news(ids(300), Vec::new()),
            news(ids(2), changes(2)),
        ] {
            let public = Page {
                cursor: PubSeq::saturating(70_000),
                head: PubSeq::saturating(70_001),
                view: "0123456789ab.17+".to_owned(),
                news,
            };
            for encoding in [Encoding::Text, Encoding::Binary] {
                let req = RequestId::saturating(5);
                let frame = RelayFrame::Page {
                    req,
                    entries: Vec::new(),
                    head: Seq::saturating(9),
                    public: Some(public.to_protocol()),
                };
                let expected = encode(encoding, &frame);
                let outgoing = page(encoding, req, Vec::new(), Seq::saturating(9), Some(&public));
                assert_eq!(outgoing.payload, expected.as_bytes());
            }
        }
    }
}
