//! Tokens: JSON Web Tokens signed with the app's secret (HS256).
//!
//! The `app` claim is read before the signature is checked, only to find the key;
//! what the claims say counts after the check, and nothing else ever does.

mod hs256;
mod profile;

use std::collections::BTreeMap;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use seqline_protocol::{AppId, ErrorCode, Micros, UserId, limits::TOKEN_BYTES_MAX};
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use self::profile::Profile;
use self::profile::ProfileClaims;
use crate::{account::Account, limits::TOKEN_EARLY_MS_MAX};

/// What a token may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// A device of one user.
    User,
    /// The app's own server.
    Server,
    /// The people who run the app.
    Operator,
}

impl Scope {
    /// What the token's claim `scope` says.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Server => "server",
            Self::Operator => "operator",
        }
    }
}

/// What a verified token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Whose it is.
    pub account: Account,
    /// What it may be used for.
    pub scope: Scope,
    /// When it ends.
    pub expires: Micros,
    /// What more the app says of the user.
    pub profile: Profile,
}

/// Why a token is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TokenError {
    /// Not a token of this relay: unreadable, another algorithm, another signature, an unknown app.
    #[error("the token is not valid: {0}")]
    Invalid(String),
    /// It was valid until `exp`.
    #[error("the token has expired; get a fresh one")]
    Expired,
    /// It is valid for something else.
    #[error("the token is of scope {got:?}, and this takes one of scope {wanted:?}")]
    Scope {
        /// What the token allows.
        got: Scope,
        /// What is needed.
        wanted: Scope,
    },
}

impl TokenError {
    /// The code to answer with.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Invalid(_) => ErrorCode::TokenInvalid,
            Self::Expired => ErrorCode::TokenExpired,
            Self::Scope { .. } => ErrorCode::ScopeForbidden,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Claims {
    app: AppId,
    sub: UserId,
    scope: Scope,
    /// Seconds since the Unix epoch; some issuers write a fraction.
    exp: f64,
    #[serde(default, skip_serializing)]
    nbf: Option<f64>,
    #[serde(flatten)]
    profile: ProfileClaims,
}

#[derive(Deserialize)]
struct AppClaim {
    app: String,
}

struct Keys {
    signing: EncodingKey,
    verifying: DecodingKey,
    /// The one before, while tokens of it are still about.
    previous: Option<DecodingKey>,
}

/// The apps' keys: signs tokens and verifies them.
pub struct Keyring {
    apps: BTreeMap<AppId, Keys>,
    validation: Validation,
}

impl Keyring {
    /// A keyring of each app's secret.
    #[must_use]
    pub fn new<'a>(secrets: impl IntoIterator<Item = (&'a AppId, &'a str)>) -> Self {
        hs256::install();
        let apps = secrets
            .into_iter()
            .map(|(app, secret)| {
                let keys = Keys {
                    signing: EncodingKey::from_secret(secret.as_bytes()),
                    verifying: DecodingKey::from_secret(secret.as_bytes()),
                    previous: None,
                };
                (app.clone(), keys)
            })
            .collect();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_required_spec_claims(&["exp", "sub"]);
        validation.validate_aud = false;
        // Checked below, against the injected clock; and `nbf`, which is not by default.
        validation.validate_exp = false;
        Self { apps, validation }
    }

    /// Takes tokens of these apps that are signed with the secret before, too.
    #[must_use]
    pub fn with_previous<'a>(
        mut self,
        secrets: impl IntoIterator<Item = (&'a AppId, &'a str)>,
    ) -> Self {
        for (app, secret) in secrets {
            if let Some(keys) = self.apps.get_mut(app) {
                keys.previous = Some(DecodingKey::from_secret(secret.as_bytes()));
            }
        }
        self
    }

    /// Whether tokens of this app can be signed and verified.
    #[must_use]
    pub fn has(&self, app: &AppId) -> bool {
        self.apps.contains_key(app)
    }

    /// Signs a token; none if the app has no key here.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "seconds are far below 2^53, where f64 is exact"
    )]
    pub fn sign(&self, identity: &Identity) -> Option<String> {
        let claims = Claims {
            app: identity.account.app.clone(),
            sub: identity.account.user.clone(),
            scope: identity.scope,
            exp: (identity.expires.get() / 1_000_000) as f64,
            nbf: None,
            profile: ProfileClaims::of(&identity.profile),
        };
        let keys = self.apps.get(&identity.account.app)?;
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &keys.signing).ok()
    }

    /// Checks a token that is to be used for `wanted` at the time `now`.
    ///
    /// # Errors
    /// [`TokenError`] says why it is refused.
    pub fn verify(&self, token: &str, now: Micros, wanted: Scope) -> Result<Identity, TokenError> {
        let identity = self.identify(token, now)?;
        if identity.scope == wanted {
            Ok(identity)
        } else {
            let got = identity.scope;
            Err(TokenError::Scope { got, wanted })
        }
    }

    /// Checks a token at the time `now`, whatever it may be used for.
    ///
    /// # Errors
    /// [`TokenError`] says why it is refused; never [`TokenError::Scope`].
    pub fn identify(&self, token: &str, now: Micros) -> Result<Identity, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            let reason = format!("it has more than {TOKEN_BYTES_MAX} bytes");
            return Err(TokenError::Invalid(reason));
        }
        let claims = self.verified_claims(token)?;
        let expires = time("exp", claims.exp)?;
        if expires <= now {
            return Err(TokenError::Expired);
        }
        if let Some(nbf) = claims.nbf {
            let early_us = time("nbf", nbf)?.get().saturating_sub(now.get());
            if early_us > TOKEN_EARLY_MS_MAX * 1000 {
                let reason = "it is not valid yet (`nbf`); compare the clocks of issuer and relay";
                return Err(TokenError::Invalid(reason.to_owned()));
            }
        }
        let profile = claims.profile.check().map_err(TokenError::Invalid)?;
        Ok(Identity {
            account: Account {
                app: claims.app,
                user: claims.sub,
            },
            scope: claims.scope,
            expires,
            profile,
        })
    }

    fn verified_claims(&self, token: &str) -> Result<Claims, TokenError> {
        let invalid = |error: jsonwebtoken::errors::Error| TokenError::Invalid(error.to_string());
        let unverified: AppClaim =
            jsonwebtoken::dangerous::insecure_decode_claims(token).map_err(invalid)?;
        let keys = AppId::new(unverified.app)
            .ok()
            .and_then(|app| self.apps.get(&app))
            .ok_or_else(|| TokenError::Invalid("no such app here".to_owned()))?;
        let decode = |key| jsonwebtoken::decode::<Claims>(token, key, &self.validation);
        let decoded = decode(&keys.verifying).or_else(|error| match &keys.previous {
            Some(previous) => decode(previous),
            None => Err(error),
        });
        let decoded = decoded.map_err(invalid)?;
        if decoded.header.crit.is_some() {
            // RFC 7515, 4.1.11: whoever does not understand an extension must not pass over it.
            let reason = "its header has `crit`, and no extension is understood here";
            return Err(TokenError::Invalid(reason.to_owned()));
        }
        Ok(decoded.claims)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be a positive number; a huge one saturates"
)]
fn time(claim: &str, seconds: f64) -> Result<Micros, TokenError> {
    if seconds.is_finite() && seconds >= 0.0 {
        Ok(Micros::saturating((seconds * 1_000_000.0) as u64))
    } else {
        Err(TokenError::Invalid(format!("`{claim}` is not a time")))
    }
}

#[cfg(test)]
mod tests;
