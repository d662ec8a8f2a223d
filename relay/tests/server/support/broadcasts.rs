//! Broadcasts, as operators make them and as users see them.

use std::collections::BTreeSet;

use seqline_protocol::{ClientFrame, PublicPage, PublicPlace, RelayFrame, RequestId, Seq};
use seqline_relay::broadcasts::PublicRules;
use serde_json::{Value, json};

use super::{Client, Refused, Relay, Wish};

/// Operator's words of a draft.
pub(crate) fn draft(body: &str) -> Value {
    json!({ "content": { "title": "News", "body": body } })
}

/// A relay where placeholders may have these names.
pub(crate) fn names(names: &[&str]) -> Wish {
    let attribute_names: BTreeSet<String> = names.iter().map(|&name| name.to_owned()).collect();
    Wish {
        public_rules: PublicRules {
            attribute_names,
            ..PublicRules::default()
        },
        ..Wish::default()
    }
}

/// A broadcast as it was last seen, and more to be done with it.
fn of(seen: &Value, more: Value) -> Value {
    let mut params = json!({ "id": seen["id"], "revision": seen["revision"] });
    let Value::Object(more) = more else {
        panic!("more parameters: {more}");
    };
    params.as_object_mut().unwrap().extend(more);
    params
}

impl Relay {
    pub(crate) async fn drafted(&self, body: &str) -> Value {
        self.operator().ok("broadcasts.create", draft(body)).await
    }

    pub(crate) async fn published(&self, body: &str) -> Value {
        let drafted = self.drafted(body).await;
        self.act("publish", &drafted, json!({})).await
    }

    /// Does something with a broadcast. How it is then.
    pub(crate) async fn act(&self, action: &str, seen: &Value, more: Value) -> Value {
        let method = format!("broadcasts.{action}");
        self.operator().ok(&method, of(seen, more)).await
    }

    /// Why something cannot be done with a broadcast; and nothing was done.
    pub(crate) async fn act_refused(&self, action: &str, seen: &Value, more: Value) -> Refused {
        let method = format!("broadcasts.{action}");
        self.refused_and_unchanged(&method, of(seen, more)).await
    }

    /// Why a method is refused; and no operator sees any change.
    pub(crate) async fn refused_and_unchanged(&self, method: &str, params: Value) -> Refused {
        let before = self.all_that_operators_see().await;
        let refused = self.operator().refused(method, params).await;
        assert_eq!(self.all_that_operators_see().await, before, "{method}");
        refused
    }

    async fn all_that_operators_see(&self) -> [Value; 3] {
        let operator = self.operator();
        [
            operator.ok("broadcasts.list", json!({})).await,
            operator.ok("broadcasts.audit", json!({})).await,
            operator.ok("allow_list.get", json!({})).await,
        ]
    }

    /// A broadcast that is somewhere in its life.
    pub(crate) async fn in_state(&self, state: &str) -> Value {
        let none = || json!({});
        let drafted = self.drafted("Hello").await;
        match state {
            "draft" => drafted,
            "staged" => self.act("stage", &drafted, json!({ "percent": 100 })).await,
            "published" => self.act("publish", &drafted, none()).await,
            "stopped" => {
                let published = self.act("publish", &drafted, none()).await;
                self.act("stop", &published, none()).await
            }
            "recalled" => {
                let published = self.act("publish", &drafted, none()).await;
                self.act("recall", &published, none()).await
            }
            other => panic!("no state: {other}"),
        }
    }
}

impl Client {
    /// What the user sees now, by its bodies.
    pub(crate) async fn sees(&mut self) -> Vec<String> {
        let mine = self.call("broadcasts.mine", json!({})).await.unwrap();
        super::texts(&mine["broadcasts"])
    }

    /// Changes of the public mailbox after a place.
    pub(crate) async fn pull_public(&mut self, place: PublicPlace) -> PublicPage {
        let req = RequestId::new(8_000_000).unwrap();
        self.say(&ClientFrame::Pull {
            req,
            after: Seq::ZERO,
            limit: None,
            conv: None,
            public: Some(place),
        })
        .await;
        match self.answer().await {
            RelayFrame::Page {
                req: of,
                public: Some(page),
                ..
            } if of == req => page,
            other => panic!("no page of the public mailbox: {other:?}"),
        }
    }
}
