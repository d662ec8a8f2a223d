//! The relay's HTTP API, as the app's own server asks it.

use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;
use tokio_tungstenite::tungstenite::{
    Bytes,
    http::{Request, header},
};

use super::{
    addresses::Addresses,
    token::{Scope, Signer},
};

/// Why a method gave nothing.
#[derive(Debug, thiserror::Error)]
#[error("{method}: {problem}")]
pub struct CallError {
    method: String,
    problem: String,
}

/// Calls methods.
#[derive(Clone)]
pub struct Api {
    relays: Addresses,
    signer: Signer,
    http: Client<HttpConnector, Full<Bytes>>,
}

impl Api {
    pub(super) fn new(relays: Addresses, signer: Signer) -> Self {
        Self {
            relays,
            signer,
            http: Client::builder(TokioExecutor::new()).build_http(),
        }
    }

    /// Calls a method, for example `groups.create`.
    ///
    /// # Errors
    /// [`CallError`], with what the relay said.
    pub async fn call(
        &self,
        scope: Scope,
        method: &str,
        params: &Value,
    ) -> Result<Value, CallError> {
        let path = method.replace('.', "/");
        let request = Request::post(format!("http://{}/v1/{path}", self.relays.first()))
            .header(header::CONTENT_TYPE, "application/json")
            .header(
                header::AUTHORIZATION,
                format!("Bearer {}", self.signer.sign("load-server", scope)),
            )
            .body(Full::from(params.to_string()));
        let answer = async { Ok(serde_json::from_slice(&self.ask(request?).await?)?) };
        answer.await.map_err(|problem: Problem| CallError {
            method: method.to_owned(),
            problem: problem.to_string(),
        })
    }

    /// One of the relay's counts, for example `pulls_total`, of all relays together; none if they
    /// have no such.
    ///
    /// # Errors
    /// [`CallError`], with what the relay said.
    pub async fn metric(&self, name: &str) -> Result<Option<f64>, CallError> {
        let name = format!("seqline_{name} ");
        let mut sum = None;
        for relay in self.relays.all() {
            let request = Request::get(format!("http://{relay}/metrics")).body(Full::default());
            let page = async { self.ask(request?).await };
            let page = page.await.map_err(|problem| CallError {
                method: "metrics".to_owned(),
                problem: problem.to_string(),
            })?;
            let page = String::from_utf8_lossy(&page);
            let value = page.lines().find_map(|line| line.strip_prefix(&name));
            if let Some(value) = value.and_then(|value| value.parse::<f64>().ok()) {
                sum = Some(sum.unwrap_or(0.0) + value);
            }
        }
        Ok(sum)
    }

    async fn ask(&self, request: Request<Full<Bytes>>) -> Result<Bytes, Problem> {
        let answer = self.http.request(request).await?;
        let is_fine = answer.status().is_success();
        let body = answer.into_body().collect().await?.to_bytes();
        if is_fine {
            return Ok(body);
        }
        Err(String::from_utf8_lossy(&body).into())
    }
}

type Problem = Box<dyn std::error::Error + Send + Sync>;
