use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::ErrorCode;
use serde::{Deserialize, Serialize};

use super::named_users;
use crate::{
    account::Account,
    api::{
        ApiError, Caller, ErrorBody,
        commit::outcome,
        endpoint::{Endpoint, Example, Who},
    },
    app::App,
    limits::USERS_NAMED_MAX,
    store::Op,
};

pub(in crate::api) struct Register;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// Who: from 1 to 1,000 users.
    #[schemars(length(min = 1, max = 1000))]
    users: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api) struct Value {
    /// One for each of `users`, in their order.
    results: Vec<Outcome>,
}

/// What became of one user.
#[derive(Debug, Serialize, JsonSchema)]
struct Outcome {
    /// As it was given.
    user: String,
    /// Why she is not known now; absent if she is.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorBody>,
}

impl Endpoint for Register {
    const NAME: &'static str = "users.register";
    const SUMMARY: &'static str = "Makes users known before they connect for the first time.";
    const DETAILS: &'static str = "Only known users are reached by `messages.batch`. Users become \
        known by themselves when they connect, or when a user writes to them. One who is known \
        already stays as she is.";
    const WHO: Who = Who::Server;
    const ERRORS: &'static [ErrorCode] = &[];
    const EXAMPLE: Example = Example {
        params: r#"{"users":["alice","b b"]}"#,
        value: r#"{"results":[{"user":"alice"},{"user":"b b","error":{"code":"field_invalid","message":"users[1]: an id has only letters, digits and . _ - @ + = ~ (found ' ')","retryable":false}}]}"#,
    };
    type Params = Params;
    type Value = Value;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Value, ApiError> {
        let named = named_users("users", &params.users, USERS_NAMED_MAX)?;
        let account = |user: &_| Account {
            app: caller.app().clone(),
            user: Clone::clone(user),
        };
        let ops = named
            .iter()
            .flatten()
            .map(|user| Op::Register(Arc::new(account(user))));
        let mut results = app.writer.commit_each(ops.collect()).await.into_iter();
        let outcomes = params.users.into_iter().zip(named).map(|(user, named)| {
            let result = named.and_then(|_| {
                let result = results.next().expect("one result for each operation");
                outcome(result)
            });
            Outcome {
                user,
                error: result.err().map(ErrorBody::from),
            }
        });
        Ok(Value {
            results: outcomes.collect(),
        })
    }
}
