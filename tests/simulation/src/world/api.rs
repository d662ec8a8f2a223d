//! Calls over HTTP: by the app's server, by operators, and by users beside their sockets.

use std::sync::Arc;

use seqline_protocol::{ClientMsgId, ConvId, ErrorCode, Target, UserId};
use seqline_relay::{
    account::Account,
    api::{Authority, Caller, Place},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::World;
use crate::{
    exits::{app_id, user_id},
    model::{Checked, Promise, Violation, ensure},
    plan::{To, User},
};

/// A group's id.
pub(super) fn group(number: u8) -> ConvId {
    ConvId::new(format!("group:g{number}")).expect("a valid id")
}

/// A channel's id.
pub(super) fn channel(number: u8) -> ConvId {
    ConvId::new(format!("channel:c{number}")).expect("a valid id")
}

/// Where a message is sent.
pub(super) fn target(to: To) -> Target {
    match to {
        To::User(user) => Target::User(user_id(user.0)),
        To::Group(number) => Target::Conv(group(number)),
        To::Channel(number) => Target::Conv(channel(number)),
    }
}

/// The conversation that is.
pub(super) fn conversation(from: &UserId, to: To) -> ConvId {
    match to {
        To::User(user) => ConvId::direct(from, &user_id(user.0)),
        To::Group(number) => group(number),
        To::Channel(number) => channel(number),
    }
}

/// Where a message is, as it is told.
#[derive(Deserialize)]
struct Sent {
    conv: ConvId,
    conv_seq: u64,
}

impl World<'_> {
    /// The app's server calls.
    pub(super) fn call_as_server(&mut self, method: &'static str, params: &Value) {
        self.call(Authority::Server(app_id()), method, params, None);
    }

    /// An operator calls.
    pub(super) fn call_as_operator(&mut self, method: &'static str, params: &Value) {
        let operator = UserId::new("operator").expect("a valid id");
        let account = Account {
            app: app_id(),
            user: operator,
        };
        let authority = Authority::Operator(Arc::new(account));
        self.call(authority, method, params, None);
    }

    /// A user sends over HTTP.
    pub(super) fn send_over_http(
        &mut self,
        user: &UserId,
        id: ClientMsgId,
        to: &Target,
        body: &str,
    ) {
        let account = Account {
            app: app_id(),
            user: user.clone(),
        };
        let authority = Authority::User(Arc::new(account));
        let params = json!({ "to": to, "client_msg_id": id, "body": body });
        let about = Some((user.clone(), id));
        self.call(authority, "messages.send", &params, about);
    }

    /// The app's server sends in the name of a user.
    pub(super) fn send_as_server(&mut self, user: User, to: To) {
        let from = user_id(user.0);
        let number = self.last_call + 1;
        let id = ClientMsgId::new(format!("server-{number}")).expect("a valid id");
        let params = json!({
            "from": from,
            "to": target(to),
            "client_msg_id": id,
            "body": format!("of the server: {number}"),
        });
        let about = Some((from, id));
        self.call(Authority::Server(app_id()), "messages.send", &params, about);
    }

    fn call(
        &mut self,
        authority: Authority,
        method: &'static str,
        params: &Value,
        about: Option<(UserId, ClientMsgId)>,
    ) {
        let Some(relay) = &self.relay else { return };
        self.last_call += 1;
        let caller = Caller {
            authority,
            place: Place::Http,
        };
        relay.call(self.last_call, caller, method, params.to_string());
        self.calls.insert(self.last_call, about);
        self.count("calls_over_http");
    }

    pub(super) fn call_answered(
        &mut self,
        number: u32,
        answer: Result<String, ErrorCode>,
    ) -> Checked {
        let text = match &answer {
            Ok(value) => value.as_bytes(),
            Err(code) => code.as_str().as_bytes(),
        };
        self.trace.note(text, number.into());
        let Some(Some((user, id))) = self.calls.remove(&number) else {
            return Ok(());
        };
        let Ok(value) = answer else { return Ok(()) };
        let Ok(sent) = serde_json::from_str::<Sent>(&value) else {
            let text = format!("messages.send gives {value}");
            return Err(Violation::of(Promise::AcknowledgedMeansStored, text));
        };
        let place = self.truth.place(&user, &id);
        let is_so = place.is_some_and(|(conv, at)| *conv == sent.conv && *at == sent.conv_seq);
        ensure(is_so, Promise::AcknowledgedMeansStored, || {
            format!("{id} of {user} is told as {value}, and is at {place:?}")
        })
    }
}
