//! Refusals over HTTP: one form, one mapping of codes to statuses.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use seqline_protocol::ErrorCode;
use serde_json::json;

use crate::api::{ApiError, Refused};

/// A refusal whose code only HTTP knows.
pub(super) fn refusal(status: StatusCode, code: &str, message: &str) -> Response {
    let retryable = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
    let error = json!({ "code": code, "message": message, "retryable": retryable });
    (status, Json(json!({ "error": error }))).into_response()
}

/// The status that a code is answered with.
#[must_use]
pub fn status_of(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::FrameMalformed
        | ErrorCode::FieldInvalid
        | ErrorCode::HelloExpected
        | ErrorCode::VersionUnsupported
        | ErrorCode::FrameUnknown => StatusCode::BAD_REQUEST,
        ErrorCode::TokenInvalid | ErrorCode::TokenExpired => StatusCode::UNAUTHORIZED,
        ErrorCode::ScopeForbidden
        | ErrorCode::Kicked
        | ErrorCode::RecallRefused
        | ErrorCode::EditRefused
        | ErrorCode::NotAllowed
        | ErrorCode::Muted
        | ErrorCode::TokenMismatch => StatusCode::FORBIDDEN,
        ErrorCode::ConversationUnknown
        | ErrorCode::MessageUnknown
        | ErrorCode::UserUnknown
        | ErrorCode::BroadcastUnknown
        | ErrorCode::MethodUnknown => StatusCode::NOT_FOUND,
        ErrorCode::HelloTimeout | ErrorCode::HeartbeatTimeout => StatusCode::REQUEST_TIMEOUT,
        ErrorCode::IdConflict
        | ErrorCode::ConversationExists
        | ErrorCode::ConversationFull
        | ErrorCode::RevisionConflict
        | ErrorCode::StateForbidden => StatusCode::CONFLICT,
        ErrorCode::FrameTooLarge | ErrorCode::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::Rejected => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorCode::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::Internal | ErrorCode::StorageDamaged => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorCode::Overloaded | ErrorCode::Draining | ErrorCode::StorageUnavailable => {
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = status_of(self.code);
        let after_ms = self.retry_after_ms;
        let mut response = (status, Json(Refused::from(self))).into_response();
        let headers = response.headers_mut();
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(after_ms) = after_ms {
            headers.insert(header::RETRY_AFTER, after_ms.div_ceil(1000).into());
        }
        response
    }
}
