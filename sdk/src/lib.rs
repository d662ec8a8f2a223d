//! Seqline's session core for JavaScript.
//!
//! This crate drives [`seqline_core::Session`] and holds no rule of its own:
//!
//! - [`client`] is what JavaScript calls (with [`request`]s), [`app`] what it implements;
//! - [`driver`] is the loop between the two: it feeds one input, drains every output,
//!   and only then acts on them.
//!
//! Sockets, timers, storage and life-cycle events stay in JavaScript, behind the `Host`
//! interface of the package: this crate is the same in every host.

mod app;
mod client;
mod crash;
mod driver;
mod request;
mod values;

#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
