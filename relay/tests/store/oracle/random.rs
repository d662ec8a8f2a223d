//! Random operations.

use proptest::{prelude::*, sample::select};
use seqline_protocol::{BroadcastId, Role};
use seqline_relay::store::{GroupAction, GroupEdit, Op, Send};

use super::{GROUPS, USERS, seen::NAMED};
use crate::operators::seen;
use crate::support::{
    SERVER, at_s, clear, create, delete, delivered, edit, group, invite, read, recall, remove,
    send, signed, user, users,
};

/// Batches, and how many seconds each comes after the one before.
pub(super) fn batches() -> impl Strategy<Value = Vec<(Vec<Op>, u64)>> {
    let batch = prop::collection::vec(an_op(), 1..12);
    prop::collection::vec((batch, 0..40u64), 1..25)
}

fn an_op() -> impl Strategy<Value = Op> {
    prop_oneof![
        9 => a_send(),
        4 => (a_user(), a_place(), 0..8u64).prop_map(|(who, to, at)| read(who, to, at)),
        3 => (a_user(), 0..60u64).prop_map(|(who, cursor)| delivered(who, cursor)),
        2 => (a_user(), a_place(), 0..12u64).prop_map(|(who, to, at)| recall(who, to, at)),
        2 => (a_user(), a_place(), 0..12u64, 0..3u32)
            .prop_map(|(who, to, at, body)| edit(who, to, at, &format!("edit {body}"))),
        2 => (a_user(), a_place(), 0..12u64).prop_map(|(who, to, at)| delete(who, to, at)),
        1 => (a_user(), a_place()).prop_map(|(who, to)| clear(who, to)),
        7 => a_change(),
        2 => a_look(),
    ]
}

/// On one of a few devices, or one that is not known.
fn a_look() -> impl Strategy<Value = Op> {
    let devices = select(&[Some("phone"), Some("laptop"), None][..]);
    let ids = prop::collection::vec(1..=NAMED, 0..3);
    (a_user(), ids, devices, any::<bool>()).prop_map(|(who, ids, device, opened)| {
        let ids: Vec<_> = ids.into_iter().map(BroadcastId::saturating).collect();
        seen(who, &ids, device, opened)
    })
}

fn a_user() -> impl Strategy<Value = &'static str> {
    select(&USERS[..])
}

fn a_group() -> impl Strategy<Value = &'static str> {
    select(&GROUPS[..])
}

/// A group, twice as often as a user.
fn a_place() -> impl Strategy<Value = &'static str> {
    prop_oneof![1 => a_user(), 2 => a_group()]
}

fn some_users() -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(a_user(), 0..3)
}

/// Often of an id and a body that there were.
fn a_send() -> impl Strategy<Value = Op> {
    let mentions = prop_oneof![
        6 => Just(vec![]),
        2 => some_users(),
        1 => Just(vec!["@all"]),
    ];
    (a_user(), a_place(), 0..60u32, 0..8u32, mentions).prop_map(|(from, to, id, body, mentions)| {
        let send = send(from, to, &format!("m{id}"), &format!("body {}", body / 7));
        Op::Send(signed(Send {
            mentions: users(&mentions),
            ..send
        }))
    })
}

fn a_change() -> impl Strategy<Value = Op> {
    let by = || prop_oneof![6 => a_user(), 1 => Just(SERVER)];
    let role = select(&[Role::Member, Role::Admin, Role::Owner][..]);
    let action = prop_oneof![
        3 => some_users().prop_map(|who| GroupAction::Remove(users(&who))),
        3 => Just(GroupAction::Join),
        3 => Just(GroupAction::Leave),
        1 => a_user().prop_map(|who| GroupAction::Transfer(user(who))),
        2 => (a_user(), role).prop_map(|(who, role)| {
            GroupAction::SetRole { user: user(who), role }
        }),
        1 => (a_user(), 0..300u64).prop_map(|(who, until_s)| {
            GroupAction::Mute { user: user(who), until: at_s(until_s) }
        }),
        1 => any::<bool>().prop_map(GroupAction::MuteAll),
        1 => (0..3u32).prop_map(|title| GroupAction::Edit(GroupEdit {
            title: Some(format!("title {title}")),
            ..GroupEdit::default()
        })),
        1 => prop_oneof![1 => Just(GroupAction::Dissolve), 4 => Just(GroupAction::Join)],
    ];
    prop_oneof![
        3 => (a_user(), a_group(), some_users()).prop_map(|(by, to, who)| create(by, to, &who)),
        6 => (by(), a_group(), some_users()).prop_map(|(by, to, who)| invite(by, to, &who)),
        1 => (by(), a_group(), some_users()).prop_map(|(by, to, who)| remove(by, to, &who)),
        6 => (by(), a_group(), action).prop_map(|(by, to, action)| group(by, to, action)),
    ]
}
