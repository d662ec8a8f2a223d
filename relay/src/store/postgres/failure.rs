//! What went wrong, and what may be tried again.

use crate::store::StoreError;

/// Another transaction was in the way, and nothing was done: the same commit again will
/// most likely succeed. A name or a `client_msg_id` that another relay stored meanwhile
/// (`23505`) is found by the second attempt.
const IN_THE_WAY: [&str; 4] = ["40001", "40P01", "55P03", "23505"];

/// Not now: shutting down, starting up, too many connections, out of some resource.
const BUSY: [&str; 7] = [
    "57P01", "57P02", "57P03", "53300", "53400", "57014", "25P03",
];

pub(super) fn is_in_the_way(error: &sqlx::Error) -> bool {
    has_code(error, &IN_THE_WAY)
}

/// Nothing of it was done, as callers of a store see it. Also said of a commit whose answer
/// never came: whether it happened, a retransmission finds out.
#[expect(
    clippy::needless_pass_by_value,
    reason = "for map_err, which hands it over"
)]
pub(super) fn failure(error: sqlx::Error) -> StoreError {
    let is_busy = matches!(error, sqlx::Error::PoolTimedOut)
        || has_code(&error, &IN_THE_WAY)
        || has_code(&error, &BUSY);
    if is_busy {
        StoreError::Busy(error.to_string())
    } else {
        StoreError::Failed(error.to_string())
    }
}

fn has_code(error: &sqlx::Error, codes: &[&str]) -> bool {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|code| codes.contains(&&*code))
}
