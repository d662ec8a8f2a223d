//! How the client learns that something is not done.

use seqline_protocol::{ClientMsgId, DecodeError, ErrorCode, RelayFrame, RequestId};

use super::{Effect, Session};
use crate::{api::ApiError, store::StoreError};

/// What a refusal is about.
#[derive(Debug, Clone, Default)]
pub(super) struct About {
    pub(super) req: Option<RequestId>,
    pub(super) client_msg_id: Option<ClientMsgId>,
}

impl From<RequestId> for About {
    fn from(req: RequestId) -> Self {
        Self {
            req: Some(req),
            client_msg_id: None,
        }
    }
}

impl From<ClientMsgId> for About {
    fn from(client_msg_id: ClientMsgId) -> Self {
        Self {
            req: None,
            client_msg_id: Some(client_msg_id),
        }
    }
}

impl Session {
    pub(super) fn refuse_frame(&mut self, error: &DecodeError) {
        self.refuse(error.code(), &error.to_string(), About::default());
    }

    /// Answers with an error, and closes if the code asks for it.
    pub(super) fn refuse(&mut self, code: ErrorCode, message: &str, about: impl Into<About>) {
        self.decline(ApiError::new(code, message), code.is_retryable(), about);
        if code.close_code().is_some() {
            self.close(code);
        }
    }

    /// Answers with an error that says when to come back, and closes.
    pub(super) fn refuse_for(&mut self, error: ApiError, about: impl Into<About>) {
        let code = error.code;
        self.decline(error, code.is_retryable(), about);
        self.close(code);
    }

    /// Answers with an error; the session goes on, whatever the code.
    pub(super) fn decline(&mut self, error: ApiError, is_retryable: bool, about: impl Into<About>) {
        let About { req, client_msg_id } = about.into();
        self.emit(Effect::Count(error.code));
        self.write(&RelayFrame::Error {
            code: error.code,
            message: error.message,
            retryable: is_retryable,
            req,
            client_msg_id,
            retry_after_ms: error.retry_after_ms,
        });
    }

    /// Nothing was stored; the client tries again on another connection, from the
    /// first thing that was not answered.
    pub(super) fn refuse_storage(&mut self, error: &StoreError, about: impl Into<About>) {
        let error = ApiError::from(error.clone());
        self.refuse(error.code, &error.message, about);
    }
}
