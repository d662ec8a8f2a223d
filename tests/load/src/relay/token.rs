//! Tokens, signed with the app's secret as the app's own server does it.

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;

use crate::client::{Clock, TokenSource};

/// Longer than any run.
const VALID_S: u64 = 24 * 3_600;

/// What a token may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// One user.
    User,
    /// The app's server.
    Server,
    /// Who writes to all users.
    Operator,
}

/// Signs for one app.
#[derive(Clone)]
pub struct Signer {
    app: String,
    key: Hmac<Sha256>,
    expires_s: u64,
}

impl Signer {
    /// With the secret that the relay has, too.
    #[must_use]
    pub fn new(app: &str, secret: &str, clock: &Clock) -> Self {
        Self {
            app: app.to_owned(),
            #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
            key: Hmac::new_from_slice(secret.as_bytes()).expect("any length"),
            expires_s: clock.now().unix_ms / 1_000 + VALID_S,
        }
    }

    /// A token (JWT, HS256).
    #[must_use]
    pub fn sign(&self, user: &str, scope: Scope) -> String {
        let scope = match scope {
            Scope::User => "user",
            Scope::Server => "server",
            Scope::Operator => "operator",
        };
        let header = json!({ "alg": "HS256", "typ": "JWT" });
        let claims = json!({ "app": self.app, "sub": user, "scope": scope, "exp": self.expires_s });
        let part = |value: serde_json::Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(header), part(claims));
        let mut mac = self.key.clone();
        mac.update(signed.as_bytes());
        let signature = BASE64URL_NOPAD.encode(&mac.finalize().into_bytes());
        format!("{signed}.{signature}")
    }
}

impl TokenSource for Signer {
    fn token(&self, user: &str) -> String {
        self.sign(user, Scope::User)
    }
}
