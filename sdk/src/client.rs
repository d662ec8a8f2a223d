//! What JavaScript calls.

use std::rc::Rc;

use js_sys::{Array, Uint8Array};
use seqline_core::{
    CallId, Command, Config, ConnId, DeliveryId, Draft, Failure, FailureCode, Input, Session,
    WriteId,
};
use seqline_protocol::{
    ClientMsgId, ConvId, ConvSeq, Encoded, Encoding, ErrorCode, Kind, Start, Target,
};
use serde::{Deserialize, de::DeserializeOwned};
use wasm_bindgen::prelude::*;

use crate::{app::App, driver::Driver, values};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
export interface Settings {
  /** Present in a browser, whose sockets and life-cycle events are then used. */
  url?: string;
  host: string;
  app_version?: string;
  json: boolean;
  newest: boolean;
  connect_timeout_ms?: number;
  backoff_base_ms?: number;
  backoff_max_ms?: number;
  send_deadline_ms?: number;
  request_timeout_ms?: number;
}

export type Target = { user: string } | { conv: string };

export interface Draft {
  client_msg_id: string;
  to: Target;
  kind: string;
  body: string;
  priority?: 'low' | 'normal' | 'high';
  expires_us?: number;
}

export type Request =
  | { send: Draft }
  | { retry: { client_msg_id: string } }
  | { discard: { client_msg_id: string } }
  | { history: { conv: string; before?: number; after?: number; limit?: number } }
  | { conversations: { page?: string; limit?: number } }
  | { read: { conv: string; conv_seq: number } }
  | { recall: { conv: string; conv_seq: number } }
  | { ephemeral: { to: Target; kind: string; body: string } };
"#;

#[wasm_bindgen]
extern "C" {
    /// A [`Settings`].
    #[wasm_bindgen(typescript_type = "Settings")]
    pub type JsSettings;

    /// A [`Request`].
    #[wasm_bindgen(typescript_type = "Request")]
    pub type JsRequest;
}

#[derive(Deserialize)]
struct Settings {
    url: Option<String>,
    host: String,
    app_version: Option<String>,
    json: bool,
    newest: bool,
    connect_timeout_ms: Option<u64>,
    backoff_base_ms: Option<u64>,
    backoff_max_ms: Option<u64>,
    send_deadline_ms: Option<u64>,
    request_timeout_ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Send(Draft),
    Retry {
        client_msg_id: ClientMsgId,
    },
    Discard {
        client_msg_id: ClientMsgId,
    },
    History {
        conv: ConvId,
        before: Option<ConvSeq>,
        after: Option<ConvSeq>,
        limit: Option<u16>,
    },
    Conversations {
        page: Option<String>,
        limit: Option<u16>,
    },
    Read {
        conv: ConvId,
        conv_seq: ConvSeq,
    },
    Recall {
        conv: ConvId,
        conv_seq: ConvSeq,
    },
    Ephemeral {
        to: Target,
        kind: Kind,
        body: String,
    },
}

/// A session, and the loop that drives it.
#[wasm_bindgen]
pub struct Client {
    driver: Rc<Driver>,
}

#[wasm_bindgen]
impl Client {
    /// Makes a session from 32 random bytes and what the store holds.
    #[wasm_bindgen(constructor)]
    pub fn new(
        app: App,
        settings: JsSettings,
        seed: &[u8],
        stored: &Array,
    ) -> Result<Self, JsValue> {
        let settings: Settings = parse(settings.into())?;
        let url = settings.url.clone();
        let seed = seed
            .try_into()
            .map_err(|_| refusal("a seed has 32 bytes".to_owned()))?;
        let stored = values::stored(stored);
        let driver = Driver::new(app, url, |now| {
            Session::new(config(settings), seed, stored, now)
        });
        Ok(Self { driver })
    }

    /// To be called once, when the app is ready to be called.
    pub fn start(&self) {
        self.driver.start();
    }

    pub fn connect(&self) {
        self.driver.feed(Input::Connect);
    }

    pub fn disconnect(&self) {
        self.driver.feed(Input::Disconnect);
    }

    /// Asks for something; answered through the app.
    pub fn call(&self, call: u32, request: JsRequest) -> Result<(), JsValue> {
        let command = command(parse(request.into())?);
        self.driver.feed(Input::Call(CallId(call), command));
        Ok(())
    }

    pub fn token(&self, token: String) {
        self.driver.feed(Input::Token(token));
    }

    #[wasm_bindgen(js_name = tokenFailed)]
    pub fn token_failed(&self, reason: String) {
        self.driver.feed(Input::TokenFailed(reason));
    }

    pub fn taken(&self, delivery: u32) {
        self.driver.feed(Input::Taken(DeliveryId(delivery)));
    }

    /// The events after the first `taken` ones are delivered again later.
    pub fn refused(&self, delivery: u32, taken: usize) {
        let delivery = DeliveryId(delivery);
        self.driver.feed(Input::Refused { delivery, taken });
    }

    pub fn persisted(&self, write: u32) {
        self.driver.feed(Input::Persisted(WriteId(write)));
    }

    #[wasm_bindgen(js_name = persistFailed)]
    pub fn persist_failed(&self, write: u32, reason: String) {
        self.driver
            .feed(Input::PersistFailed(WriteId(write), reason));
    }

    pub fn opened(&self, conn: u32) {
        self.driver.feed(Input::Opened(ConnId(conn)));
    }

    #[wasm_bindgen(js_name = receivedText)]
    pub fn received_text(&self, conn: u32, frame: String) {
        self.driver
            .feed(Input::Received(ConnId(conn), Encoded::Text(frame)));
    }

    #[wasm_bindgen(js_name = receivedBinary)]
    pub fn received_binary(&self, conn: u32, frame: &Uint8Array) {
        self.driver.feed(Input::Received(
            ConnId(conn),
            Encoded::Binary(frame.to_vec()),
        ));
    }

    pub fn closed(&self, conn: u32, code: Option<u16>) {
        let conn = ConnId(conn);
        self.driver.feed(Input::Closed { conn, code });
    }

    pub fn online(&self, online: bool) {
        self.driver.feed(Input::Online(online));
    }

    pub fn background(&self, background: bool) {
        self.driver.feed(Input::Background(background));
    }

    pub fn probe(&self) {
        self.driver.feed(Input::Probe);
    }

    #[wasm_bindgen(unchecked_return_type = "any")]
    pub fn stats(&self) -> JsValue {
        values::to_js(&self.driver.stats())
    }
}

fn parse<T: DeserializeOwned>(value: JsValue) -> Result<T, JsValue> {
    serde_wasm_bindgen::from_value(value).map_err(|error| refusal(error.to_string()))
}

fn refusal(message: String) -> JsValue {
    values::to_js(&Failure {
        code: FailureCode::Relay(ErrorCode::FieldInvalid),
        message,
        retryable: false,
    })
}

fn config(settings: Settings) -> Config {
    let defaults = Config::default();
    Config {
        host: settings.host,
        app_version: settings.app_version,
        encoding: if settings.json {
            Encoding::Text
        } else {
            Encoding::Binary
        },
        start: if settings.newest {
            Start::Newest
        } else {
            Start::Oldest
        },
        connect_timeout_ms: settings
            .connect_timeout_ms
            .unwrap_or(defaults.connect_timeout_ms),
        backoff_base_ms: settings.backoff_base_ms.unwrap_or(defaults.backoff_base_ms),
        backoff_max_ms: settings.backoff_max_ms.unwrap_or(defaults.backoff_max_ms),
        send_deadline_ms: settings
            .send_deadline_ms
            .unwrap_or(defaults.send_deadline_ms),
        request_timeout_ms: settings
            .request_timeout_ms
            .unwrap_or(defaults.request_timeout_ms),
        ..defaults
    }
}

fn command(request: Request) -> Command {
    match request {
        Request::Send(draft) => Command::Send(draft),
        Request::Retry { client_msg_id } => Command::Retry(client_msg_id),
        Request::Discard { client_msg_id } => Command::Discard(client_msg_id),
        Request::History {
            conv,
            before,
            after,
            limit,
        } => Command::History {
            conv,
            before,
            after,
            limit,
        },
        Request::Conversations { page, limit } => Command::Conversations { page, limit },
        Request::Read { conv, conv_seq } => Command::Read { conv, conv_seq },
        Request::Recall { conv, conv_seq } => Command::Recall { conv, conv_seq },
        Request::Ephemeral { to, kind, body } => Command::Ephemeral { to, kind, body },
    }
}
