//! Every change of a group.

use seqline_protocol::{GroupChange, GroupOp, JoinRule, Role};

use super::{CLUB, HOUR_US, NOW_US, name, number};

pub(super) fn group_changes() -> Vec<GroupChange> {
    let ops = vec![
        GroupOp::Created {
            users: vec![name("bob"), name("carol")],
            title: "Weekend club".to_owned(),
        },
        GroupOp::Joined {
            users: vec![name("dave")],
        },
        GroupOp::Left {
            users: vec![name("carol")],
        },
        GroupOp::Removed {
            users: vec![name("dave")],
        },
        role("bob", Role::Admin),
        role("bob", Role::Owner),
        role("bob", Role::Member),
        GroupOp::Muted {
            user: name("bob"),
            until_us: number(NOW_US + HOUR_US),
        },
        GroupOp::Muted {
            user: name("bob"),
            until_us: number(0),
        },
        GroupOp::MutedAll { muted: true },
        GroupOp::Edited {
            title: Some("Weekend club, 2nd year".to_owned()),
            announcement: Some("Saturday at ten.".to_owned()),
            join: Some(JoinRule::Admins),
        },
        joining(JoinRule::Open),
        joining(JoinRule::Invited),
        GroupOp::Dissolved,
    ];
    ops.into_iter()
        .enumerate()
        .map(|(n, op)| GroupChange {
            conv: name(CLUB),
            // The app's server does what has no user's name.
            by: (n % 2 == 0).then(|| name("alice")),
            at_us: number(NOW_US),
            op,
        })
        .collect()
}

fn role(user: &str, role: Role) -> GroupOp {
    GroupOp::Role {
        user: name(user),
        role,
    }
}

fn joining(join: JoinRule) -> GroupOp {
    GroupOp::Edited {
        title: None,
        announcement: None,
        join: Some(join),
    }
}
