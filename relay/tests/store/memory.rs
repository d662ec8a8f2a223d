//! The model in memory.

use std::sync::Arc;

use seqline_protocol::Epoch;
use seqline_relay::store::{CommitRules, memory::MemoryStore};

use crate::{
    conformance,
    support::{Fresh, rules},
};

async fn fresh() -> Fresh {
    fresh_with(rules()).await
}

async fn fresh_with(rules: CommitRules) -> Fresh {
    Fresh::new(
        Arc::new(MemoryStore::new(rules, Epoch::new(7).unwrap())),
        (),
    )
}

conformance::suite!(fresh, fresh_with);
