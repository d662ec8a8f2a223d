//! What the app can ask for, as it comes from JavaScript.

use seqline_core::{Command, Draft};
use seqline_protocol::{
    ClientMsgId, ConvId, ConvSeq, IdError, Kind, Label, Micros, Priority, Target, UserId, from_cbor,
};
use serde::Deserialize;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
export type Target = { user: string } | { conv: string };

export type Priority = 'low' | 'normal' | 'high';

export interface Draft {
  client_msg_id: string;
  to: Target;
  kind: string;
  body: string;
  priority: Priority;
  expires_us?: number;
  /** The app's own key, by which a later message can replace this one. */
  key?: string;
  /** Takes the place of this sender's earlier message with the same key. */
  replace?: boolean;
  /** What it is about in the app's business. */
  business?: string;
  /** User ids; `@all` stands for every member. */
  mentions?: string[];
}

/** To `call`, as CBOR. */
export type Request =
  | { send: Draft }
  | { retry: { client_msg_id: string } }
  | { discard: { client_msg_id: string } }
  | { history: { conv: string; before?: number; after?: number; limit?: number } }
  | { conversations: { page?: string; limit?: number } }
  | { read: { conv: string; conv_seq: number } }
  | { recall: { conv: string; conv_seq: number } }
  | { ephemeral: { to: Target; kind: string; body: string; priority?: Priority } }
  /**
   * A method of the relay's API; `params` and what is answered are JSON text. `repeatable`
   * (default false): doing it twice is doing it once, so it is asked again after a lost
   * connection instead of failing with `connection_lost`.
   */
  | { call: { method: string; params: string; repeatable?: boolean } };
"#;

/// Ids are texts here: the reason why one is refused is told to the app.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Send {
        client_msg_id: String,
        to: To,
        kind: String,
        body: String,
        priority: Priority,
        expires_us: Option<Micros>,
        key: Option<String>,
        #[serde(default)]
        replace: bool,
        business: Option<String>,
        #[serde(default)]
        mentions: Vec<String>,
    },
    Retry {
        client_msg_id: String,
    },
    Discard {
        client_msg_id: String,
    },
    History {
        conv: String,
        before: Option<ConvSeq>,
        after: Option<ConvSeq>,
        limit: Option<u16>,
    },
    Conversations {
        page: Option<String>,
        limit: Option<u16>,
    },
    Read {
        conv: String,
        conv_seq: ConvSeq,
    },
    Recall {
        conv: String,
        conv_seq: ConvSeq,
    },
    Ephemeral {
        to: To,
        kind: String,
        body: String,
        #[serde(default)]
        priority: Priority,
    },
    Call {
        method: String,
        params: String,
        #[serde(default)]
        repeatable: bool,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum To {
    User(String),
    Conv(String),
}

/// Why a request is none, for people.
pub(crate) struct Refusal(pub(crate) String);

impl From<IdError> for Refusal {
    fn from(error: IdError) -> Self {
        Self(error.to_string())
    }
}

/// The command that a request stands for.
pub(crate) fn parse(request: &[u8]) -> Result<Command, Refusal> {
    let request = from_cbor(request).ok_or_else(|| {
        Refusal("a value is of another type than expected, or out of range".to_owned())
    })?;
    Ok(match request {
        Request::Send {
            client_msg_id,
            to,
            kind,
            body,
            priority,
            expires_us,
            key,
            replace,
            business,
            mentions,
        } => Command::Send(Draft {
            client_msg_id: ClientMsgId::new(client_msg_id)?,
            to: target(to)?,
            kind: known_kind(kind)?,
            body,
            priority,
            expires_us,
            key: label(key)?,
            replace,
            business: label(business)?,
            mentions: users(mentions)?,
        }),
        Request::Retry { client_msg_id } => Command::Retry(ClientMsgId::new(client_msg_id)?),
        Request::Discard { client_msg_id } => Command::Discard(ClientMsgId::new(client_msg_id)?),
        Request::History {
            conv,
            before,
            after,
            limit,
        } => Command::History {
            conv: ConvId::new(conv)?,
            before,
            after,
            limit,
        },
        Request::Conversations { page, limit } => Command::Conversations { page, limit },
        Request::Read { conv, conv_seq } => Command::Read {
            conv: ConvId::new(conv)?,
            conv_seq,
        },
        Request::Recall { conv, conv_seq } => Command::Recall {
            conv: ConvId::new(conv)?,
            conv_seq,
        },
        Request::Ephemeral {
            to,
            kind,
            body,
            priority,
        } => Command::Ephemeral {
            to: target(to)?,
            kind: known_kind(kind)?,
            body,
            priority,
        },
        Request::Call {
            method,
            params,
            repeatable,
        } => Command::Call {
            method,
            params,
            repeatable,
        },
    })
}

fn target(to: To) -> Result<Target, Refusal> {
    Ok(match to {
        To::User(user) => Target::User(UserId::new(user)?),
        To::Conv(conv) => Target::Conv(ConvId::new(conv)?),
    })
}

fn label(name: Option<String>) -> Result<Option<Label>, Refusal> {
    Ok(name.map(Label::new).transpose()?)
}

fn users(names: Vec<String>) -> Result<Vec<UserId>, Refusal> {
    Ok(names
        .into_iter()
        .map(UserId::new)
        .collect::<Result<_, _>>()?)
}

fn known_kind(name: String) -> Result<Kind, Refusal> {
    Kind::new(name)
        .ok_or_else(|| Refusal("a kind has 1 to 32 characters of a-z 0-9 . _ -".to_owned()))
}
