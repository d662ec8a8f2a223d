//! Folders that there are.

use std::path::{Path, PathBuf};

/// The folder, or the next one above it that there is: the relay makes what is missing.
pub(super) fn existing(folder: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(folder).ok()?;
    let mut above = absolute.ancestors();
    above.find(|folder| folder.is_dir()).map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_looked_for_above() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("a/b");
        assert_eq!(existing(&missing).as_deref(), Some(folder.path()));
        assert_eq!(existing(folder.path()).as_deref(), Some(folder.path()));
    }
}
