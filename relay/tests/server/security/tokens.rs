//! Every kind of token that opens nothing.

use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use seqline_protocol::limits::TOKEN_BYTES_MAX;
use seqline_relay::{auth::Scope, clock::Clock as _};
use serde_json::{Value, json};
use sha2::{Sha384, Sha512};

use crate::{
    forged::{base64, forged, unsigned},
    support::{OTHER_SECRET, Relay, SECRET},
};

/// Tokens that differ in one thing from one that opens everything that alice may.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// The code with which each is refused.
    pub(crate) code: &'static str,
    pub(crate) tokens: Vec<String>,
}

pub(crate) fn bad_kinds(relay: &Relay, scope: Scope) -> Vec<Kind> {
    let now_s = relay.clock.now().wall.get() / 1_000_000;
    let claims = json!({
        "app": "app", "sub": "alice", "scope": scope.as_str(), "exp": now_s + 3600,
    });
    let with = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        claims
    };
    let without = |name: &str| {
        let mut claims = claims.clone();
        claims.as_object_mut().unwrap().remove(name);
        claims
    };
    let hs256 = json!({ "alg": "HS256", "typ": "JWT" });
    let signed = |claims: &Value| forged(&hs256, claims, SECRET);
    let good = signed(&claims);
    let (message, signature) = good.rsplit_once('.').unwrap();
    let headed = |more: Value, secret: &str| {
        let mut header = hs256.clone();
        header
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        forged(&header, &claims, secret)
    };
    let own_key = "a key of the attacker's own, 32 bytes and more";
    let jwk = json!({ "kty": "oct", "k": base64(own_key.as_bytes()), "alg": "HS256" });
    let expired = relay.token_of("app", "alice", scope, Duration::ZERO);
    let kind = |name, code, tokens| Kind { name, code, tokens };
    let invalid = |name, tokens| kind(name, "token_invalid", tokens);
    vec![
        invalid("none", vec![String::new()]),
        invalid(
            "garbage",
            [
                "x",
                "x.y.z",
                "..",
                "null",
                "{}",
                &"a".repeat(TOKEN_BYTES_MAX + 1),
            ]
            .map(str::to_owned)
            .to_vec(),
        ),
        kind(
            "expired",
            "token_expired",
            vec![expired, signed(&with("exp", json!(0)))],
        ),
        invalid(
            "without `exp`, or with one that is no time",
            vec![
                signed(&without("exp")),
                signed(&with("exp", json!("tomorrow"))),
                signed(&with("exp", json!(-1))),
            ],
        ),
        invalid(
            "not yet valid (`nbf`)",
            vec![signed(&with("nbf", json!(now_s + 3600)))],
        ),
        invalid(
            "without signature",
            vec![message.to_owned(), format!("{message}.")],
        ),
        invalid(
            "wrong signature",
            vec![
                format!("{message}.{}", base64(&[0; 32])),
                format!("{message}.{}", &signature[..signature.len() - 2]),
                format!("{message}.{signature}AA"),
                format!(
                    "{}.{signature}",
                    unsigned(&hs256, &with("sub", json!("mallory")))
                ),
                forged(&hs256, &claims, own_key),
            ],
        ),
        invalid("`alg: none`", none_spelled_in_many_ways(&claims, signature)),
        invalid("signed with another algorithm's name", {
            let names = [
                "RS256", "ES256", "PS256", "EdDSA", "HS384", "hs256", "HS256 ",
            ];
            names
                .map(|name| forged(&json!({ "alg": name }), &claims, SECRET))
                .to_vec()
        }),
        invalid(
            "signed with another algorithm and the app's secret",
            vec![hs384(&claims), hs512(&claims)],
        ),
        invalid(
            "signed with what is public",
            vec![
                forged(&hs256, &claims, ""),
                forged(&hs256, &claims, "app"),
                forged(&hs256, &claims, "-----BEGIN PUBLIC KEY-----"),
            ],
        ),
        invalid(
            "signed with another app's secret",
            vec![
                forged(&hs256, &claims, OTHER_SECRET),
                headed(json!({ "kid": "other" }), OTHER_SECRET),
            ],
        ),
        invalid(
            "another app's, renamed in the claims",
            vec![signed(&with("app", json!("other")))],
        ),
        invalid(
            "of an app that there is not",
            vec![
                signed(&with("app", json!("nowhere"))),
                signed(&without("app")),
                signed(&with("app", json!(["app", "other"]))),
            ],
        ),
        invalid(
            "brings its own key (`kid`, `jwk`, `jku`, `x5u`)",
            vec![
                headed(json!({ "kid": "../../../../dev/null" }), ""),
                headed(json!({ "kid": "' OR 1=1 --" }), own_key),
                headed(json!({ "jwk": jwk }), own_key),
                headed(json!({ "jku": "https://evil.example/keys" }), own_key),
                headed(json!({ "x5u": "https://evil.example/cert" }), own_key),
            ],
        ),
        invalid(
            "asks for an extension (`crit`)",
            vec![
                headed(json!({ "crit": ["b64"], "b64": false }), SECRET),
                headed(json!({ "crit": ["exp"] }), SECRET),
            ],
        ),
        invalid(
            "of a scope that there is not",
            vec![
                signed(&with("scope", json!("admin"))),
                signed(&with("scope", json!(["user", "operator"]))),
                signed(&with("scope", json!("User"))),
                signed(&without("scope")),
            ],
        ),
        invalid(
            "of nobody",
            vec![
                signed(&without("sub")),
                signed(&with("sub", json!(""))),
                signed(&with("sub", json!("alice\u{0}"))),
                signed(&with("sub", json!("@@ alice"))),
            ],
        ),
    ]
}

fn none_spelled_in_many_ways(claims: &Value, signature: &str) -> Vec<String> {
    let names = ["none", "None", "NONE", "nOnE", "none ", "", "null"].map(Value::from);
    let others = [Value::Null, json!(0), json!(["none"]), json!({})];
    let mut tokens = Vec::new();
    for name in names.into_iter().chain(others) {
        let message = unsigned(&json!({ "alg": name, "typ": "JWT" }), claims);
        tokens.push(format!("{message}."));
        tokens.push(format!("{message}.{signature}"));
        tokens.push(message);
    }
    tokens.push(forged(&json!({ "typ": "JWT" }), claims, SECRET));
    tokens
}

fn hs384(claims: &Value) -> String {
    let message = unsigned(&json!({ "alg": "HS384" }), claims);
    let mac = Hmac::<Sha384>::new_from_slice(SECRET.as_bytes()).unwrap();
    let signature = mac.chain_update(&message).finalize().into_bytes();
    format!("{message}.{}", base64(&signature))
}

fn hs512(claims: &Value) -> String {
    let message = unsigned(&json!({ "alg": "HS512" }), claims);
    let mac = Hmac::<Sha512>::new_from_slice(SECRET.as_bytes()).unwrap();
    let signature = mac.chain_update(&message).finalize().into_bytes();
    format!("{message}.{}", base64(&signature))
}
