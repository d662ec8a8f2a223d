//! Any change of a group.

use proptest::{collection::vec, option, prelude::*, sample::select};
use seqline_protocol::{GroupChange, GroupOp, JoinRule, Role};

use super::{conv, name, number, text};

pub(super) fn change() -> BoxedStrategy<GroupChange> {
    (conv(), option::of(name()), number(), op())
        .prop_map(|(conv, by, at_us, op)| GroupChange {
            conv,
            by,
            at_us,
            op,
        })
        .boxed()
}

fn op() -> BoxedStrategy<GroupOp> {
    let users = || vec(name(), 0..4);
    let roles = vec![Role::Member, Role::Admin, Role::Owner];
    let joins = vec![JoinRule::Open, JoinRule::Invited, JoinRule::Admins];
    prop_oneof![
        (users(), text()).prop_map(|(users, title)| GroupOp::Created { users, title }),
        users().prop_map(|users| GroupOp::Joined { users }),
        users().prop_map(|users| GroupOp::Left { users }),
        users().prop_map(|users| GroupOp::Removed { users }),
        (name(), select(roles)).prop_map(|(user, role)| GroupOp::Role { user, role }),
        (name(), number()).prop_map(|(user, until_us)| GroupOp::Muted { user, until_us }),
        any::<bool>().prop_map(|muted| GroupOp::MutedAll { muted }),
        (
            option::of(text()),
            option::of(text()),
            option::of(select(joins))
        )
            .prop_map(|(title, announcement, join)| GroupOp::Edited {
                title,
                announcement,
                join,
            }),
        Just(GroupOp::Dissolved),
    ]
    .boxed()
}
