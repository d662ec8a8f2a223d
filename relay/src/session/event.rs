//! What a session takes in, and what it causes.

use std::sync::Arc;

use bytes::Bytes;
use seqline_protocol::{
    ConvId, DecodeError, DeviceId, Encoding, ErrorCode, KickReason, Kind, Label, Priority,
    RequestId, ResetReason, Seq,
};

use super::DevicePolicy;
use crate::{
    account::Account,
    admission::Admitted,
    api::ApiError,
    broadcasts::{Viewer, wave::WaveNotice},
    check::Rejected,
    frames::{Outgoing, Push, Shared},
    store::{
        Conversations, ConversationsQuery, HistoryPage, HistoryQuery, Op, OpResult, Page,
        PageQuery, Position, Send, SessionNumber, StoreError,
    },
    traces::TraceParent,
};

/// Something happened.
#[derive(Debug)]
pub enum Event {
    /// A frame came.
    Frame {
        /// Text or binary.
        encoding: Encoding,
        /// What it carried.
        payload: Bytes,
    },
    /// What came is no frame that can be read at all.
    Unreadable(DecodeError),
    /// Something came that is no frame, and has been dealt with: a ping of the WebSocket's.
    Control,
    /// Answers [`Effect::Admit`]: it is its turn; or why it is not to wait.
    Admitted(Result<Admitted, ApiError>),
    /// Answers [`Effect::Open`]: the user has as many devices connected as allowed.
    Crowded,
    /// Answers [`Effect::Open`] where relays share the database; or why there is no number for now.
    Numbered(Result<SessionNumber, StoreError>),
    /// Answers [`Effect::Open`] and [`Effect::Locate`].
    Opened(Result<Position, StoreError>),
    /// Answers [`Effect::Check`]: the message as it is to be stored, or why it is not.
    Checked(Result<Box<Send>, Rejected>),
    /// Answers [`Effect::Submit`], in the order of submission.
    Committed(Result<OpResult, StoreError>),
    /// Answers [`Effect::Call`].
    Called {
        /// The request.
        req: RequestId,
        /// The method's value.
        result: Result<String, ApiError>,
    },
    /// Answers [`Effect::RelayToGroup`] and [`Effect::Comment`].
    Relayed(Result<(), ApiError>),
    /// Answers [`Effect::Read`].
    Answered(Result<Answer, StoreError>),
    /// Entries were committed to the user's timeline, or to that of a crowd of hers.
    Push(Arc<Push>),
    /// Entries up to this one were committed; they are not at hand.
    Missed {
        /// Of this crowd's timeline; of the user's own, if none.
        conv: Option<ConvId>,
        /// The newest one.
        head: Seq,
        /// Of one of them, if that is traced.
        trace: Option<TraceParent>,
    },
    /// Something best-effort for this user.
    Ephemeral(Arc<Shared>),
    /// Something best-effort that this session asked for.
    Notice(Arc<Shared>),
    /// A wave tells of a broadcast.
    Wave(Arc<WaveNotice>),
    /// The session is to end, and not to come back.
    Kick(KickReason),
    /// The relay will stop soon.
    Goaway {
        /// Reconnect not before, in milliseconds.
        after_ms: u32,
        /// Spread over, in milliseconds.
        window_ms: u32,
    },
    /// The relay stops: finish what was begun, then close.
    Drain,
    /// Time has passed.
    Tick,
}

/// Something to cause.
#[derive(Debug)]
pub enum Effect {
    /// Queue a frame for the socket.
    Write(Outgoing),
    /// Write what is queued, then close with this code. The last effect of a session.
    Close(ErrorCode),
    /// Wait for its turn to log in.
    Admit,
    /// Make the session known as this device of this account, in place of those that
    /// the policy excludes, and then read its position; or, where relays share the database,
    /// ask for its number first.
    Open {
        /// Whose session it is.
        account: Arc<Account>,
        /// Which installation.
        device: DeviceId,
        /// What kind of device it is.
        platform: Label,
        /// Which other ones may stay.
        policy: DevicePolicy,
    },
    /// The session has this number: earlier ones of the device are over, wherever they are.
    Number(SessionNumber),
    /// Be told of these crowds from now on.
    Follow(Vec<ConvId>),
    /// Read the account's position again.
    Locate(Arc<Account>),
    /// Ask the app's server about this. One at a time.
    Check(Send),
    /// Store this, after everything submitted before.
    Submit(Op),
    /// Read this. One at a time.
    Read(Query),
    /// Call a method, beside everything else.
    Call {
        /// By whose authority.
        account: Arc<Account>,
        /// As whom she looks into the public mailbox.
        viewer: Arc<Viewer>,
        /// The request.
        req: RequestId,
        /// Its name.
        method: String,
        /// JSON text.
        params: String,
    },
    /// Hand this to the connected sessions of an account.
    Relay {
        /// To whom.
        to: Account,
        /// What.
        frame: Arc<Shared>,
    },
    /// Hand this to the connected members of a small group.
    RelayToGroup {
        /// Who says it.
        from: Arc<Account>,
        /// In which group.
        conv: ConvId,
        /// What.
        frame: Arc<Shared>,
    },
    /// Say this in a room.
    Comment {
        /// Who says it.
        account: Arc<Account>,
        /// In which room.
        conv: ConvId,
        /// What the body is.
        kind: Kind,
        /// Opaque.
        body: String,
        /// Which is dropped first under load.
        priority: Priority,
    },
    /// A pull was answered from memory.
    CountPull,
    /// Something was refused.
    Count(ErrorCode),
    /// Something that operators watch has happened.
    Observe(Observation),
}

/// What is counted of sessions, beside what is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Observation {
    /// The device said what its app took.
    Ack,
    /// The device has to pull what it could not be handed.
    Gap,
    /// The device has to start over.
    Reset(ResetReason),
}

/// Something to read.
#[derive(Debug)]
#[expect(missing_docs, reason = "each names its query")]
pub enum Query {
    Page(PageQuery),
    Attributes(Arc<Account>),
    History(HistoryQuery),
    Conversations(ConversationsQuery),
}

/// What was read.
#[derive(Debug)]
#[expect(missing_docs, reason = "each names its query")]
pub enum Answer {
    Page(Page),
    Attributes,
    History(Option<HistoryPage>),
    Conversations(Conversations),
}
