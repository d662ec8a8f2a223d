//! Under which ids the messages of a batch are sent.

use seqline_protocol::{ClientMsgId, UserId, limits::ID_BYTES_MAX};
use sha2::{Digest as _, Sha256};

use crate::api::ApiError;

/// A dot and the recipient in hex.
const SUFFIX_BYTES: usize = 1 + 2 * SUFFIX_HASH_BYTES;
const SUFFIX_HASH_BYTES: usize = 12;

/// Refuses a key that leaves no room for a recipient.
pub(super) fn check(field: &str, key: &ClientMsgId) -> Result<(), ApiError> {
    let bytes_max = ID_BYTES_MAX - SUFFIX_BYTES;
    if key.as_str().len() > bytes_max {
        let why = format!("it has at most {bytes_max} bytes");
        return Err(ApiError::field(field, why));
    }
    Ok(())
}

/// The same for the same batch and recipient, whatever else is in the batch.
pub(super) fn of(key: &ClientMsgId, user: &UserId) -> ClientMsgId {
    let hash: [u8; 32] = Sha256::digest(user.as_str()).into();
    let hex: String = hash
        .iter()
        .take(SUFFIX_HASH_BYTES)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    ClientMsgId::new(format!("{key}.{hex}")).expect("a valid id: the key's length was checked")
}
