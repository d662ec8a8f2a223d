//! What storage promises: one suite, which every backend passes.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

mod conformance;
mod oracle;
mod sqlite;
mod support;
