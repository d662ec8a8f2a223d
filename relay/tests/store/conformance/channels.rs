//! Channels: a publisher and its followers.

use seqline_protocol::Role;
use seqline_relay::store::{CommitRules, GroupAction, Op, Refusal};

use crate::support::{Fresh, changed, create, group, rules, send, sent, told, user};

pub(crate) async fn anyone_follows_and_admins_publish(store: Fresh) {
    store.commit(vec![create("alice", "channel:c", &[])]).await;
    let joined = store
        .result(0, group("bob", "channel:c", GroupAction::Join))
        .await;
    assert_eq!(changed(&joined).members, 2);
    let done = store
        .result(0, Op::Send(send("alice", "channel:c", "m1", "news")))
        .await;
    assert_eq!((sent(&done).conv_seq.get(), sent(&done).seq.get()), (1, 1));
    let result = store
        .result(0, Op::Send(send("bob", "channel:c", "m1", "me too")))
        .await;
    assert!(matches!(result, Err(Refusal::NotAllowed(_))), "{result:?}");
    let named = GroupAction::SetRole {
        user: user("bob"),
        role: Role::Admin,
    };
    store.commit(vec![group("alice", "channel:c", named)]).await;
    sent(
        &store
            .result(0, Op::Send(send("bob", "channel:c", "m1", "me too")))
            .await,
    );

    assert_eq!(
        told(&store.timeline("alice").await),
        ["created  by alice", "crowd after 0"]
    );
    assert_eq!(
        told(&store.timeline("bob").await),
        ["joined bob by bob", "crowd after 0"]
    );
    let expected = [
        "message 1 news",
        "role bob Admin by alice",
        "message 2 me too",
    ];
    assert_eq!(
        told(&store.crowd("bob", "channel:c").await.entries),
        expected
    );
    assert!(store.group("bob", "channel:c").await.unwrap().is_crowd);
    assert_eq!(store.conversation("alice").await.unread, 1);
}

pub(crate) async fn have_no_largest_size(store: Fresh) {
    let done = store
        .result(0, create("alice", "channel:c", &["bob", "carol"]))
        .await;
    assert_eq!(changed(&done).members, 3);
}

/// The rules of [`have_no_largest_size`].
pub(crate) fn two_at_most() -> CommitRules {
    CommitRules {
        group_members_max: 2,
        ..rules()
    }
}
