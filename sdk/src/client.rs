//! What JavaScript calls.

use std::rc::Rc;

use js_sys::{Array, Uint8Array};
use seqline_core::{
    CallId, Config, ConnId, DeliveryId, Failure, FailureCode, Input, NetworkKind, Session, WriteId,
};
use seqline_protocol::{Encoded, ErrorCode, Label, Secret, Start, from_cbor};
use serde::Deserialize;
use wasm_bindgen::prelude::*;

use crate::{app::App, driver::Driver, request, values};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** To the constructor, as CBOR. */
export interface Settings {
  host: string;
  /** What kind of device it is, where the app allows one of each. Default: `host`. */
  platform?: string;
  app_version?: string;
  start: 'oldest' | 'newest';
  connect_timeout_ms?: number;
  backoff_base_ms?: number;
  backoff_max_ms?: number;
  send_deadline_ms?: number;
  request_timeout_ms?: number;
}
"#;

#[derive(Deserialize)]
struct Settings {
    host: String,
    platform: Option<Label>,
    app_version: Option<String>,
    start: Start,
    connect_timeout_ms: Option<u64>,
    backoff_base_ms: Option<u64>,
    backoff_max_ms: Option<u64>,
    send_deadline_ms: Option<u64>,
    request_timeout_ms: Option<u64>,
}

/// A session, and the loop that drives it.
#[wasm_bindgen]
pub struct Client {
    driver: Rc<Driver>,
}

#[wasm_bindgen]
impl Client {
    /// Makes a session from its settings, 32 random bytes and what the store holds.
    ///
    /// Throws a failure, as CBOR, if these are not of that form.
    #[wasm_bindgen(constructor)]
    pub fn new(app: App, settings: &[u8], seed: &[u8], stored: &Array) -> Result<Self, JsValue> {
        let (Some(settings), Ok(seed)) = (from_cbor::<Settings>(settings), seed.try_into()) else {
            return Err(thrown(
                "the settings are not of the expected form".to_owned(),
            ));
        };
        let stored = values::stored(stored);
        let driver = Driver::new(app, |now| Session::new(config(settings), seed, stored, now));
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
    ///
    /// Throws a failure, as CBOR, if the request is none.
    pub fn call(&self, call: u32, request: &[u8]) -> Result<(), JsValue> {
        let command = request::parse(request).map_err(thrown)?;
        self.driver.feed(Input::Call(CallId(call), command));
        Ok(())
    }

    pub fn token(&self, token: String) {
        self.driver.feed(Input::Token(Secret::new(token)));
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

    /// What `wakeAt` asked for.
    pub fn timeout(&self) {
        self.driver.feed(Input::Timeout);
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

    pub fn network(&self, kind: &str) {
        let kind = match kind {
            "wifi" => NetworkKind::Wifi,
            "cellular" => NetworkKind::Cellular,
            "ethernet" => NetworkKind::Ethernet,
            _ => NetworkKind::Unknown,
        };
        self.driver.feed(Input::Network(kind));
    }

    pub fn background(&self, background: bool) {
        self.driver.feed(Input::Background(background));
    }

    pub fn probe(&self) {
        self.driver.feed(Input::Probe);
    }

    /// As CBOR.
    #[wasm_bindgen(unchecked_return_type = "Uint8Array")]
    pub fn stats(&self) -> JsValue {
        values::to_js(&self.driver.stats())
    }
}

fn thrown(message: String) -> JsValue {
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
        platform: settings.platform,
        app_version: settings.app_version,
        start: settings.start,
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
