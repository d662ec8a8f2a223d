//! The wire, held to its promises: natively, and as wasm in a browser.

mod codes;
mod document;
mod golden;
mod hostile;
mod polling;
mod property;
mod rejected;
mod round_trip;
mod samples;
mod sizes;
mod strategies;
mod values;

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
