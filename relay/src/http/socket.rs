//! The WebSocket endpoint: who may come in.

mod boundaries;
mod polled;
mod wire;

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Extension, Request, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tracing::Instrument as _;
use tungstenite::handshake::server::create_response_with_body;

use self::wire::SocketWire;
use super::refusal;
use crate::{
    admission::admit_visitor, app::App, connection::Connection, hub::Membership, listener::Visitor,
};

pub(super) async fn upgrade(
    State(app): State<Arc<App>>,
    Extension(visitor): Extension<Visitor>,
    mut request: Request,
) -> Response {
    let handshake = create_response_with_body(&request, Body::empty);
    let response = match handshake {
        Ok(response) => response,
        Err(reason) => return not_a_handshake(StatusCode::BAD_REQUEST, &reason.to_string()),
    };
    let Some(upgrade) = request.extensions_mut().remove::<OnUpgrade>() else {
        let reason = "this connection cannot become one";
        return not_a_handshake(StatusCode::UPGRADE_REQUIRED, reason);
    };
    if !app.origins.allow(request.headers()) {
        let text = "pages of this origin may not connect; the relay's operator can list it \
                    with --allowed-origin";
        return refusal(StatusCode::FORBIDDEN, "origin_forbidden", text);
    }
    match admit_visitor(&app, &visitor) {
        Ok(membership) => {
            let connections = app.connections.clone();
            // At `debug`, what the connection logs says of which request it came.
            let span = tracing::debug_span!("socket");
            connections.spawn(run(app, upgrade, membership).instrument(span));
            response
        }
        Err(refused) => refused.into_response(),
    }
}

async fn run(app: Arc<App>, upgrade: OnUpgrade, membership: Membership) {
    // Who is gone before it hears of the upgrade was never connected.
    if let Ok(upgraded) = upgrade.await {
        let wire = SocketWire::new(TokioIo::new(upgraded));
        Connection::new(app, wire, membership).run().await;
    }
}

fn not_a_handshake(status: StatusCode, reason: &str) -> Response {
    let text = format!("this is a WebSocket endpoint: {reason}");
    refusal(status, "upgrade_expected", &text)
}
