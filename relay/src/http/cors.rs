//! Pages of other origins: the same ones that may open a socket may call the API.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::refusal;
use crate::app::App;

/// Lets allowed pages in and tells their browsers so; answers what browsers ask beforehand.
pub(super) async fn cors(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    if !app.origins.allow(request.headers()) {
        let text = "pages of this origin may not call; the relay's operator can list it with \
                    --allowed-origin";
        return refusal(StatusCode::FORBIDDEN, "origin_forbidden", text);
    }
    let is_preflight = request.method() == Method::OPTIONS;
    let mut response = if is_preflight {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        allow(headers, is_preflight);
    }
    response
}

fn allow(headers: &mut HeaderMap, is_preflight: bool) {
    if is_preflight {
        let allowed = [
            (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
            (
                header::ACCESS_CONTROL_ALLOW_HEADERS,
                "authorization, content-type, seqline-route, traceparent, x-request-id",
            ),
            (header::ACCESS_CONTROL_MAX_AGE, "600"),
        ];
        headers.extend(allowed.map(|(name, value)| (name, HeaderValue::from_static(value))));
    } else {
        let exposed = HeaderValue::from_static("retry-after, x-request-id");
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
}
