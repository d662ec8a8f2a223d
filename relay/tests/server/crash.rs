//! Killed in the middle of everything: what was acknowledged is there, once and in order.

use std::collections::BTreeMap;

use futures_util::StreamExt as _;
use seqline_protocol::{
    ClientFrame, Entry, Item, RelayFrame, Seq, decode_binary, limits::SEND_WINDOW,
};
use tungstenite::Message;

use crate::support::{Client, Process, send};

const CYCLES: usize = 6;
const ACKS_A_CYCLE: usize = 150;

/// A sender that, like the real client, sends again in order what was not acknowledged.
struct Sender {
    user: &'static str,
    peer: &'static str,
    next: usize,
    acked: usize,
    seqs: BTreeMap<usize, Seq>,
}

impl Sender {
    fn new(user: &'static str, peer: &'static str) -> Self {
        Self {
            user,
            peer,
            next: 0,
            acked: 0,
            seqs: BTreeMap::new(),
        }
    }

    async fn connect(&mut self, relay: &Process) -> Client {
        let mut client = Client::dial(&relay.url()).await;
        let token = relay.dev_token(self.user).await;
        client.hello(&token, "phone", None).await;
        self.next = self.acked;
        client
    }

    /// Sends until the socket ends, or so many are acknowledged.
    async fn run(&mut self, client: &mut Client, until: usize) {
        while self.acked < until {
            while self.next < self.acked + SEND_WINDOW {
                let frame = send(
                    self.peer,
                    &format!("m{}", self.next),
                    &self.next.to_string(),
                );
                let seqline_protocol::Encoded::Binary(bytes) =
                    seqline_protocol::encode(client.encoding, &frame)
                else {
                    unreachable!()
                };
                use futures_util::SinkExt as _;
                if client
                    .socket
                    .send(Message::Binary(bytes.into()))
                    .await
                    .is_err()
                {
                    return;
                }
                self.next += 1;
            }
            let Some(Ok(Message::Binary(bytes))) = client.socket.next().await else {
                return;
            };
            if let RelayFrame::Sent {
                client_msg_id, seq, ..
            } = decode_binary(&bytes).unwrap()
            {
                assert_eq!(
                    client_msg_id.as_str(),
                    format!("m{}", self.acked),
                    "in order"
                );
                self.seqs.insert(self.acked, seq);
                self.acked += 1;
            }
        }
    }
}

/// Bodies by sender, in the order of the timeline.
fn by_sender(entries: &[Entry]) -> BTreeMap<String, Vec<usize>> {
    let mut all: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for entry in entries {
        if let Item::Message(message) = &entry.item {
            let list = all.entry(message.sender.to_string()).or_default();
            list.push(message.body.parse().unwrap());
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_once_and_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let mut senders = [Sender::new("alice", "bob"), Sender::new("bob", "alice")];
    for cycle in 1..=CYCLES {
        let relay = Process::serve(folder.path());
        let [alice, bob] = &mut senders;
        let mut alice_client = alice.connect(&relay).await;
        let mut bob_client = bob.connect(&relay).await;
        {
            // Killed as soon as Alice has her share of this cycle, in the middle of Bob's.
            let alice_runs = alice.run(&mut alice_client, cycle * ACKS_A_CYCLE);
            let bob_runs = bob.run(&mut bob_client, usize::MAX);
            tokio::pin!(alice_runs, bob_runs);
            tokio::select! {
                () = &mut alice_runs => {}
                () = &mut bob_runs => panic!("the relay ended by itself"),
            }
            relay.kill();
            // What is still on the way counts as acknowledged too.
            bob_runs.await;
        }
        alice.run(&mut alice_client, usize::MAX).await;
    }

    let relay = Process::serve(folder.path());
    for sender in &senders {
        let mut client = Client::dial(&relay.url()).await;
        let token = relay.dev_token(sender.user).await;
        client.hello(&token, "checker", None).await;
        let entries = client.pull_all(Seq::ZERO).await;
        let seqs: Vec<_> = entries.iter().map(|entry| entry.seq.get()).collect();
        assert_eq!(
            seqs,
            (1..=entries.len() as u64).collect::<Vec<_>>(),
            "no holes"
        );
        let messages = by_sender(&entries);
        for sender in &senders {
            let stored = &messages[sender.user];
            assert!(stored.len() >= sender.acked, "acknowledged is stored");
            let expected: Vec<_> = (0..stored.len()).collect();
            assert_eq!(*stored, expected, "once and in order");
        }
        for (n, seq) in &sender.seqs {
            let entry = &entries[usize::try_from(seq.get()).unwrap() - 1];
            let Item::Message(message) = &entry.item else {
                panic!("{entry:?}")
            };
            assert_eq!(
                message.client_msg_id.as_str(),
                format!("m{n}"),
                "where it was said to be"
            );
        }
        client.say(&ClientFrame::Ping { nonce: 1 }).await;
    }
    assert!(senders.iter().all(|sender| sender.acked >= ACKS_A_CYCLE));
}
