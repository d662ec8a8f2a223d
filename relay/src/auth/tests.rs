//! Which tokens are taken, and with which code the others are refused.

use seqline_protocol::{AppId, ErrorCode, Label, Micros, UserId, limits::TOKEN_BYTES_MAX};
use serde_json::{Value, json};

use self::forged::{base64, forged};
use super::{Identity, Keyring, Profile, Scope, TokenError};
use crate::{
    account::Account,
    limits::{ATTRIBUTE_BYTES_MAX, ATTRIBUTES_MAX, SEGMENTS_MAX},
};

#[path = "../../tests/support/forged.rs"]
mod forged;

const SECRET: &str = "the secret of the app, 32 bytes and more";
const OTHER_SECRET: &str = "the secret of the other app, 32 bytes and more";
const NOW_S: u64 = 1_700_000_000;

fn keyring() -> Keyring {
    let app = |name: &str| AppId::new(name).unwrap();
    Keyring::new([(&app("app"), SECRET), (&app("other"), OTHER_SECRET)])
}

fn identity() -> Identity {
    Identity {
        account: Account {
            app: AppId::new("app").unwrap(),
            user: UserId::new("alice").unwrap(),
        },
        scope: Scope::User,
        expires: Micros::new((NOW_S + 60) * 1_000_000).unwrap(),
        profile: Profile::default(),
    }
}

fn verify(token: &str) -> Result<Identity, ErrorCode> {
    let now = Micros::new(NOW_S * 1_000_000).unwrap();
    keyring()
        .verify(token, now, Scope::User)
        .map_err(|error| error.code())
}

fn claims() -> Value {
    json!({ "app": "app", "sub": "alice", "scope": "user", "exp": NOW_S + 60 })
}

fn with(key: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[key] = value;
    claims
}

fn without(key: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(key);
    claims
}

#[test]
fn what_is_signed_here_is_taken_here() {
    let token = keyring().sign(&identity()).unwrap();
    assert_eq!(verify(&token), Ok(identity()));
    let unknown = Identity {
        account: Account {
            app: AppId::new("unknown").unwrap(),
            user: identity().account.user,
        },
        ..identity()
    };
    assert_eq!(keyring().sign(&unknown), None);
}

#[test]
fn every_token_gets_its_answer() {
    let hs256 = json!({ "alg": "HS256", "typ": "JWT" });
    let of = |claims: &Value| forged(&hs256, claims, SECRET);
    let expires = |s| Identity {
        expires: Micros::new(s * 1_000_000).unwrap(),
        ..identity()
    };
    let invalid = Err(ErrorCode::TokenInvalid);
    let cases = [
        ("good", of(&claims()), Ok(identity())),
        (
            "fractional exp",
            of(&with("exp", json!(NOW_S as f64 + 5.5))),
            Ok(Identity {
                expires: Micros::new(NOW_S * 1_000_000 + 5_500_000).unwrap(),
                ..identity()
            }),
        ),
        (
            "a second left",
            of(&with("exp", json!(NOW_S + 1))),
            Ok(expires(NOW_S + 1)),
        ),
        (
            "expired now",
            of(&with("exp", json!(NOW_S))),
            Err(ErrorCode::TokenExpired),
        ),
        (
            "expired long ago",
            of(&with("exp", json!(0))),
            Err(ErrorCode::TokenExpired),
        ),
        ("no exp", of(&without("exp")), invalid.clone()),
        (
            "exp as text",
            of(&with("exp", json!("soon"))),
            invalid.clone(),
        ),
        ("negative exp", of(&with("exp", json!(-1))), invalid.clone()),
        (
            "valid from now on",
            of(&with("nbf", json!(NOW_S))),
            Ok(identity()),
        ),
        (
            "of a clock that is a little ahead",
            of(&with("nbf", json!(NOW_S + 60))),
            Ok(identity()),
        ),
        (
            "not yet valid",
            of(&with("nbf", json!(NOW_S + 61))),
            invalid.clone(),
        ),
        (
            "nbf that is no time",
            of(&with("nbf", json!(-1))),
            invalid.clone(),
        ),
        (
            "nbf as text",
            of(&with("nbf", json!("now"))),
            invalid.clone(),
        ),
        (
            "an extension that must be understood",
            forged(
                &json!({ "alg": "HS256", "crit": ["b64"], "b64": false }),
                &claims(),
                SECRET,
            ),
            invalid.clone(),
        ),
        (
            "scope server",
            of(&with("scope", json!("server"))),
            Err(ErrorCode::ScopeForbidden),
        ),
        (
            "scope operator",
            of(&with("scope", json!("operator"))),
            Err(ErrorCode::ScopeForbidden),
        ),
        (
            "unknown scope",
            of(&with("scope", json!("root"))),
            invalid.clone(),
        ),
        ("no scope", of(&without("scope")), invalid.clone()),
        ("no user", of(&without("sub")), invalid.clone()),
        (
            "a user that is no id",
            of(&with("sub", json!("a b"))),
            invalid.clone(),
        ),
        ("no app", of(&without("app")), invalid.clone()),
        (
            "an unknown app",
            of(&with("app", json!("nowhere"))),
            invalid.clone(),
        ),
        (
            "another app's claim",
            of(&with("app", json!("other"))),
            invalid.clone(),
        ),
        (
            "another app's key",
            forged(&hs256, &claims(), OTHER_SECRET),
            invalid.clone(),
        ),
        (
            "alg none",
            forged(&json!({ "alg": "none" }), &claims(), SECRET),
            invalid.clone(),
        ),
        (
            "alg HS512",
            forged(&json!({ "alg": "HS512" }), &claims(), SECRET),
            invalid.clone(),
        ),
        (
            "alg RS256",
            forged(&json!({ "alg": "RS256" }), &claims(), SECRET),
            invalid.clone(),
        ),
        (
            "no alg",
            forged(&json!({}), &claims(), SECRET),
            invalid.clone(),
        ),
        ("nothing", String::new(), invalid.clone()),
        ("dots", "..".to_owned(), invalid.clone()),
        ("nonsense", "x.y.z".to_owned(), invalid.clone()),
        (
            "a huge one",
            "x".repeat(TOKEN_BYTES_MAX + 1),
            invalid.clone(),
        ),
    ];
    for (name, token, expected) in cases {
        assert_eq!(verify(&token), expected, "{name}");
    }
}

#[test]
fn tokens_of_the_secret_before_are_taken_while_it_is_named() {
    let (app, other) = (AppId::new("app").unwrap(), AppId::new("other").unwrap());
    let now = Micros::new(NOW_S * 1_000_000).unwrap();
    let new_secret = "the next secret of the app, 32 bytes and more";
    let token = |secret| forged(&json!({ "alg": "HS256" }), &claims(), secret);
    let secrets = || [(&app, new_secret), (&other, OTHER_SECRET)];
    let changed = Keyring::new(secrets());
    let changing = Keyring::new(secrets()).with_previous([(&app, SECRET)]);
    for (secret, after, meanwhile) in [
        (new_secret, true, true),
        (SECRET, false, true),
        (OTHER_SECRET, false, false),
    ] {
        let token = token(secret);
        assert_eq!(changed.identify(&token, now).is_ok(), after, "{secret}");
        assert_eq!(
            changing.identify(&token, now).is_ok(),
            meanwhile,
            "{secret}"
        );
    }
    let signed = changing.sign(&identity()).unwrap();
    assert!(
        changed.identify(&signed, now).is_ok(),
        "signs with the new one"
    );
}

#[test]
fn a_token_without_its_signature_or_with_a_part_changed_is_refused() {
    let token = keyring().sign(&identity()).unwrap();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (header, payload) = message.split_once('.').unwrap();
    let bob = base64(with("sub", json!("bob")).to_string().as_bytes());
    let none = base64(b"{\"alg\":\"none\"}");
    for changed in [
        message.to_owned(),
        format!("{message}."),
        format!("{header}.{bob}.{signature}"),
        format!("{none}.{payload}."),
        format!("{none}.{payload}.{signature}"),
        format!("{token}x"),
    ] {
        assert_eq!(verify(&changed), Err(ErrorCode::TokenInvalid), "{changed}");
    }
}

fn profile(claims: &Value) -> Result<Profile, String> {
    let token = forged(&json!({ "alg": "HS256", "typ": "JWT" }), claims, SECRET);
    let now = Micros::new(NOW_S * 1_000_000).unwrap();
    match keyring().verify(&token, now, Scope::User) {
        Ok(identity) => Ok(identity.profile),
        Err(TokenError::Invalid(reason)) => Err(reason),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn what_a_token_says_of_its_user_comes_through() {
    let label = |text: &str| Label::new(text).unwrap();
    let full = Profile {
        guest: true,
        segments: [label("gold"), label("eu")].into(),
        attributes: [("name".to_owned(), "Ännchen & {{x}}".to_owned())].into(),
    };
    let signed = Identity {
        profile: full.clone(),
        ..identity()
    };
    let token = keyring().sign(&signed).unwrap();
    assert_eq!(verify(&token), Ok(signed));
    let mut claims = claims();
    claims["guest"] = json!(true);
    claims["segments"] = json!(["gold", "eu", "gold"]);
    claims["attributes"] = json!({ "name": "Ännchen & {{x}}" });
    assert_eq!(profile(&claims), Ok(full));
    for nothing in [json!(null), json!([]), json!({}), json!(false)] {
        let key = match nothing {
            Value::Array(_) => "segments",
            Value::Object(_) => "attributes",
            _ => "guest",
        };
        assert_eq!(profile(&with(key, nothing)), Ok(Profile::default()));
    }
}

#[test]
fn a_bad_profile_refuses_the_token_in_words() {
    let names = |count: usize| (0..count).map(|n| format!("n{n}"));
    let texts = |count: usize| {
        let texts = names(count).map(|name| (name, json!("x")));
        Value::Object(texts.collect())
    };
    assert!(profile(&with("segments", names(SEGMENTS_MAX).collect())).is_ok());
    assert!(profile(&with("attributes", texts(ATTRIBUTES_MAX))).is_ok());
    let longest = "x".repeat(ATTRIBUTE_BYTES_MAX);
    assert!(profile(&with("attributes", json!({ "a": longest }))).is_ok());
    for (key, value) in [
        ("guest", json!("yes")),
        ("guest", json!(1)),
        ("segments", json!("gold")),
        ("segments", json!({ "gold": true })),
        ("segments", json!(["gold", 7])),
        ("segments", json!(["two words"])),
        ("segments", json!([""])),
        ("segments", names(SEGMENTS_MAX + 1).collect()),
        ("attributes", json!("name")),
        ("attributes", json!(["name"])),
        ("attributes", json!({ "age": 7 })),
        ("attributes", json!({ "name": null })),
        ("attributes", json!({ "two words": "x" })),
        ("attributes", json!({ "name": "line\nline" })),
        ("attributes", json!({ "name": format!("{longest}x") })),
        ("attributes", texts(ATTRIBUTES_MAX + 1)),
    ] {
        let reason = profile(&with(key, value.clone())).unwrap_err();
        assert!(reason.starts_with(&format!("`{key}")), "{value}: {reason}");
    }
}
