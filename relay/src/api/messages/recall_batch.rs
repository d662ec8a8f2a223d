use std::{collections::BTreeMap, sync::Arc};

use schemars::JsonSchema;
use seqline_protocol::{ClientMsgId, ConvId, ConvSeq, ErrorCode, UserId};
use serde::{Deserialize, Serialize};

use super::batch_id;
use crate::{
    account::Account,
    api::{
        ApiError, Caller, ErrorBody,
        commit::outcome,
        endpoint::{Endpoint, Example, Who},
        users::{Named, named_users},
    },
    app::App,
    limits::BATCH_USERS_MAX,
    store::{self, Op, SentAs},
};

pub(in crate::api) struct RecallBatch;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// Who sent it: the `from` of the batch.
    from: UserId,
    /// The `idempotency_key` of the batch.
    idempotency_key: ClientMsgId,
    /// From whom: from 1 to 1,000 of its recipients.
    #[schemars(length(min = 1, max = 1000))]
    users: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api) struct Value {
    /// One for each of `users`, in their order.
    results: Vec<Outcome>,
}

/// What became of one recipient's message: it is taken back, or why it is not.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RecallBatchOutcome")]
struct Outcome {
    /// As it was given.
    user: String,
    /// What is taken back, now or earlier.
    #[serde(skip_serializing_if = "Option::is_none")]
    recalled: Option<Place>,
    /// Why it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorBody>,
}

/// Where a message was.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "RecalledPlace")]
struct Place {
    /// The conversation.
    conv: ConvId,
    /// Its position there.
    conv_seq: ConvSeq,
}

impl Endpoint for RecallBatch {
    const NAME: &'static str = "messages.recall_batch";
    const SUMMARY: &'static str = "Takes back what `messages.batch` sent, from many users.";
    const DETAILS: &'static str = "Each recipient has her own result: who was not sent it \
        (`message_unknown`), a repeated one or a bad id (`field_invalid`) is an error of that item, \
        and never fails the others. At any time after it was sent; safe to retry. Devices remove \
        what they have stored of it, also those that are offline now: when they come back. What was \
        sent to a channel's followers is one message: `messages.recall`.";
    const WHO: Who = Who::ServerAndOperators;
    const ERRORS: &'static [ErrorCode] = &[ErrorCode::MessageUnknown];
    const EXAMPLE: Example = Example {
        params: r#"{"from":"shop","idempotency_key":"sale-2026-11","users":["alice","nobody"]}"#,
        value: r#"{"results":[{"user":"alice","recalled":{"conv":"dm:alice:shop","conv_seq":7}},{"user":"nobody","error":{"code":"message_unknown","message":"nothing was sent to this user under this key","retryable":false}}]}"#,
    };
    type Params = Params;
    type Value = Value;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Value, ApiError> {
        batch_id::check("idempotency_key", &params.idempotency_key)?;
        let named = named_users("users", &params.users, BATCH_USERS_MAX)?;
        let places = places(app, caller, &params, &named).await?;
        let planned: Vec<Result<Place, ApiError>> = named
            .into_iter()
            .map(|user| {
                let id = batch_id::of(&params.idempotency_key, &user?);
                places.get(&id).cloned().ok_or_else(unknown)
            })
            .collect();
        Ok(Value {
            results: take_back(app, caller, params.users, planned).await?,
        })
    }
}

/// Where the batch's messages are, by their ids.
async fn places(
    app: &Arc<App>,
    caller: &Caller,
    params: &Params,
    named: &[Named],
) -> Result<BTreeMap<ClientMsgId, Place>, ApiError> {
    let from = Account {
        app: caller.app().clone(),
        user: params.from.clone(),
    };
    let users = named.iter().flatten();
    let ids: Vec<ClientMsgId> = users
        .map(|user| batch_id::of(&params.idempotency_key, user))
        .collect();
    let sent = app.store.sent_as(&from, &ids).await?.into_iter();
    Ok(sent
        .map(|one| {
            let SentAs {
                client_msg_id,
                conv,
                conv_seq,
            } = one;
            (client_msg_id, Place { conv, conv_seq })
        })
        .collect())
}

fn unknown() -> ApiError {
    let text = "nothing was sent to this user under this key";
    ApiError::new(ErrorCode::MessageUnknown, text)
}

/// Takes back what can be, and puts the results where their users are.
async fn take_back(
    app: &Arc<App>,
    caller: &Caller,
    users: Vec<String>,
    planned: Vec<Result<Place, ApiError>>,
) -> Result<Vec<Outcome>, ApiError> {
    let actor = caller.acting_as(None)?;
    let ops = planned.iter().flatten().map(|place| {
        Op::Recall(store::Recall {
            actor: actor.clone(),
            conv: place.conv.clone(),
            conv_seq: place.conv_seq,
        })
    });
    let mut results = app.writer.commit_each(ops.collect()).await.into_iter();
    let outcomes = users.into_iter().zip(planned).map(|(user, plan)| {
        let done = plan.and_then(|place| {
            let result = results.next().expect("one result for each operation");
            outcome(result).map(|_| place)
        });
        let (recalled, error) = match done {
            Ok(place) => (Some(place), None),
            Err(error) => (None, Some(error.into())),
        };
        Outcome {
            user,
            recalled,
            error,
        }
    });
    Ok(outcomes.collect())
}
