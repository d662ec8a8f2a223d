//! Random lives of three devices of two users: connections cut or swallowed at any frame,
//! a relay that dies between commit and acknowledgement, devices whose process ends with
//! writes half done and frames on their way, handlers that fail. Every message that the app
//! knows to be on its way arrives once, in order, everywhere.
//!
//! `SEQLINE_CHAOS_SEED=7 cargo test -p seqline-core --test chaos` repeats one life.

mod support;

use support::world::World;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const LIVES: u64 = 300;

#[test]
fn nothing_is_lost_doubled_or_reordered() {
    let seeds = match option_env!("SEQLINE_CHAOS_SEED").map(str::parse) {
        Some(Ok(seed)) => seed..seed + 1,
        _ => 0..LIVES,
    };
    for seed in seeds {
        World::run(seed);
    }
}
