//! The public mailbox.

use seqline_protocol::{Broadcast, BroadcastChange, PublicNews, PublicPage, RelayFrame};

use super::{ESCAPES, HOUR_US, MAX, NOW_US, WORLD, name, number};

/// What a pull of the public mailbox gives.
pub(super) fn public_pages() -> Vec<(&'static str, RelayFrame)> {
    let page = |cursor: u64, head: u64, view: &str, news| RelayFrame::Page {
        req: number(1),
        entries: Vec::new(),
        head: number(41),
        public: Some(PublicPage {
            cursor: number(cursor),
            head: number(head),
            view: view.to_owned(),
            news,
        }),
    };
    let first = Broadcast {
        id: number(3),
        version: 1,
        kind: name("text"),
        title: "Maintenance on Sunday".to_owned(),
        body: "From two to three in the morning.".to_owned(),
        published_us: number(NOW_US),
        expires_us: None,
        every_device: false,
    };
    let changed = Broadcast {
        version: 2,
        body: "Put off by a week.".to_owned(),
        expires_us: Some(number(NOW_US + HOUR_US)),
        ..first.clone()
    };
    let largest = Broadcast {
        id: number(MAX),
        version: u32::MAX,
        kind: name("app.card-v2_x"),
        title: ESCAPES.to_owned(),
        body: WORLD.to_owned(),
        published_us: number(MAX),
        expires_us: Some(number(MAX)),
        every_device: true,
    };
    let change = |pub_seq, id, broadcast| BroadcastChange {
        pub_seq: number(pub_seq),
        id: number(id),
        broadcast,
    };
    let news = |held: Option<&[u64]>, changes| {
        Some(PublicNews {
            held: held.map(|ids| ids.iter().copied().map(number).collect()),
            changes,
        })
    };
    vec![
        ("page: nothing new in public", page(7, 7, "x4k1", None)),
        (
            "page: public mailbox",
            page(
                9,
                9,
                "x4k1",
                news(None, vec![change(8, 3, Some(changed)), change(9, 2, None)]),
            ),
        ),
        (
            "page: public mailbox, whole list",
            page(
                4,
                9,
                "m0q9+",
                news(Some(&[2, 3, 5]), vec![change(4, 3, Some(first))]),
            ),
        ),
        (
            "page: public mailbox, empty list",
            page(9, 9, "m0q9", news(Some(&[]), Vec::new())),
        ),
        (
            "page: public mailbox, largest numbers",
            page(
                MAX,
                MAX,
                WORLD,
                news(Some(&[0, MAX]), vec![change(MAX, MAX, Some(largest))]),
            ),
        ),
    ]
}
