//! Durable 1:1 sends, the same for every backend and in every run.

use std::{sync::Arc, time::Duration};

use seqline_protocol::{AppId, ClientMsgId, ConvId, Micros, UserId};
use seqline_relay::{
    account::Account,
    store::{Op, Send},
};

pub(crate) const USERS: u64 = 2_000;
pub(crate) const BODY_BYTES: usize = 200;
pub(crate) const BATCHES: [usize; 4] = [1, 32, 512, 1024];
pub(crate) const NOW: Micros = Micros::saturating(1_700_000_000_000_000);

/// So many first messages meet every conversation once: what is measured comes after them, as
/// a conversation begins once and goes on for years.
pub(crate) const FIRST: usize = 20_000;
const PEERS: u64 = 10;

/// Two different users, the same in every run.
pub(crate) fn pair(n: usize) -> (u64, u64) {
    if n < FIRST {
        let (from, peer) = (n as u64 / PEERS, n as u64 % PEERS);
        return (from, (from + 1 + peer) % USERS);
    }
    let mut mixed = n as u64;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    let from = mixed % USERS;
    // Each user has ten others to talk to.
    (from, (from + 1 + (mixed >> 32) % PEERS) % USERS)
}

pub(crate) fn send(n: usize) -> Op {
    let (from, to) = pair(n);
    let user = |n: u64| UserId::new(format!("user-{n}")).unwrap();
    let (from, to) = (user(from), user(to));
    let conv = ConvId::direct(&from, &to);
    let from = Arc::new(Account {
        app: AppId::new("bench").unwrap(),
        user: from,
    });
    let id = ClientMsgId::new(client_msg_id(n)).unwrap();
    Op::Send(Send::text(from, conv, id, "x".repeat(BODY_BYTES)))
}

/// As clients make them: without order.
pub(crate) fn client_msg_id(n: usize) -> String {
    format!("{:016x}", (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

#[expect(clippy::cast_precision_loss, reason = "a rate to three digits")]
pub(crate) fn rate(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}
