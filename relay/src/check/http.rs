//! The check over HTTP.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future::BoxFuture;
use seqline_protocol::{
    AppId, ClientMsgId, ConvId, Kind, Label, Micros, Priority, UserId,
    limits::{BODY_BYTES_MAX, json_bytes},
};
use serde::{Deserialize, Serialize};

use super::{Check, CheckDefault, CheckRules, Rejected};
use crate::{
    callout::{Callout, Desk},
    clock::Clock,
    counters::Counters,
    limits::CHECKS_MAX,
    store::Send,
};

/// Asks the apps' servers.
pub struct HttpCheck {
    apps: BTreeMap<AppId, CheckedApp>,
    callout: Callout,
    clock: Arc<dyn Clock>,
    counters: Arc<Counters>,
}

struct CheckedApp {
    desk: Desk,
    default: CheckDefault,
}

/// What is asked.
#[derive(Serialize)]
struct Question<'a> {
    app: &'a AppId,
    from: &'a UserId,
    conv: &'a ConvId,
    client_msg_id: &'a ClientMsgId,
    kind: &'a Kind,
    body: &'a str,
    priority: Priority,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_us: Option<Micros>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a Label>,
    #[serde(skip_serializing_if = "Option::is_none")]
    business: Option<&'a Label>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    mentions: &'a [UserId],
}

/// What is answered.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
enum Verdict {
    Accept,
    Refuse {
        #[serde(default)]
        reason: String,
    },
    Rewrite {
        body: String,
    },
}

/// Longest reason that is handed on to the sender, in characters. The rest is cut off.
const REASON_CHARS_MAX: usize = 256;

impl HttpCheck {
    /// A check for these apps.
    #[must_use]
    pub fn new(
        apps: BTreeMap<AppId, CheckRules>,
        callout: Callout,
        clock: Arc<dyn Clock>,
        counters: Arc<Counters>,
    ) -> Self {
        let apps = apps.into_iter();
        Self {
            apps: apps
                .map(|(app, rules)| {
                    let desk = Desk::new(rules.endpoint, rules.timeout_ms, CHECKS_MAX);
                    let default = rules.default;
                    (app, CheckedApp { desk, default })
                })
                .collect(),
            callout,
            clock,
            counters,
        }
    }

    async fn verdict(&self, app: &CheckedApp, send: &Send) -> Result<Verdict, String> {
        let question = Question {
            app: &send.from.app,
            from: &send.from.user,
            conv: &send.conv,
            client_msg_id: &send.client_msg_id,
            kind: &send.kind,
            body: &send.body,
            priority: send.priority,
            expires_us: send.expires,
            key: send.key.as_ref(),
            business: send.business.as_ref(),
            mentions: &send.mentions,
        };
        let answer = app.desk.ask(&self.callout, &question, &*self.clock).await?;
        understand(&answer)
    }
}

fn understand(answer: &[u8]) -> Result<Verdict, String> {
    let verdict = serde_json::from_slice(answer)
        .map_err(|error| format!("answered what is no verdict: {error}"))?;
    match &verdict {
        Verdict::Rewrite { body } if json_bytes(body) > BODY_BYTES_MAX => Err(format!(
            "rewrote the body to more than {BODY_BYTES_MAX} bytes"
        )),
        _ => Ok(verdict),
    }
}

impl Check for HttpCheck {
    fn is_on_for(&self, send: &Send) -> bool {
        !send.by_server && self.apps.contains_key(&send.from.app)
    }

    fn ask(&self, send: Send) -> BoxFuture<'_, Result<Send, Rejected>> {
        Box::pin(async move {
            let Some(app) = self.apps.get(&send.from.app) else {
                return Ok(send);
            };
            match self.verdict(app, &send).await {
                Ok(Verdict::Accept) => {
                    self.counters.checks_accepted.add(1);
                    Ok(send)
                }
                Ok(Verdict::Rewrite { body }) => {
                    self.counters.checks_rewritten.add(1);
                    Ok(Send { body, ..send })
                }
                Ok(Verdict::Refuse { reason }) => {
                    self.counters.checks_refused.add(1);
                    Err(Rejected {
                        reason: reason.chars().take(REASON_CHARS_MAX).collect(),
                        is_retryable: false,
                    })
                }
                Err(error) => {
                    self.counters.checks_failed.add(1);
                    let default = app.default;
                    tracing::warn!(app = %send.from.app, %error, ?default, "a check failed");
                    match default {
                        CheckDefault::Accept => Ok(send),
                        CheckDefault::Refuse => Err(Rejected {
                            reason: "the message could not be checked; try again".to_owned(),
                            is_retryable: true,
                        }),
                    }
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_verdicts_are_understood() {
        assert_eq!(understand(br#"{"verdict":"accept"}"#), Ok(Verdict::Accept));
        assert_eq!(
            understand(br#"{"verdict":"refuse","reason":"spam","score":9}"#),
            Ok(Verdict::Refuse {
                reason: "spam".to_owned()
            })
        );
        assert_eq!(
            understand(br#"{"verdict":"rewrite","body":"***"}"#),
            Ok(Verdict::Rewrite {
                body: "***".to_owned()
            })
        );
        let long = format!(
            r#"{{"verdict":"rewrite","body":"{}"}}"#,
            "x".repeat(BODY_BYTES_MAX + 1)
        );
        for nonsense in [
            "",
            "null",
            "{}",
            r#"{"verdict":"maybe"}"#,
            r#"{"verdict":"rewrite"}"#,
            "<html>",
            long.as_str(),
        ] {
            assert!(understand(nonsense.as_bytes()).is_err(), "{nonsense}");
        }
    }
}
