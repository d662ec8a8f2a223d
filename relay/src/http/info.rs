//! What this relay is.

use std::sync::Arc;

use axum::{Json, extract::State};
use seqline_protocol::{VERSION, VERSION_MIN};
use serde::Serialize;

use crate::app::App;

#[derive(Serialize)]
pub(super) struct Info {
    name: &'static str,
    version: &'static str,
    /// Whether `/dev/token` gives tokens.
    dev: bool,
    protocol: Protocol,
}

#[derive(Serialize)]
struct Protocol {
    version: u16,
    version_min: u16,
}

pub(super) async fn info(State(app): State<Arc<App>>) -> Json<Info> {
    Json(Info {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        dev: app.is_dev,
        protocol: Protocol {
            version: VERSION,
            version_min: VERSION_MIN,
        },
    })
}
