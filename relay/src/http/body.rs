//! Reads a request's body, within bounds.

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use futures_util::StreamExt as _;
use seqline_protocol::ErrorCode;

use super::refusal;
use crate::{
    api::ApiError,
    limits::{OVERSIZE_REQUEST_READ_FACTOR, REQUEST_BYTES_MAX},
};

/// The JSON text of a request; `{}` if it has no body.
pub(super) async fn json_text(headers: &HeaderMap, body: Body) -> Result<String, Response> {
    let bytes = read(body, REQUEST_BYTES_MAX)
        .await
        .map_err(ApiError::into_response)?;
    if bytes.is_empty() {
        return Ok("{}".to_owned());
    }
    if !is_json(headers) {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        let text = "the body is JSON: Content-Type: application/json";
        return Err(refusal(status, "content_type_unsupported", text));
    }
    String::from_utf8(bytes).map_err(|_| {
        let text = "the body is not UTF-8";
        ApiError::new(ErrorCode::FrameMalformed, text).into_response()
    })
}

/// A body over the limit is read on for a while, since a client that still writes would
/// not see the answer.
pub(super) async fn read(body: Body, bytes_max: usize) -> Result<Vec<u8>, ApiError> {
    let mut chunks = body.into_data_stream();
    let mut bytes = Vec::new();
    let mut read = 0;
    while let Some(chunk) = chunks.next().await {
        let broken = |_| ApiError::new(ErrorCode::FrameMalformed, "the body broke off");
        let chunk = chunk.map_err(broken)?;
        read += chunk.len();
        if read > OVERSIZE_REQUEST_READ_FACTOR * bytes_max {
            break;
        }
        if read <= bytes_max {
            bytes.extend_from_slice(&chunk);
        }
    }
    if read > bytes_max {
        let text = format!("a request has at most {bytes_max} bytes");
        return Err(ApiError::new(ErrorCode::FrameTooLarge, text));
    }
    Ok(bytes)
}

fn is_json(headers: &HeaderMap) -> bool {
    mime(headers).is_some_and(|mime| mime.eq_ignore_ascii_case("application/json"))
}

/// What a body is, without its parameters.
pub(super) fn mime(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    value.split(';').next().map(str::trim)
}
