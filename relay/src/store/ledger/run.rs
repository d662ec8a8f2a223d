//! One commit, from its operations to what is written.

use seqline_protocol::Micros;

use super::{
    Transaction, load,
    names::{Mentioned, Others},
};
use crate::store::{Commit, CommitRules, Op};

/// Decides on all operations, one after the other, and writes what comes of them. What the
/// transaction wrote is not durable before the backend commits it.
pub(in crate::store) async fn run<T: Transaction>(
    tx: &mut T,
    ops: &[Op],
    now: Micros,
    rules: &CommitRules,
) -> Result<Commit, T::Error> {
    let others = Others::of(ops);
    let mentioned = Mentioned::by(ops, &others);
    let resolved = tx.resolve(mentioned.names()).await?;
    let keys = mentioned.keys(&resolved);
    let mut ledger = load::load(tx, ops, &keys, now, rules).await?;
    let results = ops
        .iter()
        .enumerate()
        .map(|(index, op)| ledger.decide(op, keys.of(index)))
        .collect();
    ledger.tell_marks();
    let (changes, appends) = ledger.finish();
    if !changes.is_empty() {
        tx.write(&changes, now.get()).await?;
    }
    Ok(Commit { results, appends })
}
