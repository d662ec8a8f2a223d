use std::{collections::BTreeSet, sync::Arc};

use schemars::JsonSchema;
use seqline_protocol::{ClientMsgId, ConvId, ErrorCode, UserId};
use serde::Serialize;

use super::{
    batch_id,
    content::{Envelope, message_params},
    outgoing::{self, Sent},
};
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
    store::{Op, Send},
};

pub(in crate::api) struct Batch;

message_params! {
    struct Params {
        /// Who sends it.
        from: UserId,
        /// To whom: from 1 to 1,000 users, each in a direct conversation with `from`.
        #[schemars(length(min = 1, max = 1000))]
        users: Vec<String>,
        /// The caller's own name of this batch, at most 39 bytes of an id's characters. Called
        /// again with the same key and content, each recipient's first result is given again
        /// (`duplicate`), and who was not reached the first time is now.
        idempotency_key: ClientMsgId,
        /// Whether users that the relay does not know yet are written to as well.
        #[serde(default)]
        create: bool,
    }
}

#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api) struct Value {
    /// One for each of `users`, in their order.
    results: Vec<Outcome>,
}

/// What became of one recipient's message: it is stored, or why it is not.
#[derive(Debug, Serialize, JsonSchema)]
struct Outcome {
    /// As it was given.
    user: String,
    /// Where it is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    sent: Option<Sent>,
    /// Why it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorBody>,
}

impl Endpoint for Batch {
    const NAME: &'static str = "messages.batch";
    const SUMMARY: &'static str = "Sends one message to many users.";
    const DETAILS: &'static str = "Each recipient gets her own message and her own result: an \
        unknown user (`user_unknown`), a repeated one or a bad id (`field_invalid`) or a body that \
        is too large (`body_too_large`) is an error of that item, and never fails the others. \
        Retrying is safe: a recipient's `client_msg_id` is `idempotency_key`, a dot, and the first \
        12 bytes of the SHA-256 of her id in hex.";
    const WHO: Who = Who::Server;
    const ERRORS: &'static [ErrorCode] = &[
        ErrorCode::BodyTooLarge,
        ErrorCode::IdConflict,
        ErrorCode::UserUnknown,
    ];
    const EXAMPLE: Example = Example {
        params: r#"{"from":"shop","users":["alice","nobody"],"idempotency_key":"sale-2026-11","body":"The sale starts today."}"#,
        value: r#"{"results":[{"user":"alice","sent":{"msg_id":42,"conv":"dm:alice:shop","conv_seq":7,"seq":12,"created_us":1795000000000000,"duplicate":false}},{"user":"nobody","error":{"code":"user_unknown","message":"the relay does not know this user","retryable":false}}]}"#,
    };
    type Params = Params;
    type Value = Value;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Value, ApiError> {
        batch_id::check("idempotency_key", &params.idempotency_key)?;
        let named = named_users("users", &params.users, BATCH_USERS_MAX)?;
        let unknown = unknown(app, caller, &named).await?;
        if params.create {
            make_known(app, caller, &unknown).await?;
        }
        let planned: Vec<Result<Send, ApiError>> = named
            .into_iter()
            .map(|user| {
                let user = user?;
                if !params.create && unknown.contains(&user) {
                    let text = "the relay does not know this user; `create` would write to her";
                    return Err(ApiError::new(ErrorCode::UserUnknown, text));
                }
                message(caller, &params, &user)
            })
            .collect();
        Ok(Value {
            results: store(app, params.users, planned).await,
        })
    }
}

async fn unknown(
    app: &Arc<App>,
    caller: &Caller,
    named: &[Named],
) -> Result<BTreeSet<UserId>, ApiError> {
    let users: Vec<UserId> = named.iter().flatten().cloned().collect();
    let known = app.store.users(caller.app(), &users).await?;
    let mut unknown: BTreeSet<UserId> = users.into_iter().collect();
    for state in known {
        unknown.remove(&state.user);
    }
    Ok(unknown)
}

/// What the app's server sends does not do it: it may be to someone who never comes.
async fn make_known(
    app: &Arc<App>,
    caller: &Caller,
    users: &BTreeSet<UserId>,
) -> Result<(), ApiError> {
    let register = |user: &UserId| Op::Register(account(caller, user));
    let results = app.writer.commit_each(users.iter().map(register).collect());
    results.await.into_iter().try_for_each(|result| {
        outcome(result)?;
        Ok(())
    })
}

fn account(caller: &Caller, user: &UserId) -> Arc<Account> {
    Arc::new(Account {
        app: caller.app().clone(),
        user: user.clone(),
    })
}

fn message(caller: &Caller, params: &Params, user: &UserId) -> Result<Send, ApiError> {
    params.content().into_send(Envelope {
        from: account(caller, &params.from),
        by_server: true,
        conv: ConvId::direct(&params.from, user),
        client_msg_id: batch_id::of(&params.idempotency_key, user),
    })
}

/// Stores what can be stored, and puts the results where their users are.
async fn store(
    app: &Arc<App>,
    users: Vec<String>,
    planned: Vec<Result<Send, ApiError>>,
) -> Vec<Outcome> {
    let ops = planned.iter().flatten().cloned().map(Op::Send).collect();
    let mut results = app.writer.commit_each(ops).await.into_iter();
    let outcomes = planned.into_iter().map(|plan| {
        let send = plan?;
        let result = results.next().expect("one result for each operation");
        outgoing::sent(send.conv, result)
    });
    users
        .into_iter()
        .zip(outcomes)
        .map(|(user, outcome)| {
            let (sent, error) = match outcome {
                Ok(sent) => (Some(sent), None),
                Err(error) => (None, Some(error.into())),
            };
            Outcome { user, sent, error }
        })
        .collect()
}
