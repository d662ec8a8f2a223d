//! Plans that once broke a promise, each with the reason why it is kept.

use std::{fs, path::Path};

use seqline_simulation::{plan::Plan, world::World};

#[test]
fn what_once_failed_fails_no_more() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("plans");
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(!paths.is_empty());
    for path in paths {
        let name = path.display();
        let text = fs::read_to_string(&path).unwrap();
        let plan: Plan =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!plan.why.is_empty(), "{name} does not say why it is kept");
        let outcome = World::run(&plan);
        assert!(
            outcome.violation.is_none(),
            "{name}: {:?}",
            outcome.violation
        );
    }
}
