//! A hash map that is only ever looked up, never walked, so that its order cannot matter.

#[expect(
    clippy::disallowed_types,
    reason = "lookups only; iter_over_hash_type guards against walking it"
)]
pub(crate) type Index<K, V> = std::collections::HashMap<K, V>;
