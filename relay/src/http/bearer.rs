//! Who calls over HTTP: `Authorization: Bearer <token>`.

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use seqline_protocol::ErrorCode;

use crate::app::App;
use crate::{
    api::{ApiError, Authority, Caller, Place},
    auth::Scope,
    listener::Visitor,
};

/// The caller that a request's token names.
pub(super) fn caller(
    app: &App,
    visitor: &Visitor,
    headers: &HeaderMap,
) -> Result<Caller, ApiError> {
    let token = bearer(headers).ok_or_else(|| {
        let text = "a token is needed: Authorization: Bearer <token>";
        ApiError::new(ErrorCode::TokenInvalid, text)
    })?;
    let now = app.clock.now();
    let address = Some(visitor.address);
    app.traffic.may_present_token(address, now.uptime)?;
    let identity = app.rules.keyring.identify(token, now.wall);
    let identity = identity.map_err(|error| {
        app.traffic.failed(address, error.code(), now.uptime);
        ApiError::new(error.code(), error.to_string())
    })?;
    let authority = match identity.scope {
        Scope::User => Authority::User(Arc::new(identity.account)),
        Scope::Server => Authority::Server(identity.account.app),
        Scope::Operator => Authority::Operator(Arc::new(identity.account)),
    };
    Ok(Caller {
        authority,
        place: Place::Http,
    })
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim())
        .filter(|token| !token.is_empty())
}
