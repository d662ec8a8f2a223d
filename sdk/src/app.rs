//! What JavaScript implements.

use js_sys::Array;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/**
 * What the session calls. Every call is made with nothing borrowed: it may call back.
 * Events, answers and failures are CBOR.
 */
export interface App {
  /** Milliseconds of a clock that never goes back. */
  monotonicMs(): number;
  /** Asks for a token; answered by `token` or `tokenFailed`. */
  fetchToken(reason: 'connect' | 'expired' | 'refresh'): void;
  /** Changes the store; answered by `persisted` or `persistFailed`. */
  persist(write: number, changes: [key: string, value: Uint8Array | null][]): void;
  /** Hands over a list of events; answered by `taken` or `refused`. */
  deliver(delivery: number, events: Uint8Array): void;
  /** Tells of an event. */
  emit(event: Uint8Array): void;
  /** Answers a `call`: with what it gave, or with a failure. */
  answer(call: number, ok: boolean, value: Uint8Array): void;
  /** Calls `timeout` when the clock has reached it, and forgets what it was asked before. */
  wakeAt(atMs?: number): void;
  /** Opens a socket; told by `opened`, `received` and `closed`. */
  openSocket(conn: number): void;
  /** Writes a frame. */
  writeSocket(conn: number, frame: string | Uint8Array): void;
  /** Closes a socket. */
  closeSocket(conn: number, code: number, reason: string): void;
  /** The session has hit a fault of its own, and does nothing from now on. */
  crashed(message: string): void;
}
"#;

#[wasm_bindgen]
extern "C" {
    /// The embedding side, as the interface above. Exceptions are caught, as one
    /// that passes through wasm would leave the loop half done.
    #[wasm_bindgen(typescript_type = "App")]
    pub type App;

    #[wasm_bindgen(method, js_name = monotonicMs)]
    pub(crate) fn monotonic_ms(this: &App) -> f64;

    #[wasm_bindgen(method, catch, js_name = fetchToken)]
    pub(crate) fn fetch_token(this: &App, reason: &str) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn persist(this: &App, write: u32, changes: Array) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn deliver(this: &App, delivery: u32, events: JsValue) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn emit(this: &App, event: JsValue) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn answer(this: &App, call: u32, ok: bool, value: JsValue) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch, js_name = wakeAt)]
    pub(crate) fn wake_at(this: &App, at_ms: Option<f64>) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch, js_name = openSocket)]
    pub(crate) fn open_socket(this: &App, conn: u32) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch, js_name = writeSocket)]
    pub(crate) fn write_socket(this: &App, conn: u32, frame: JsValue) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch, js_name = closeSocket)]
    pub(crate) fn close_socket(
        this: &App,
        conn: u32,
        code: u16,
        reason: &str,
    ) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn crashed(this: &App, message: &str) -> Result<(), JsValue>;
}
