//! The tables of `docs/security.md`.

use crate::support::table;

/// Holds one of them to what was found.
pub(crate) fn holds(name: &str, columns: &[&str], rows: &[Vec<String>]) {
    table::holds("security.md", name, columns, rows);
}
