//! Messages that are taken back.

use seqline_protocol::{ConvSeq, Item};
use seqline_relay::store::{Done, HistoryRange, Op, Refusal};

use crate::support::{
    Fresh, RECALL_WINDOW_MS, SERVER, account, conv, message, recall, send, sent, told,
};

pub(crate) async fn blanks_the_message_everywhere(store: Fresh) {
    store.fill("alice", "bob", 2).await;
    assert_eq!(
        store.result(1, recall("alice", "bob", 1)).await,
        Ok(Done::Applied)
    );
    for user in ["alice", "bob"] {
        let timeline = store.timeline(user).await;
        assert_eq!(timeline.len(), 3);
        let blanked = message(&timeline[0]);
        assert!(blanked.recalled);
        assert_eq!(blanked.body, "");
        assert_eq!(message(&timeline[1]).body, "alice 2");
        assert_eq!(
            timeline[2].item,
            Item::Recall {
                conv: conv("alice", "bob"),
                conv_seq: ConvSeq::new(1).unwrap(),
                msg_id: blanked.msg_id,
                by: account("alice").user.clone(),
            }
        );
        let history = store
            .history(user, &conv("alice", "bob"), HistoryRange::Newest, 9)
            .await
            .unwrap();
        assert!(history.messages[0].recalled);
        assert_eq!(history.messages[0].body, "");
    }
}

pub(crate) async fn is_for_the_sender_and_for_a_while(store: Fresh) {
    store.fill("alice", "bob", 1).await;
    let window_s = RECALL_WINDOW_MS / 1000;
    let refused = Err(Refusal::RecallRefused(window_s));
    assert_eq!(store.result(0, recall("bob", "alice", 1)).await, refused);
    assert_eq!(
        store.result(window_s + 1, recall("alice", "bob", 1)).await,
        refused
    );
    let mut foreign = recall("carol", "bob", 1);
    if let Op::Recall(recall) = &mut foreign {
        recall.conv = conv("alice", "bob");
    }
    assert_eq!(
        store.result(0, foreign).await,
        Err(Refusal::ConversationUnknown)
    );
    for (peer, conv_seq) in [("bob", 2), ("bob", 0), ("nobody", 1)] {
        let result = store.result(0, recall("alice", peer, conv_seq)).await;
        assert_eq!(result, Err(Refusal::MessageUnknown));
    }
    assert_eq!(store.timeline("bob").await.len(), 1);

    let twice = vec![recall("alice", "bob", 1), recall("alice", "bob", 1)];
    let commit = store.commit_at(window_s, twice).await;
    assert_eq!(commit.results, [Ok(Done::Applied), Ok(Done::Applied)]);
    let late = store.result(window_s + 9, recall("alice", "bob", 1)).await;
    assert_eq!(late, Ok(Done::Applied));
    assert_eq!(store.timeline("bob").await.len(), 2);
}

pub(crate) async fn a_recalled_message_is_not_sent_again(store: Fresh) {
    let op = || Op::Send(send("alice", "bob", "m1", "hello"));
    store.commit(vec![op()]).await;
    store.commit(vec![recall("alice", "bob", 1)]).await;
    assert!(sent(&store.result(1, op()).await).duplicate);
    assert_eq!(store.timeline("bob").await.len(), 2);
}

pub(crate) async fn is_for_the_server_at_any_time(store: Fresh) {
    store.fill("alice", "bob", 1).await;
    let op = || recall(SERVER, conv("alice", "bob").as_str(), 1);
    assert_eq!(store.result(9_999, op()).await, Ok(Done::Applied));
    assert_eq!(store.result(9_999, op()).await, Ok(Done::Applied));
    let expected = ["message 1 ", "recall 1 by alice"];
    assert_eq!(told(&store.timeline("bob").await), expected);
    let nothing = recall(SERVER, conv("alice", "carol").as_str(), 1);
    assert_eq!(store.result(0, nothing).await, Err(Refusal::MessageUnknown));
}
