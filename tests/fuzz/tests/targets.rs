//! Each target takes its corpus, and mutations of it: the same ones each time.

use std::panic::{AssertUnwindSafe, catch_unwind};

use seqline_fuzz::{TARGETS, Target, corpus, mutator::mutate};

fn target(name: &str) -> &'static Target {
    TARGETS
        .iter()
        .find(|target| target.name == name)
        .expect("a target")
}

fn try_all(name: &str) {
    let target = target(name);
    let corpus = corpus::inputs(name);
    assert!(!corpus.is_empty(), "{name} has no corpus");
    for (file, input) in &corpus {
        attempt(target, input, || format!("corpus/{name}/{file}"));
    }
    let mut rng = fastrand::Rng::with_seed(1);
    for number in 0..target.short_run {
        let input = mutate(&mut rng, &corpus);
        attempt(target, &input, || format!("mutation {number}"));
    }
}

/// Says with what it fails.
fn attempt(target: &Target, input: &[u8], which: impl Fn() -> String) {
    if catch_unwind(AssertUnwindSafe(|| (target.run)(input))).is_err() {
        let (name, which) = (target.name, which());
        panic!("{name} fails with {which}: \"{}\"", input.escape_ascii());
    }
}

macro_rules! targets {
    ($($name:ident),*) => {
        $(#[test] fn $name() { try_all(stringify!($name)); })*

        #[test]
        fn every_target_is_tried() {
            let tried = [$(stringify!($name)),*];
            let all: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(all, tried);
        }
    };
}

targets!(
    client_frames,
    relay_frames,
    polls,
    methods,
    tokens,
    session,
    search,
    settings
);
