//! What a method is made of. Each is one small file, `api/<group>/<name>.rs`.

use std::sync::Arc;

use schemars::JsonSchema;
use seqline_protocol::ErrorCode;
use serde::{Serialize, de::DeserializeOwned};

use super::{ApiError, Caller};
use crate::{app::App, auth::Scope};

/// A method: everything that routes, the socket and the OpenAPI document need of it.
pub(super) trait Endpoint {
    /// `group.name`; over HTTP `POST /v1/group/name`.
    const NAME: &'static str;
    /// One line for people.
    const SUMMARY: &'static str;
    /// More lines, in Markdown; empty if there is no more to say.
    const DETAILS: &'static str = "";
    /// Who may call it.
    const WHO: Who;
    /// Where it is called.
    const VIA: Via = Via::Anywhere;
    /// What it may answer beside what every method may.
    const ERRORS: &'static [ErrorCode];
    /// A call.
    const EXAMPLE: Example;

    /// What it is given.
    type Params: DeserializeOwned + JsonSchema + Send;
    /// What it gives.
    type Value: Serialize + JsonSchema + Send;

    /// Does it.
    fn run(
        app: &Arc<App>,
        caller: &Caller,
        params: Self::Params,
    ) -> impl Future<Output = Result<Self::Value, ApiError>> + Send;
}

/// Who may call a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Users, and the app's server in their names (`as`) or in its own.
    Everyone,
    /// The same, and operators.
    EveryoneAndOperators,
    /// Users only.
    Users,
    /// The app's server only.
    Server,
    /// The app's server, and operators.
    ServerAndOperators,
    /// Operators only.
    Operators,
}

impl Who {
    /// The scopes of tokens that open it.
    #[must_use]
    pub const fn scopes(self) -> &'static [Scope] {
        match self {
            Self::Everyone => &[Scope::User, Scope::Server],
            Self::EveryoneAndOperators => &[Scope::User, Scope::Server, Scope::Operator],
            Self::Users => &[Scope::User],
            Self::Server => &[Scope::Server],
            Self::ServerAndOperators => &[Scope::Server, Scope::Operator],
            Self::Operators => &[Scope::Operator],
        }
    }
}

/// Where a method is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// Over HTTP and over the open socket.
    Anywhere,
    /// Over the open socket only: it is about what that session is told later.
    Socket,
}

/// A call, as JSON text.
#[derive(Debug, Clone, Copy)]
pub struct Example {
    /// Its parameters.
    pub params: &'static str,
    /// What it may give.
    pub value: &'static str,
}
