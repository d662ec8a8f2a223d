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

/// No room on its disk.
const FULL: [&str; 1] = ["53100"];

/// `default_transaction_read_only`, or a standby that was not promoted.
const READ_ONLY: [&str; 1] = ["25006"];

/// A page of a table or of an index that cannot be what was written.
const CORRUPT: [&str; 2] = ["XX001", "XX002"];

/// Its files fail it.
const IO: [&str; 1] = ["58030"];

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
    let text = error.to_string();
    let is_busy = matches!(error, sqlx::Error::PoolTimedOut)
        || has_code(&error, &IN_THE_WAY)
        || has_code(&error, &BUSY);
    if is_busy {
        StoreError::Busy(text)
    } else if has_code(&error, &FULL) {
        StoreError::Full(text)
    } else if has_code(&error, &READ_ONLY) {
        StoreError::ReadOnly(text)
    } else if has_code(&error, &CORRUPT) {
        StoreError::Corrupt(text)
    } else if is_away(&error) || has_code(&error, &IO) {
        StoreError::Unreachable(text)
    } else {
        StoreError::Failed(text)
    }
}

/// No connection could be made, or it was lost.
fn is_away(error: &sqlx::Error) -> bool {
    matches!(
        error,
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolClosed
    )
}

fn has_code(error: &sqlx::Error, codes: &[&str]) -> bool {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|code| codes.contains(&&*code))
}
