//! Tokens: only what an app's secret has signed counts, and only as what it says.
//!
//! An input's first byte says how the rest is meant: as a whole token; or as a header and, after a
//! line feed, claims, to be signed with the app's secret or with another one.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, crypto::sign};
use seqline_protocol::AppId;
use seqline_relay::{
    auth::{Keyring, Scope, TokenError},
    limits::{ATTRIBUTES_MAX, SEGMENTS_MAX},
};

use crate::virtual_relay::{APP, now};

const SECRET: &str = "the-secret-of-the-app-demo-which-is-long";
const OTHER_SECRET: &str = "the-secret-of-the-app-other-also-is-long";

/// Tries one token.
pub fn run(input: &[u8]) {
    let Some((way, rest)) = input.split_first() else {
        return;
    };
    let app = AppId::new(APP).expect("a name");
    let other = AppId::new("other").expect("a name");
    let keyring = Keyring::new([(&app, SECRET), (&other, OTHER_SECRET)]);
    let (token, secret) = match way % 3 {
        0 => match std::str::from_utf8(rest) {
            Ok(token) => (token.to_owned(), None),
            Err(_) => return,
        },
        1 => (token(rest, SECRET), Some(APP)),
        _ => (token(rest, OTHER_SECRET), Some("other")),
    };
    let identity = match keyring.identify(&token, now()) {
        Ok(identity) => identity,
        Err(TokenError::Scope { .. }) => panic!("nothing was asked of it"),
        Err(error) => {
            let text = error.to_string();
            // Who names a secret may read it back.
            let given = String::from_utf8_lossy(rest);
            let is_told = |secret| text.contains(secret) && !given.contains(secret);
            assert!(!is_told(SECRET) && !is_told(OTHER_SECRET));
            return;
        }
    };
    let says = identity.account.app.as_str();
    assert!(
        is_signed(&token, says),
        "a token that nobody signed is let in: {token}"
    );
    if let Some(of) = secret {
        assert_eq!(says, of, "the secret of one app signs for another");
    }
    assert!(identity.expires > now());
    assert!(identity.profile.segments.len() <= SEGMENTS_MAX);
    assert!(identity.profile.attributes.len() <= ATTRIBUTES_MAX);
    for wanted in [Scope::User, Scope::Server, Scope::Operator] {
        let verified = keyring.verify(&token, now(), wanted);
        assert_eq!(verified.is_ok(), identity.scope == wanted);
    }
}

fn token(text: &[u8], secret: &str) -> String {
    let end = text.iter().position(|byte| *byte == b'\n');
    let (header, claims) = text.split_at(end.unwrap_or(text.len()));
    let claims = claims.get(1..).unwrap_or_default();
    let (header, claims) = (
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims),
    );
    let message = format!("{header}.{claims}");
    let signature = signature(&message, secret);
    format!("{message}.{signature}")
}

fn signature(message: &str, secret: &str) -> String {
    let key = EncodingKey::from_secret(secret.as_bytes());
    sign(message.as_bytes(), &key, Algorithm::HS256).expect("a signature")
}

/// Whether the app's own secret gives this signature, and the header promises no other.
fn is_signed(token: &str, app: &str) -> bool {
    let secret = if app == APP { SECRET } else { OTHER_SECRET };
    let Some((message, given)) = token.rsplit_once('.') else {
        return false;
    };
    let header = message.split('.').next().unwrap_or_default();
    let header = URL_SAFE_NO_PAD.decode(header).unwrap_or_default();
    let header: serde_json::Value = serde_json::from_slice(&header).unwrap_or_default();
    header.get("alg").and_then(serde_json::Value::as_str) == Some("HS256")
        && given == signature(message, secret)
}
