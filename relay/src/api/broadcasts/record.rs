//! A broadcast as operators see it.

use schemars::JsonSchema;
use seqline_protocol::{BroadcastId, Micros, PubSeq};
use serde::{Deserialize, Serialize};

use crate::store::{Audience, BroadcastContent, BroadcastRow, BroadcastState, Staging, Wave};

/// Where a broadcast is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "BroadcastState")]
pub(super) enum State {
    /// Seen by operators only.
    Draft,
    /// Tried out: shown to those that `staging` says.
    Staged,
    /// Shown to all that `audience` says.
    Published,
    /// Shown to no one else: who has it keeps it until it expires.
    Stopped,
    /// It was staged, published or stopped, and `audience.expires_us` has passed.
    Expired,
    /// Taken back from everyone.
    Recalled,
}

impl State {
    fn of(row: &BroadcastRow, now: Micros) -> Self {
        let is_over = row
            .audience
            .expires_us
            .is_some_and(|expires| expires <= now);
        match row.state {
            BroadcastState::Draft => Self::Draft,
            BroadcastState::Recalled => Self::Recalled,
            _ if is_over => Self::Expired,
            BroadcastState::Staged => Self::Staged,
            BroadcastState::Published => Self::Published,
            BroadcastState::Stopped => Self::Stopped,
        }
    }

    /// What is stored where a broadcast may be in this state.
    pub(super) fn stored(self) -> &'static [BroadcastState] {
        match self {
            Self::Draft => &[BroadcastState::Draft],
            Self::Staged => &[BroadcastState::Staged],
            Self::Published => &[BroadcastState::Published],
            Self::Stopped => &[BroadcastState::Stopped],
            Self::Expired => &[
                BroadcastState::Staged,
                BroadcastState::Published,
                BroadcastState::Stopped,
            ],
            Self::Recalled => &[BroadcastState::Recalled],
        }
    }
}

/// A broadcast as operators see it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OperatorBroadcast")]
pub(in crate::api) struct Record {
    /// Its id.
    id: BroadcastId,
    /// Where in its life it is.
    pub(super) state: State,
    /// Raised by whatever an operator does. Whoever changes it says which revision was seen.
    revision: u32,
    /// Raised by a change of the content once it was shown to anyone; 1 until then.
    version: u32,
    /// What it says.
    content: BroadcastContent,
    /// Who sees it, and when.
    audience: Audience,
    /// Who sees it while it is tried out.
    staging: Staging,
    /// Whether each device shows it as new; otherwise the first one of a user does.
    every_device: bool,
    /// The newest wave, if connected users were or are told.
    #[serde(skip_serializing_if = "Option::is_none")]
    wave: Option<Wave>,
    /// Its newest change that users can see; absent while nobody was shown it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub_seq: Option<PubSeq>,
    /// When it was made, in microseconds since 1970.
    created_us: Micros,
    /// When it was last changed.
    changed_us: Micros,
    /// When it was first shown to anyone; absent while nobody was.
    #[serde(skip_serializing_if = "Option::is_none")]
    published_us: Option<Micros>,
}

impl Record {
    pub(super) fn of(row: BroadcastRow, now: Micros) -> Self {
        Self {
            id: row.id,
            state: State::of(&row, now),
            revision: row.revision,
            version: row.version,
            content: row.content,
            audience: row.audience,
            staging: row.staging,
            every_device: row.every_device,
            wave: row.wave,
            pub_seq: row.pub_seq,
            created_us: row.created,
            changed_us: row.changed,
            published_us: row.published,
        }
    }

    pub(super) fn id(&self) -> BroadcastId {
        self.id
    }

    /// What it takes in an answer, roughly.
    pub(super) fn bytes(&self) -> usize {
        self.content.title.len() + self.content.body.len() + 1024
    }
}

/// A broadcast, for the examples of methods.
macro_rules! example {
    ($state:literal, $rest:literal) => {
        concat!(
            r#"{"id":7,"state":""#,
            $state,
            r#"","version":1,"content":{"kind":"text","title":"Sale","body":"Dear {{name|friend}}, the sale has begun."},"audience":{"expires_us":1795600000000000,"segments":["gold"]},"every_device":false,"created_us":1795000000000000,"#,
            $rest,
            "}"
        )
    };
}
pub(super) use example;
