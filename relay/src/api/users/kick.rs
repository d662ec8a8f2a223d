use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::{ErrorCode, UserId};
use serde::{Deserialize, Serialize};

use crate::{
    account::Account,
    api::{
        ApiError, Caller,
        commit::apply,
        endpoint::{Endpoint, Example, Who},
    },
    app::App,
    store::{EndSessions, Op},
};

pub(in crate::api) struct Kick;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Params {
    /// Who.
    user: UserId,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api) struct Value {
    /// How many sessions of hers were ended.
    ended: usize,
}

impl Endpoint for Kick {
    const NAME: &'static str = "users.kick";
    const SUMMARY: &'static str = "Ends all sessions of a user.";
    const DETAILS: &'static str = "Her devices are told `session_ended` and do not come back by \
        themselves, whichever relay they are connected to. To keep her out, give her no further token.";
    const WHO: Who = Who::Server;
    const ERRORS: &'static [ErrorCode] = &[];
    const EXAMPLE: Example = Example {
        params: r#"{"user":"alice"}"#,
        value: r#"{"ended":2}"#,
    };
    type Params = Params;
    type Value = Value;

    async fn run(app: &Arc<App>, caller: &Caller, params: Params) -> Result<Value, ApiError> {
        let account = Arc::new(Account {
            app: caller.app().clone(),
            user: params.user,
        });
        let mut elsewhere = 0;
        if let Some(before) = app.fleet.number().await? {
            let devices = app.store.devices(&account).await?;
            elsewhere = devices.iter().filter(|one| one.is_elsewhere).count();
            let op = Op::EndSessions(EndSessions {
                account: Arc::clone(&account),
                device: None,
                before,
            });
            apply(app, op).await?;
            app.fleet.ended(&account, None, before);
        }
        Ok(Value {
            ended: elsewhere + app.hub.end_all(&account),
        })
    }
}
