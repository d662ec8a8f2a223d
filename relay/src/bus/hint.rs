//! What relays tell each other.

use seqline_protocol::{AppId, ConvId, DeviceId, KickReason, Label, RelayFrame, Seq};
use serde::{Deserialize, Serialize};

use super::RoomNews;
use crate::{
    account::Account,
    session::DevicePolicy,
    store::{SessionNumber, Timeline},
    traces::TraceParent,
};

/// Tells relays apart, for as long as each runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NodeId(pub u64);

/// Whom a hint concerns: relays that hold such a thing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// Every relay.
    All,
    /// Those to which a device of this user is connected.
    User(Account),
    /// Those to which someone is connected who watches this user.
    Presence(Account),
    /// Those to which a member of this large conversation is connected.
    Crowd(AppId, ConvId),
    /// Those to which someone is connected who is in this room.
    Room(AppId, ConvId),
}

/// One thing that a relay tells the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hint {
    /// The relay is there.
    Beat,
    /// The relay begins to listen: who else is there?
    Hello,
    /// The relay ends.
    Bye,
    /// It was too much to tell: look for yourselves.
    Overflow,
    /// A user's timeline has grown.
    Grown {
        /// Whose.
        of: Account,
        /// Its newest entry.
        head: Seq,
        /// Whether she follows other large conversations than before.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        crowds: bool,
        /// Of one of its new messages, if that is traced.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trace: Option<TraceParent>,
    },
    /// The timeline of a large conversation has grown.
    CrowdGrown {
        /// Of which app.
        app: AppId,
        /// Which conversation.
        conv: ConvId,
        /// Its newest entry.
        head: Seq,
        /// Of one of its new messages, if that is traced.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trace: Option<TraceParent>,
    },
    /// A device has connected: its earlier sessions are over, and those that the policy excludes.
    Connected {
        /// Whose.
        of: Account,
        /// Which.
        device: DeviceId,
        /// What kind it is.
        platform: Label,
        /// Which others may stay.
        policy: DevicePolicy,
        /// The session's number.
        number: SessionNumber,
    },
    /// Sessions before a number are over.
    Ended {
        /// Whose.
        of: Account,
        /// Of which device; of all, if none is named.
        device: Option<DeviceId>,
        /// Why.
        reason: KickReason,
        /// Those before it.
        number: SessionNumber,
    },
    /// A user's devices came or went, or she shares that or no longer: the database has it.
    Presence {
        /// Whose.
        of: Account,
    },
    /// Something about a room.
    Room {
        /// Of which app.
        app: AppId,
        /// Which room.
        conv: ConvId,
        /// What.
        news: RoomNews,
    },
    /// Something best-effort for a user's devices.
    Told {
        /// Whose.
        to: Account,
        /// What.
        frame: Box<RelayFrame>,
    },
}

impl Hint {
    /// Whom it concerns.
    #[must_use]
    pub fn topic(&self) -> Topic {
        match self {
            Self::Beat | Self::Hello | Self::Bye | Self::Overflow => Topic::All,
            Self::Grown { of, .. } | Self::Connected { of, .. } | Self::Ended { of, .. } => {
                Topic::User(of.clone())
            }
            Self::Told { to, .. } => Topic::User(to.clone()),
            Self::Presence { of } => Topic::Presence(of.clone()),
            Self::CrowdGrown { app, conv, .. } => Topic::Crowd(app.clone(), conv.clone()),
            Self::Room { app, conv, .. } => Topic::Room(app.clone(), conv.clone()),
        }
    }

    /// That a timeline has grown.
    #[must_use]
    pub fn grown(timeline: &Timeline, head: Seq, crowds: bool, trace: Option<TraceParent>) -> Self {
        match timeline {
            Timeline::User(account) => Self::Grown {
                of: (**account).clone(),
                head,
                crowds,
                trace,
            },
            Timeline::Crowd(app, conv) => Self::CrowdGrown {
                app: app.clone(),
                conv: conv.clone(),
                head,
                trace,
            },
        }
    }
}
