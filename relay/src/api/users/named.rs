//! Lists of users of which each stands for itself: a bad one fails alone.

use std::collections::BTreeMap;

use seqline_protocol::UserId;

use crate::api::ApiError;

/// A user, or why that is none.
pub(in crate::api) type Named = Result<UserId, ApiError>;

/// Reads a list of users, each by itself. Of a repeated one only the first counts.
pub(in crate::api) fn named_users(
    field: &str,
    given: &[String],
    max: usize,
) -> Result<Vec<Named>, ApiError> {
    check_count(field, given.len(), max)?;
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let named = given.iter().enumerate().map(|(at, user)| {
        let place = format!("{field}[{at}]");
        if let Some(first) = seen.get(user.as_str()) {
            let why = format!("repeated: it is {field}[{first}] again");
            return Err(ApiError::field(&place, why));
        }
        seen.insert(user, at);
        UserId::new(user.as_str()).map_err(|error| ApiError::field(&place, error))
    });
    Ok(named.collect())
}

/// Refuses a list of no one, and one that is too long.
pub(in crate::api) fn check_count(field: &str, count: usize, max: usize) -> Result<(), ApiError> {
    if (1..=max).contains(&count) {
        return Ok(());
    }
    let why = format!("from 1 to {max} users, these are {count}");
    Err(ApiError::field(field, why))
}
