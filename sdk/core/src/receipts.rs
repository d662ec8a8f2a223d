//! Which own messages a receipt is about.
//!
//! A receipt says "up to here"; an app that shows marks wants to hear of each message.

use std::collections::VecDeque;

use seqline_protocol::{ClientMsgId, ConvSeq, Receipt, limits::SENT_TRACKED_MAX};

use crate::event::{Sent, Status};

/// The own messages that were sent most recently from this device.
#[derive(Debug, Default)]
pub(crate) struct Receipts {
    tracked: VecDeque<Tracked>,
}

#[derive(Debug)]
struct Tracked {
    client_msg_id: ClientMsgId,
    sent: Sent,
    status: Status,
}

impl Receipts {
    pub(crate) fn track(&mut self, client_msg_id: ClientMsgId, sent: Sent) {
        if self.tracked.len() >= SENT_TRACKED_MAX {
            self.tracked.pop_front();
        }
        self.tracked.push_back(Tracked {
            client_msg_id,
            sent,
            status: Status::Sent,
        });
    }

    /// The messages that a receipt takes further, in order of sending.
    pub(crate) fn apply(&mut self, receipt: &Receipt) -> Vec<(ClientMsgId, Sent, Status)> {
        let mut changed = Vec::new();
        for tracked in self
            .tracked
            .iter_mut()
            .filter(|t| t.sent.conv == receipt.conv)
        {
            let status = reached(tracked.sent.conv_seq, receipt);
            if status > tracked.status {
                tracked.status = status;
                changed.push((tracked.client_msg_id.clone(), tracked.sent.clone(), status));
            }
        }
        self.tracked
            .retain(|tracked| tracked.status != Status::Read);
        changed
    }
}

fn reached(conv_seq: ConvSeq, receipt: &Receipt) -> Status {
    if conv_seq <= receipt.read {
        Status::Read
    } else if conv_seq <= receipt.delivered {
        Status::Delivered
    } else {
        Status::Sent
    }
}
