//! Tokens for the asking, in development on this machine.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use seqline_protocol::{AppId, Micros, UserId};
use serde::{Deserialize, Serialize};

use super::refusal;
use crate::app::App;
use crate::{
    account::Account,
    auth::{Identity, Profile, Scope},
};

/// The app that development mode has.
pub const DEV_APP: &str = "dev";

const TTL_S_DEFAULT: u64 = 24 * 3600;
const TTL_S_MAX: u64 = 365 * 24 * 3600;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    user: String,
    #[serde(default)]
    scope: DevScope,
    ttl_s: Option<u64>,
}

/// Not the server's: whoever tries what a server does has its secret at hand.
#[derive(Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum DevScope {
    #[default]
    User,
    Operator,
}

#[derive(Serialize)]
struct Given {
    token: String,
    app: AppId,
    user: UserId,
    expires_us: Micros,
}

pub(super) async fn token(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    asked: Result<Json<Asked>, axum::extract::rejection::JsonRejection>,
) -> Response {
    if !asks_loopback(&headers) {
        let text = "development tokens are for pages of this machine";
        return refusal(StatusCode::FORBIDDEN, "origin_forbidden", text);
    }
    match asked {
        Ok(Json(asked)) => give(&app, asked),
        Err(rejection) => refusal(
            rejection.status(),
            "field_invalid",
            &format!("the body is JSON: {{\"user\":\"alice\",\"ttl_s\":3600}}: {rejection}"),
        ),
    }
}

fn give(app: &App, asked: Asked) -> Response {
    let user = match UserId::new(asked.user) {
        Ok(user) => user,
        Err(error) => {
            let text = format!("user: {error}");
            return refusal(StatusCode::BAD_REQUEST, "field_invalid", &text);
        }
    };
    let ttl_s = asked.ttl_s.unwrap_or(TTL_S_DEFAULT);
    if !(1..=TTL_S_MAX).contains(&ttl_s) {
        let text = format!("ttl_s: from 1 to {TTL_S_MAX}");
        return refusal(StatusCode::BAD_REQUEST, "field_invalid", &text);
    }
    // To the second, as the token's `exp` is.
    let expires_s = app.clock.now().wall.get() / 1_000_000 + ttl_s;
    let identity = Identity {
        account: Account {
            app: AppId::new(DEV_APP).expect("a valid id"),
            user,
        },
        scope: match asked.scope {
            DevScope::User => Scope::User,
            DevScope::Operator => Scope::Operator,
        },
        expires: Micros::saturating(expires_s * 1_000_000),
        profile: Profile::default(),
    };
    match app.rules.keyring.sign(&identity) {
        Some(token) => Json(Given {
            token,
            app: identity.account.app,
            user: identity.account.user,
            expires_us: identity.expires,
        })
        .into_response(),
        None => refusal(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "the app `dev` has no key",
        ),
    }
}

/// A foreign name that resolves to this machine is a web page's trick (DNS rebinding).
fn asks_loopback(headers: &HeaderMap) -> bool {
    headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .is_none_or(|host| super::origin::is_loopback(&format!("http://{host}")))
}
