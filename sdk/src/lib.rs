//! Seqline's session core for JavaScript.
//!
//! This crate drives [`seqline_core::Session`] and holds no rule of its own:
//!
//! - [`client`] is what JavaScript calls (with [`request`]s), [`app`] what it implements;
//! - [`driver`] is the loop between the two: it feeds one input, drains every output,
//!   and only then acts on them;
//! - [`browser`] has the sockets and life-cycle events of browsers. Where JavaScript
//!   brings its own (Node, or the app's), they stay on its side.

mod app;
mod browser;
mod client;
mod crash;
mod driver;
mod request;
mod timer;
mod values;

#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
