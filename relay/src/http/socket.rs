//! The WebSocket endpoint: who may come in.

mod wire;

use std::sync::Arc;

use axum::{
    extract::{Extension, State, WebSocketUpgrade},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use seqline_protocol::limits::FRAME_BYTES_MAX;

use self::wire::SocketWire;
use super::refusal;
use crate::{
    admission::admit_visitor,
    app::App,
    connection::Connection,
    limits::{OVERSIZE_READ_BYTES, SOCKET_READ_BUFFER_BYTES, SOCKET_WRITE_BUFFER_BYTES},
    listener::Visitor,
};

pub(super) async fn upgrade(
    State(app): State<Arc<App>>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Response {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => {
            let text = format!("this is a WebSocket endpoint: {rejection}");
            return refusal(rejection.status(), "upgrade_expected", &text);
        }
    };
    if !app.origins.allow(&headers) {
        let text = "pages of this origin may not connect; the relay's operator can list it \
                    with --allowed-origin";
        return refusal(StatusCode::FORBIDDEN, "origin_forbidden", text);
    }
    let membership = match admit_visitor(&app, &visitor) {
        Ok(membership) => membership,
        Err(refused) => return refused.into_response(),
    };
    let running = app.connections.token();
    upgrade
        .read_buffer_size(SOCKET_READ_BUFFER_BYTES)
        .write_buffer_size(SOCKET_WRITE_BUFFER_BYTES)
        .max_write_buffer_size(SOCKET_WRITE_BUFFER_BYTES + 4 * FRAME_BYTES_MAX)
        // A little over the limit, so that a frame over it is answered, not just cut off.
        .max_frame_size(OVERSIZE_READ_BYTES)
        .max_message_size(OVERSIZE_READ_BYTES)
        .on_upgrade(move |socket| async move {
            Connection::new(app, SocketWire::new(socket), membership)
                .run()
                .await;
            drop(running);
        })
}
