//! The API's methods: any parameters are answered with JSON, or refused with a code that blames
//! the caller; and nobody gets to see what is another's.
//!
//! An input is lines of `CALLER METHOD PARAMETERS`, called one after the other on a fresh relay.

use std::sync::Arc;

use seqline_protocol::{AppId, ErrorCode, UserId};
use seqline_relay::{
    account::Account,
    api::{Authority, Caller, Place, call},
    app::App,
};

use crate::virtual_relay::{APP, relay, runtime};

const LINES_MAX: usize = 24;

/// What Carol has written to Dave. Whoever is neither, and not of their app's server, finds it only
/// here.
const SECRET: &str = "zyxwvut-for-dave";

/// Calls what the lines say.
pub fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    if text.contains(SECRET) {
        return;
    }
    runtime().block_on(async {
        let relay = relay().await;
        let params = format!(
            r#"{{"to":{{"user":"dave"}},"client_msg_id":"c-1","kind":"text","body":"{SECRET}"}}"#
        );
        let sent = call(&relay.app, &caller("carol"), "messages.send", &params).await;
        assert!(sent.is_ok(), "{sent:?}");
        for line in text.lines().take(LINES_MAX) {
            one(&relay.app, line).await;
        }
        let still = call(&relay.app, &caller("carol"), "conversations.list", "{}").await;
        let list = still.expect("it goes on");
        assert!(list.contains("dave"), "{list}");
        relay.stop().await;
    });
}

async fn one(app: &Arc<App>, line: &str) {
    let mut words = line.splitn(3, ' ');
    let (Some(who), Some(method)) = (words.next(), words.next()) else {
        return;
    };
    let caller = caller(who);
    match call(app, &caller, method, words.next().unwrap_or("{}")).await {
        Ok(value) => {
            serde_json::from_str::<serde::de::IgnoredAny>(&value).expect("JSON");
            let is_stranger = matches!(who, "alice" | "bob" | "mallory" | "rival");
            assert!(!(is_stranger && value.contains(SECRET)), "{line}: {value}");
        }
        Err(error) => {
            assert!(error.code != ErrorCode::Internal, "{line}: {error:?}");
            assert!(!error.message.is_empty() && !error.message.contains(SECRET));
        }
    }
}

/// Users, the app's server and an operator; `mallory` and `rival` are those of another app.
fn caller(name: &str) -> Caller {
    let account = |app: &str, user: &str| {
        Arc::new(Account {
            app: AppId::new(app).expect("a name"),
            user: UserId::new(user).expect("a name"),
        })
    };
    let authority = match name {
        "server" => Authority::Server(AppId::new(APP).expect("a name")),
        "rival" => Authority::Server(AppId::new("other").expect("a name")),
        "operator" => Authority::Operator(account(APP, "olga")),
        "mallory" => Authority::User(account("other", "carol")),
        "bob" | "carol" | "dave" => Authority::User(account(APP, name)),
        _ => Authority::User(account(APP, "alice")),
    };
    Caller {
        authority,
        place: Place::Http,
    }
}
