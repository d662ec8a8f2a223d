//! One WebSocket and its closures, which go when it goes.

use js_sys::{ArrayBuffer, Uint8Array};
use seqline_core::{ConnId, Input};
use seqline_protocol::Encoded;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{BinaryType, CloseEvent, Event, MessageEvent, WebSocket};

use super::Feeder;
use crate::values;

/// Close codes that a browser makes up when none came.
const NO_CODE: [u16; 2] = [1005, 1006];

pub(super) struct Socket {
    socket: WebSocket,
    _on_open: Closure<dyn FnMut(Event)>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_close: Closure<dyn FnMut(CloseEvent)>,
}

impl Socket {
    pub(super) fn open(url: &str, conn: ConnId, feeder: &Feeder) -> Result<Self, JsValue> {
        let socket = WebSocket::new(url)?;
        socket.set_binary_type(BinaryType::Arraybuffer);

        let on_open = Closure::<dyn FnMut(Event)>::new({
            let feeder = feeder.clone();
            move |_| feeder.feed(Input::Opened(conn))
        });
        socket.set_onopen(Some(on_open.as_ref().unchecked_ref()));

        let on_message = Closure::<dyn FnMut(MessageEvent)>::new({
            let feeder = feeder.clone();
            move |event: MessageEvent| {
                if let Some(frame) = frame(&event.data()) {
                    feeder.feed(Input::Received(conn, frame));
                }
            }
        });
        socket.set_onmessage(Some(on_message.as_ref().unchecked_ref()));

        // `error` says nothing, and `close` always follows it.
        let on_close = Closure::<dyn FnMut(CloseEvent)>::new({
            let feeder = feeder.clone();
            move |event: CloseEvent| {
                let code = Some(event.code()).filter(|code| !NO_CODE.contains(code));
                feeder.feed(Input::Closed { conn, code });
            }
        });
        socket.set_onclose(Some(on_close.as_ref().unchecked_ref()));

        Ok(Self {
            socket,
            _on_open: on_open,
            _on_message: on_message,
            _on_close: on_close,
        })
    }

    pub(super) fn write(&self, frame: &Encoded) -> Result<(), JsValue> {
        match frame {
            Encoded::Text(text) => self.socket.send_with_str(text),
            Encoded::Binary(bytes) => self
                .socket
                .send_with_array_buffer_view(&values::bytes_to_js(bytes)),
        }
    }

    pub(super) fn close(self, code: u16, reason: &str) -> Result<(), JsValue> {
        self.socket.close_with_code_and_reason(code, reason)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.socket.ready_state() == WebSocket::CLOSED
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
    }
}

fn frame(data: &JsValue) -> Option<Encoded> {
    match data.as_string() {
        Some(text) => Some(Encoded::Text(text)),
        None => data
            .dyn_ref::<ArrayBuffer>()
            .map(|buffer| Encoded::Binary(Uint8Array::new(buffer).to_vec())),
    }
}
