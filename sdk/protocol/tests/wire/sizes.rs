//! A body within its limit fits a frame, whatever it is made of.

use std::fmt::Debug;

use proptest::{collection::vec, prelude::*};
use seqline_protocol::{
    Broadcast, BroadcastChange, ClientFrame, ConvId, Conversation, Crowd, Encoding, Entry, Frame,
    GroupChange, GroupOp, Heartbeat, Item, JoinRule, Message, Priority, PublicNews, PublicPage,
    Receipt, RelayFrame, ResetReason, Send, ServerLimits, Target, UserId, Welcome, decode, encode,
    limits::{
        ANNOUNCEMENT_BYTES_MAX, BODY_BYTES_MAX, BROADCASTS_MAX, CROWDS_PER_USER_MAX,
        EPHEMERAL_BODY_BYTES_MAX, FRAME_BYTES_MAX, GROUP_CHANGE_USERS_MAX, ID_BYTES_MAX,
        KIND_BYTES_MAX, LABEL_BYTES_MAX, MENTIONS_MAX, SAFE_INTEGER_MAX, TITLE_BYTES_MAX,
        TOKEN_BYTES_MAX, json_bytes,
    },
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::{
    property,
    samples::{name, number},
};

/// Bodies of which the last character of a kind just fits.
fn largest_bodies() -> Vec<String> {
    [
        "a",
        "\u{1}",
        "\"",
        "\\",
        "\n",
        "\u{7f}",
        "\u{2028}",
        "é",
        "汉",
        "👋",
        "\u{10ffff}",
    ]
    .into_iter()
    .map(|text| {
        let body = text.repeat(BODY_BYTES_MAX / json_bytes(text));
        assert!(json_bytes(&body) > BODY_BYTES_MAX - 8);
        body
    })
    .collect()
}

fn longest_name(first: &str) -> String {
    format!("{first}{}", "~".repeat(ID_BYTES_MAX - first.len()))
}

fn longest_conv() -> ConvId {
    let user = |first| name::<UserId>(&longest_name(first));
    ConvId::direct(&user("a"), &user("b"))
}

fn largest_message(body: String) -> Message {
    Message {
        msg_id: number(SAFE_INTEGER_MAX),
        client_msg_id: name(&longest_name("m")),
        sender: name(&longest_name("a")),
        conv: longest_conv(),
        conv_seq: number(SAFE_INTEGER_MAX),
        kind: name(&"k".repeat(KIND_BYTES_MAX)),
        body,
        priority: Priority::Normal,
        created_us: number(SAFE_INTEGER_MAX),
        expires_us: Some(number(SAFE_INTEGER_MAX)),
        recalled: true,
        key: Some(name(&longest_name("k"))),
        replaces: Some(number(SAFE_INTEGER_MAX)),
        replaced: true,
        business: Some(name(&longest_name("b"))),
        mentions: most_users(MENTIONS_MAX),
        edited_us: Some(number(SAFE_INTEGER_MAX)),
    }
}

fn most_users(count: usize) -> Vec<UserId> {
    (0..count)
        .map(|n| name(&longest_name(&n.to_string())))
        .collect()
}

fn fits<F: Frame + PartialEq + Debug>(frame: &F) {
    for encoding in [Encoding::Text, Encoding::Binary] {
        let encoded = encode(encoding, frame);
        let bytes = encoded.as_bytes().len();
        assert!(bytes <= FRAME_BYTES_MAX, "{encoding:?}: {bytes} bytes");
        assert_eq!(decode(encoding, encoded.as_bytes()).as_ref(), Ok(frame));
    }
}

#[test]
fn the_largest_message_fits_every_frame_that_carries_one() {
    for body in largest_bodies() {
        fits(&ClientFrame::Send(Send {
            client_msg_id: name(&longest_name("m")),
            to: Target::Conv(longest_conv()),
            kind: name(&"k".repeat(KIND_BYTES_MAX)),
            body: body.clone(),
            priority: Priority::Normal,
            expires_us: Some(number(SAFE_INTEGER_MAX)),
            key: Some(name(&longest_name("k"))),
            replace: true,
            business: Some(name(&longest_name("b"))),
            mentions: most_users(MENTIONS_MAX),
        }));
        let message = Message {
            priority: Priority::High,
            ..largest_message(body)
        };
        fits(&push(Item::Edit(message.clone())));
        fits(&push(Item::Message(message.clone())));
        let entries = vec![Entry {
            seq: number(SAFE_INTEGER_MAX),
            item: Item::Message(message.clone()),
        }];
        fits(&RelayFrame::Page {
            req: number(SAFE_INTEGER_MAX),
            entries,
            head: number(SAFE_INTEGER_MAX),
            public: None,
        });
        fits(&RelayFrame::History {
            req: number(SAFE_INTEGER_MAX),
            conv: longest_conv(),
            messages: vec![message.clone()],
            more: true,
        });
        let receipt = Receipt {
            conv: longest_conv(),
            user: name(&longest_name("b")),
            delivered: number(SAFE_INTEGER_MAX),
            read: number(SAFE_INTEGER_MAX),
        };
        fits(&RelayFrame::Conversations {
            req: number(SAFE_INTEGER_MAX),
            conversations: vec![Conversation {
                conv: longest_conv(),
                head: number(SAFE_INTEGER_MAX),
                last: Some(message),
                unread: SAFE_INTEGER_MAX,
                read: number(SAFE_INTEGER_MAX),
                receipts: vec![receipt],
                active_us: number(SAFE_INTEGER_MAX),
                title: Some("\"".repeat(TITLE_BYTES_MAX)),
                mentioned: Some(number(SAFE_INTEGER_MAX)),
                crowd: true,
            }],
            next: Some("9".repeat(64)),
        });
    }
}

fn push(item: Item) -> RelayFrame {
    RelayFrame::Push {
        entries: vec![Entry {
            seq: number(SAFE_INTEGER_MAX),
            item,
        }],
        conv: Some(longest_conv()),
    }
}

#[test]
fn the_largest_changes_of_a_group_fit() {
    let users = most_users(GROUP_CHANGE_USERS_MAX);
    let title = "\u{1}".repeat(TITLE_BYTES_MAX);
    let ops = [
        GroupOp::Created {
            users: users.clone(),
            title: title.clone(),
        },
        GroupOp::Removed { users },
        GroupOp::Edited {
            title: Some(title),
            announcement: Some("\"".repeat(ANNOUNCEMENT_BYTES_MAX / 2)),
            join: Some(JoinRule::Invited),
        },
    ];
    for op in ops {
        fits(&push(Item::Group(GroupChange {
            conv: longest_conv(),
            by: Some(name(&longest_name("a"))),
            at_us: number(SAFE_INTEGER_MAX),
            op,
        })));
    }
}

#[test]
fn the_largest_broadcast_fits_a_page_beside_all_that_are_held() {
    for body in largest_bodies() {
        let broadcast = Broadcast {
            id: number(SAFE_INTEGER_MAX),
            version: u32::MAX,
            kind: name(&"k".repeat(KIND_BYTES_MAX)),
            title: "\u{1}".repeat(TITLE_BYTES_MAX),
            body,
            published_us: number(SAFE_INTEGER_MAX),
            expires_us: Some(number(SAFE_INTEGER_MAX)),
            every_device: true,
        };
        let change = BroadcastChange {
            pub_seq: number(SAFE_INTEGER_MAX),
            id: number(SAFE_INTEGER_MAX),
            broadcast: Some(broadcast),
        };
        let news = PublicNews {
            held: Some(vec![number(SAFE_INTEGER_MAX); BROADCASTS_MAX]),
            changes: vec![change],
        };
        fits(&RelayFrame::Page {
            req: number(SAFE_INTEGER_MAX),
            entries: Vec::new(),
            head: number(SAFE_INTEGER_MAX),
            public: Some(PublicPage {
                cursor: number(SAFE_INTEGER_MAX),
                head: number(SAFE_INTEGER_MAX),
                view: "v".repeat(LABEL_BYTES_MAX),
                news: Some(news),
            }),
        });
    }
}

#[test]
fn a_welcome_with_the_most_crowds_fits() {
    let crowds = (0..CROWDS_PER_USER_MAX)
        .map(|n| Crowd {
            conv: name(&format!("channel:{}", longest_name(&n.to_string()))),
            after: number(SAFE_INTEGER_MAX),
            floor: number(SAFE_INTEGER_MAX),
            head: number(SAFE_INTEGER_MAX),
        })
        .collect();
    fits(&RelayFrame::Welcome(Welcome {
        version: u16::MAX,
        session: "s".repeat(64),
        app: name(&longest_name("a")),
        user: name(&longest_name("a")),
        epoch: number(SAFE_INTEGER_MAX),
        head: number(SAFE_INTEGER_MAX),
        cursor: number(SAFE_INTEGER_MAX),
        reset: Some(ResetReason::AheadOfHead),
        pub_head: number(SAFE_INTEGER_MAX),
        pub_view: "v".repeat(LABEL_BYTES_MAX),
        pub_refresh_ms: Some(SAFE_INTEGER_MAX),
        now_us: number(SAFE_INTEGER_MAX),
        token_expires_us: number(SAFE_INTEGER_MAX),
        heartbeat: Heartbeat::default(),
        limits: ServerLimits::default(),
        crowds,
    }));
}

#[test]
fn the_largest_of_the_other_frames_fit() {
    let hello = format!(
        r#"{{"hello":{{"version":1,"token":"{}","device":"d","host":"{label}","platform":"{}","app_version":"{label}"}}}}"#,
        "t".repeat(TOKEN_BYTES_MAX),
        longest_name("p"),
        label = "\u{1}".repeat(LABEL_BYTES_MAX).replace('\u{1}', "\\u0001"),
    );
    let hello: ClientFrame = decode(Encoding::Text, hello.as_bytes()).expect("a hello");
    fits(&hello);
    fits(&ClientFrame::Ephemeral {
        to: Target::Conv(longest_conv()),
        kind: name(&"k".repeat(KIND_BYTES_MAX)),
        body: "\"".repeat(EPHEMERAL_BODY_BYTES_MAX / 2),
        priority: Priority::High,
    });
}

#[test]
fn json_bytes_is_what_json_takes() {
    let texts = vec(any::<char>(), 0..50).prop_map(String::from_iter);
    property::check(1_000, &texts, |text| {
        let quoted = serde_json::to_string(&text).expect("a text serializes");
        prop_assert_eq!(json_bytes(&text), quoted.len() - 2);
        Ok(())
    });
    for byte in 0..=0x7f_u8 {
        let text = char::from(byte).to_string();
        let quoted = serde_json::to_string(&text).expect("a text serializes");
        assert_eq!(json_bytes(&text), quoted.len() - 2, "{text:?}");
    }
}
