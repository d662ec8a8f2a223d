//! The way of a message into the store: asked about, stored, told of.

use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::{ConvId, ConvSeq, Micros, MsgId, Seq};
use serde::Serialize;

use crate::{
    api::{
        ApiError,
        commit::{outcome, unexpected},
    },
    app::App,
    intake,
    store::{Done, Op, OpResult, Send, StoreError},
};

/// Where a message is stored. It is durable, in the conversation and in every timeline.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api) struct Sent {
    /// The relay's id of the message.
    msg_id: MsgId,
    /// The conversation that it went to.
    conv: ConvId,
    /// Its position there.
    conv_seq: ConvSeq,
    /// Its position in the sender's timeline; in a crowd, in the crowd's.
    seq: Seq,
    /// When it was stored, in microseconds since 1970.
    created_us: Micros,
    /// True if an earlier call with the same id stored it.
    duplicate: bool,
}

/// Asks the app's check, where one is on, and stores the message.
pub(super) async fn send(app: &Arc<App>, send: Send) -> Result<Sent, ApiError> {
    let send = ask(app, send).await?;
    let conv = send.conv.clone();
    let result = app.writer.commit(Op::Send(send)).await;
    sent(conv, result)
}

/// What the store's result is to the caller.
pub(super) fn sent(conv: ConvId, result: Result<OpResult, StoreError>) -> Result<Sent, ApiError> {
    match outcome(result)? {
        Done::Sent(sent) => Ok(Sent {
            msg_id: sent.msg_id,
            conv,
            conv_seq: sent.conv_seq,
            seq: sent.seq,
            created_us: sent.created,
            duplicate: sent.duplicate,
        }),
        other => Err(unexpected(&other)),
    }
}

/// The app's server is not asked about what it sends itself.
async fn ask(app: &Arc<App>, send: Send) -> Result<Send, ApiError> {
    match &app.check {
        Some(check) if !send.by_server && check.is_on_for(&send) => {
            let send = check.ask(send).await?;
            intake::check(&send)?;
            Ok(send)
        }
        _ => Ok(send),
    }
}
