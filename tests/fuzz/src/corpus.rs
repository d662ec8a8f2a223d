//! The inputs that are kept: seeds from the golden vectors and by hand, what libFuzzer found to
//! reach something new, and whatever once failed (`regression-…`).

use std::{fs, path::PathBuf};

/// Where the inputs of a target are.
#[must_use]
pub fn folder(target: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target)
}

/// The inputs of a target with their names, sorted by them.
///
/// # Panics
/// If they cannot be read.
#[must_use]
pub fn inputs(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = folder(target);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let mut inputs: Vec<_> = files
        .map(|file| {
            let file = file.expect("a file of the corpus");
            let name = file.file_name().to_string_lossy().into_owned();
            let bytes = fs::read(file.path()).expect("a readable file");
            (name, bytes)
        })
        .collect();
    inputs.sort();
    inputs
}
