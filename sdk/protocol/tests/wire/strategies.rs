//! Any frame that can be made.
//!
//! Boxed throughout: the trees of these strategies are large, and the stack of wasm is small.

mod carried;
mod groups;
mod public;

use std::fmt::Debug;

use proptest::{char, collection::vec, option, prelude::*, sample::select, strategy::Union};
use seqline_protocol::{
    ClientFrame, ConvId, Crowd, ErrorCode, Heartbeat, HeartbeatBounds, Hello, KickReason, Priority,
    RelayFrame, ResetReason, Resume, Secret, Send, ServerLimits, Start, Target, Welcome,
    limits::SAFE_INTEGER_MAX,
};
use serde::de::DeserializeOwned;

use self::carried::{conversation, entry, message};
use crate::samples;

pub(crate) fn client_frame() -> Union<BoxedStrategy<ClientFrame>> {
    Union::new([
        hello().prop_map(ClientFrame::Hello).boxed(),
        send().prop_map(ClientFrame::Send).boxed(),
        number()
            .prop_map(|cursor| ClientFrame::Ack { cursor })
            .boxed(),
        (
            number(),
            number(),
            option::of(any::<u16>()),
            option::of(public::place()),
            option::of(conv()),
        )
            .prop_map(|(req, after, limit, public, conv)| ClientFrame::Pull {
                req,
                after,
                limit,
                public,
                conv,
            })
            .boxed(),
        (number(), conv(), number())
            .prop_map(|(req, conv, conv_seq)| ClientFrame::Read {
                req,
                conv,
                conv_seq,
            })
            .boxed(),
        (number(), conv(), number())
            .prop_map(|(req, conv, conv_seq)| ClientFrame::Recall {
                req,
                conv,
                conv_seq,
            })
            .boxed(),
        (
            number(),
            conv(),
            option::of(number()),
            option::of(number()),
            option::of(any::<u16>()),
        )
            .prop_map(|(req, conv, before, after, limit)| ClientFrame::History {
                req,
                conv,
                before,
                after,
                limit,
            })
            .boxed(),
        (number(), option::of(text()), option::of(any::<u16>()))
            .prop_map(|(req, page, limit)| ClientFrame::Conversations { req, page, limit })
            .boxed(),
        (target(), kind(), text(), priority())
            .prop_map(|(to, kind, body, priority)| ClientFrame::Ephemeral {
                to,
                kind,
                body,
                priority,
            })
            .boxed(),
        (number(), text(), text())
            .prop_map(|(req, method, params)| ClientFrame::Call {
                req,
                method,
                params,
            })
            .boxed(),
        any::<(bool, Option<u32>)>()
            .prop_map(|(background, interval_ms)| ClientFrame::State {
                background,
                interval_ms,
            })
            .boxed(),
        (number(), text())
            .prop_map(|(req, token)| ClientFrame::Refresh {
                req,
                token: Secret::new(token),
            })
            .boxed(),
        any::<u32>()
            .prop_map(|nonce| ClientFrame::Ping { nonce })
            .boxed(),
    ])
}

pub(crate) fn relay_frame() -> Union<BoxedStrategy<RelayFrame>> {
    Union::new([
        welcome().prop_map(RelayFrame::Welcome).boxed(),
        sent().boxed(),
        (vec(entry(), 0..5), option::of(conv()))
            .prop_map(|(entries, conv)| RelayFrame::Push { entries, conv })
            .boxed(),
        (number(), number(), option::of(conv()))
            .prop_map(|(head, pub_head, conv)| RelayFrame::Notify {
                head,
                pub_head,
                conv,
            })
            .boxed(),
        page().boxed(),
        (number(), conv(), vec(message(), 0..4), any::<bool>())
            .prop_map(|(req, conv, messages, more)| RelayFrame::History {
                req,
                conv,
                messages,
                more,
            })
            .boxed(),
        (number(), vec(conversation(), 0..4), option::of(text()))
            .prop_map(|(req, conversations, next)| RelayFrame::Conversations {
                req,
                conversations,
                next,
            })
            .boxed(),
        number().prop_map(|req| RelayFrame::Done { req }).boxed(),
        (number(), number())
            .prop_map(|(req, token_expires_us)| RelayFrame::Refreshed {
                req,
                token_expires_us,
            })
            .boxed(),
        (reset_reason(), number(), number(), option::of(conv()))
            .prop_map(|(reason, epoch, head, conv)| RelayFrame::Reset {
                reason,
                epoch,
                head,
                conv,
            })
            .boxed(),
        kick().boxed(),
        (any::<u32>(), any::<u32>())
            .prop_map(|(after_ms, window_ms)| RelayFrame::Goaway {
                after_ms,
                window_ms,
            })
            .boxed(),
        (any::<u32>(), number())
            .prop_map(|(nonce, now_us)| RelayFrame::Pong { nonce, now_us })
            .boxed(),
        (conv(), name(), kind(), text())
            .prop_map(|(conv, sender, kind, body)| RelayFrame::Ephemeral {
                conv,
                sender,
                kind,
                body,
            })
            .boxed(),
        (number(), text())
            .prop_map(|(req, value)| RelayFrame::Result { req, value })
            .boxed(),
        (name(), text())
            .prop_map(|(name, value)| RelayFrame::Event { name, value })
            .boxed(),
        error().boxed(),
    ])
}

fn hello() -> BoxedStrategy<Hello> {
    let resume = (number(), number()).prop_map(|(epoch, cursor)| Resume { epoch, cursor });
    (
        any::<u16>(),
        text(),
        name(),
        text(),
        (option::of(name()), option::of(text())),
        option::of(resume),
        select(vec![Start::Oldest, Start::Newest]),
        any::<bool>(),
    )
        .prop_map(
            |(version, token, device, host, (platform, app_version), resume, start, background)| {
                Hello {
                    version,
                    token: Secret::new(token),
                    device,
                    host,
                    platform,
                    app_version,
                    resume,
                    start,
                    background,
                }
            },
        )
        .boxed()
}

fn send() -> BoxedStrategy<Send> {
    (
        name(),
        target(),
        kind(),
        text(),
        priority(),
        option::of(number()),
        (option::of(name()), any::<bool>()),
        (option::of(name()), vec(name(), 0..3)),
    )
        .prop_map(
            |(
                client_msg_id,
                to,
                kind,
                body,
                priority,
                expires_us,
                (key, replace),
                (business, mentions),
            )| Send {
                client_msg_id,
                to,
                kind,
                body,
                priority,
                expires_us,
                key,
                replace,
                business,
                mentions,
            },
        )
        .boxed()
}

fn target() -> BoxedStrategy<Target> {
    prop_oneof![name().prop_map(Target::User), conv().prop_map(Target::Conv)].boxed()
}

fn welcome() -> BoxedStrategy<Welcome> {
    let heartbeat =
        any::<((u32, u32), Option<(u32, u32, u32)>)>().prop_map(|(intervals, bounds)| Heartbeat {
            interval_ms: intervals.0,
            background_interval_ms: intervals.1,
            bounds: bounds.map(|bounds| HeartbeatBounds {
                interval_ms_min: bounds.0,
                interval_ms_max: bounds.1,
                background_interval_ms_max: bounds.2,
            }),
        });
    let limits = any::<(u32, u32, u16, u16)>().prop_map(
        |(frame_bytes_max, body_bytes_max, page_entries_max, send_window)| ServerLimits {
            frame_bytes_max,
            body_bytes_max,
            page_entries_max,
            send_window,
        },
    );
    (
        (any::<u16>(), text(), name(), name()),
        (number(), number(), number(), option::of(reset_reason())),
        (number(), text(), option::of(0..=SAFE_INTEGER_MAX)),
        (number(), number()),
        (heartbeat, limits),
        vec(crowd(), 0..3),
    )
        .prop_map(
            |(
                (version, session, app, user),
                (epoch, head, cursor, reset),
                (pub_head, pub_view, pub_refresh_ms),
                (now_us, token_expires_us),
                (heartbeat, limits),
                crowds,
            )| Welcome {
                version,
                session,
                app,
                user,
                epoch,
                head,
                cursor,
                reset,
                pub_head,
                pub_view,
                pub_refresh_ms,
                now_us,
                token_expires_us,
                heartbeat,
                limits,
                crowds,
            },
        )
        .boxed()
}

fn crowd() -> BoxedStrategy<Crowd> {
    (conv(), number(), number(), number())
        .prop_map(|(conv, after, floor, head)| Crowd {
            conv,
            after,
            floor,
            head,
        })
        .boxed()
}

fn sent() -> BoxedStrategy<RelayFrame> {
    (
        name(),
        number(),
        conv(),
        number(),
        number(),
        number(),
        any::<bool>(),
    )
        .prop_map(
            |(client_msg_id, msg_id, conv, conv_seq, seq, created_us, duplicate)| {
                RelayFrame::Sent {
                    client_msg_id,
                    msg_id,
                    conv,
                    conv_seq,
                    seq,
                    created_us,
                    duplicate,
                }
            },
        )
        .boxed()
}

fn page() -> BoxedStrategy<RelayFrame> {
    (
        number(),
        vec(entry(), 0..4),
        number(),
        option::of(public::page()),
    )
        .prop_map(|(req, entries, head, public)| RelayFrame::Page {
            req,
            entries,
            head,
            public,
        })
        .boxed()
}

fn kick() -> BoxedStrategy<RelayFrame> {
    let reasons = vec![
        KickReason::Replaced,
        KickReason::DevicePolicy,
        KickReason::SessionEnded,
    ];
    (select(reasons), text())
        .prop_map(|(reason, message)| RelayFrame::Kick { reason, message })
        .boxed()
}

fn error() -> BoxedStrategy<RelayFrame> {
    (
        select(ErrorCode::ALL),
        text(),
        any::<bool>(),
        option::of(number()),
        option::of(name()),
        option::of(any::<u32>()),
    )
        .prop_map(
            |(code, message, retryable, req, client_msg_id, retry_after_ms)| RelayFrame::Error {
                code,
                message,
                retryable,
                req,
                client_msg_id,
                retry_after_ms,
            },
        )
        .boxed()
}

fn reset_reason() -> BoxedStrategy<ResetReason> {
    select(vec![
        ResetReason::EpochChanged,
        ResetReason::BelowFloor,
        ResetReason::AheadOfHead,
    ])
    .boxed()
}

fn priority() -> BoxedStrategy<Priority> {
    select(vec![Priority::Low, Priority::Normal, Priority::High]).boxed()
}

fn conv() -> BoxedStrategy<ConvId> {
    prop_oneof![
        (name(), name()).prop_map(|(one, other)| ConvId::direct(&one, &other)),
        (select(vec!["group", "channel", "room"]), name_text())
            .prop_map(|(form, name)| samples::name(&format!("{form}:{name}"))),
    ]
    .boxed()
}

/// Any newtype of integers, at its edges more often than between.
fn number<T: DeserializeOwned + Debug + 'static>() -> BoxedStrategy<T> {
    prop_oneof![
        0..=300u64,
        SAFE_INTEGER_MAX - 1..=SAFE_INTEGER_MAX,
        0..=SAFE_INTEGER_MAX,
    ]
    .prop_map(samples::number)
    .boxed()
}

/// Any newtype of names.
fn name<T: DeserializeOwned + Debug + 'static>() -> BoxedStrategy<T> {
    name_text().prop_map(|text| samples::name(&text)).boxed()
}

fn name_text() -> BoxedStrategy<String> {
    let chars = "abcxyzABCXYZ0189._-@+=~".chars().collect::<Vec<_>>();
    prop_oneof![4 => 1..12usize, 1 => 64..=64usize]
        .prop_flat_map(move |length| vec(select(chars.clone()), length))
        .prop_map(String::from_iter)
        .boxed()
}

fn kind<T: DeserializeOwned + Debug + 'static>() -> BoxedStrategy<T> {
    vec(select("az09._-".chars().collect::<Vec<_>>()), 1..=32)
        .prop_map(|chars| samples::name(&String::from_iter(chars)))
        .boxed()
}

fn text() -> BoxedStrategy<String> {
    vec(char::any(), 0..24).prop_map(String::from_iter).boxed()
}
