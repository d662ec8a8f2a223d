//! What a page goes through: network lost and back, hidden and shown, frozen and resumed.

use js_sys::Reflect;
use seqline_core::Input;
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use web_sys::{Document, Event, EventTarget, Navigator};

use super::Feeder;

#[wasm_bindgen]
extern "C" {
    // Workers have none.
    #[wasm_bindgen(thread_local_v2, js_name = document)]
    static DOCUMENT: Option<Document>;

    // A window, or a worker's scope.
    #[wasm_bindgen(thread_local_v2, js_name = globalThis)]
    static GLOBAL: EventTarget;

    #[wasm_bindgen(thread_local_v2, js_name = navigator)]
    static NAVIGATOR: Option<Navigator>;
}

/// Listeners, removed when dropped.
pub(super) struct Lifecycle(Vec<Listener>);

impl Lifecycle {
    /// Tells how things are now, then of every change.
    pub(super) fn watch(feeder: &Feeder) -> Self {
        if !is_online() {
            feeder.feed(Input::Online(false));
        }
        if is_hidden() {
            feeder.feed(Input::Background(true));
        }

        let mut listeners = Self(Vec::new());
        let global = GLOBAL.with(Clone::clone);
        for name in ["online", "offline"] {
            listeners.add(&global, name, feeder, |feeder| {
                feeder.feed(Input::Online(is_online()));
            });
        }
        // Comes after the back-forward cache too, where no socket survives.
        listeners.add(&global, "pageshow", feeder, |feeder| {
            feeder.feed(Input::Probe);
        });
        if let Some(document) = DOCUMENT.with(Clone::clone) {
            listeners.add(&document, "visibilitychange", feeder, |feeder| {
                feeder.feed(Input::Background(is_hidden()));
                if !is_hidden() {
                    feeder.feed(Input::Probe);
                }
            });
            listeners.add(&document, "freeze", feeder, |feeder| {
                feeder.feed(Input::Background(true));
            });
            listeners.add(&document, "resume", feeder, |feeder| {
                feeder.feed(Input::Background(is_hidden()));
                feeder.feed(Input::Probe);
            });
        }
        // Wi-Fi to mobile and the like; not in every browser.
        if let Some(connection) = network_information() {
            listeners.add(&connection, "change", feeder, |feeder| {
                feeder.feed(Input::Probe);
            });
        }
        listeners
    }

    fn add(
        &mut self,
        target: &EventTarget,
        name: &'static str,
        feeder: &Feeder,
        handle: fn(&Feeder),
    ) {
        let feeder = feeder.clone();
        let closure = Closure::<dyn FnMut(Event)>::new(move |_| handle(&feeder));
        let callback = closure.as_ref().unchecked_ref();
        if target
            .add_event_listener_with_callback(name, callback)
            .is_ok()
        {
            self.0.push(Listener {
                target: target.clone(),
                name,
                closure,
            });
        }
    }
}

struct Listener {
    target: EventTarget,
    name: &'static str,
    closure: Closure<dyn FnMut(Event)>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        let callback = self.closure.as_ref().unchecked_ref();
        let _ = self
            .target
            .remove_event_listener_with_callback(self.name, callback);
    }
}

fn is_online() -> bool {
    NAVIGATOR.with(|navigator| navigator.as_ref().is_none_or(Navigator::on_line))
}

fn is_hidden() -> bool {
    DOCUMENT.with(|document| document.as_ref().is_some_and(Document::hidden))
}

fn network_information() -> Option<EventTarget> {
    let navigator = NAVIGATOR.with(Clone::clone)?;
    Reflect::get(&navigator, &JsValue::from_str("connection"))
        .ok()
        .filter(JsValue::is_object)
        .map(JsCast::unchecked_into)
}
