//! The public mailbox: places, pages, broadcasts.

use proptest::{collection::vec, option, prelude::*};
use seqline_protocol::{Broadcast, BroadcastChange, PublicNews, PublicPage, PublicPlace};

use super::{kind, number, text};

pub(super) fn place() -> BoxedStrategy<PublicPlace> {
    (number(), option::of(text()))
        .prop_map(|(after, view)| PublicPlace { after, view })
        .boxed()
}

pub(super) fn page() -> BoxedStrategy<PublicPage> {
    (number(), number(), text(), option::of(news()))
        .prop_map(|(cursor, head, view, news)| PublicPage {
            cursor,
            head,
            view,
            news,
        })
        .boxed()
}

fn news() -> BoxedStrategy<PublicNews> {
    (option::of(vec(number(), 0..4)), vec(change(), 0..3))
        .prop_map(|(held, changes)| PublicNews { held, changes })
        .boxed()
}

fn change() -> BoxedStrategy<BroadcastChange> {
    (number(), number(), option::of(broadcast()))
        .prop_map(|(pub_seq, id, broadcast)| BroadcastChange {
            pub_seq,
            id,
            broadcast,
        })
        .boxed()
}

fn broadcast() -> BoxedStrategy<Broadcast> {
    (
        (number(), any::<u32>(), kind()),
        (text(), text()),
        (number(), option::of(number()), any::<bool>()),
    )
        .prop_map(
            |((id, version, kind), (title, body), (published_us, expires_us, every_device))| {
                Broadcast {
                    id,
                    version,
                    kind,
                    title,
                    body,
                    published_us,
                    expires_us,
                    every_device,
                }
            },
        )
        .boxed()
}
