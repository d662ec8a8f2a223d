//! Calls of the API's methods. They run side by side, and beside everything else of the
//! session: their answers come in any order.

use std::sync::Arc;

use seqline_protocol::{
    ErrorCode, RelayFrame, RequestId,
    limits::{FRAME_BYTES_MAX, METHOD_BYTES_MAX, json_bytes},
};

use super::{Effect, Session};
use crate::{
    account::Account,
    api::ApiError,
    clock::Now,
    limits::{CALL_PARAMS_BYTES_MAX, FRAME_HEADROOM_BYTES},
};

impl Session {
    pub(super) fn handle_call(
        &mut self,
        now: Now,
        account: Arc<Account>,
        req: RequestId,
        method: String,
        params: String,
    ) {
        if method.len() > METHOD_BYTES_MAX {
            let text = format!("the name of a method has at most {METHOD_BYTES_MAX} bytes");
            return self.refuse(ErrorCode::FieldInvalid, &text, req);
        }
        if params.len() > CALL_PARAMS_BYTES_MAX {
            let text = format!(
                "call: `params` has at most {CALL_PARAMS_BYTES_MAX} bytes, this one {}",
                params.len()
            );
            return self.refuse(ErrorCode::FieldInvalid, &text, req);
        }
        let allowed = self.rules.traffic.call(&account, &method, now.uptime);
        if !self.spend(allowed, req) {
            return;
        }
        let Some(viewer) = self.viewer.clone() else {
            return;
        };
        self.calls += 1;
        self.emit(Effect::Call {
            account,
            viewer,
            req,
            method,
            params,
        });
    }

    pub(super) fn handle_called(&mut self, req: RequestId, result: Result<String, ApiError>) {
        self.calls -= 1;
        match result {
            Ok(value) if json_bytes(&value) > FRAME_BYTES_MAX - FRAME_HEADROOM_BYTES => {
                let text = "the answer is larger than a frame holds; ask for less (`limit`)";
                self.refuse(ErrorCode::FieldInvalid, text, req);
            }
            Ok(value) => self.write(&RelayFrame::Result { req, value }),
            Err(error) => {
                let is_retryable = error.code.is_retryable();
                self.decline(error, is_retryable, req);
            }
        }
    }
}
