//! Property tests with the same cases in every run and on every platform.

use std::fmt::Debug;

use proptest::{
    strategy::Strategy,
    test_runner::{Config, RngAlgorithm, TestCaseResult, TestRng, TestRunner},
};

/// Runs a property on so many values. Panics with the smallest value that breaks it.
pub(crate) fn check<S: Strategy>(
    cases: u32,
    strategy: &S,
    property: impl Fn(S::Value) -> TestCaseResult,
) {
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let result = TestRunner::new_with_rng(config, rng).run(strategy, |value| {
        remember(&value);
        property(value)
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

/// Natively, a panic in a property is caught and its value shown.
#[cfg(not(target_arch = "wasm32"))]
fn remember(_value: &impl Debug) {}

/// Wasm cannot catch a panic, so the value is kept for the hook to show.
#[cfg(target_arch = "wasm32")]
fn remember(value: &impl Debug) {
    use std::{cell::RefCell, panic, sync::Once};

    thread_local!(static VALUE: RefCell<String> = const { RefCell::new(String::new()) });
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            VALUE.with_borrow(|value| wasm_bindgen_test::console_log!("input: {value}"));
            hook(info);
        }));
    });
    VALUE.set(format!("{value:?}"));
}
