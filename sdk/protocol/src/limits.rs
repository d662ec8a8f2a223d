//! Every limit of the protocol and of the client, in one place.
//!
//! Each says what happens when it is reached. The relay may be configured to
//! stricter values; it announces those that a client must know in `welcome`.

/// Largest integer that every client language represents exactly (2^53 − 1).
/// A larger one is refused as `field_invalid`.
pub const SAFE_INTEGER_MAX: u64 = (1 << 53) - 1;

/// Largest frame in either direction, in bytes. A larger one closes the
/// connection with `frame_too_large`.
pub const FRAME_BYTES_MAX: usize = 64 * 1024;

/// Largest message body in bytes, counted as JSON writes it (a quote, a backslash
/// or a control character takes two to six), so that a stored message fits into
/// a frame of either encoding. A larger one is refused as `body_too_large`.
pub const BODY_BYTES_MAX: usize = 32 * 1024;

/// Largest body of a best-effort `ephemeral`, counted like [`BODY_BYTES_MAX`].
pub const EPHEMERAL_BODY_BYTES_MAX: usize = 1024;

/// Largest request over HTTP of a connection that polls, in bytes. A larger one is refused as
/// `frame_too_large`.
pub const POLL_REQUEST_BYTES_MAX: usize = 4 * FRAME_BYTES_MAX;

/// Frames of one request over HTTP. More are refused as `field_invalid`.
pub const POLL_FRAMES_MAX: usize = 256;

/// Levels of nesting that a decoder follows (serde_json's own bound for JSON).
/// Deeper input is `frame_malformed`.
pub const NESTING_MAX: usize = 128;

/// Longest user, app, device and client message id, in bytes.
pub const ID_BYTES_MAX: usize = 64;

/// Longest conversation id: two user ids and `dm::`.
pub const CONV_ID_BYTES_MAX: usize = 2 * ID_BYTES_MAX + 8;

/// Longest message kind, in bytes.
pub const KIND_BYTES_MAX: usize = 32;

/// Longest token, in bytes.
pub const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// Longest free text of a `hello` (host, app version), in bytes.
pub const LABEL_BYTES_MAX: usize = 64;

/// Entries of a `page` or a `push`, at most; a page ends earlier when the next
/// entry would take its frame over [`FRAME_BYTES_MAX`].
pub const PAGE_ENTRIES_MAX: usize = 200;

/// Entries of a page when the request names no limit.
pub const PAGE_ENTRIES_DEFAULT: usize = 50;

/// Sends that a client may have unacknowledged on one connection. The client
/// queues further ones; the relay stops reading from a connection that has more.
pub const SEND_WINDOW: usize = 64;

/// Entries that a relay pushes beyond the last `ack` of a device. Further ones
/// are announced by `notify`, and the device pulls them.
pub const PUSH_WINDOW: usize = 512;

/// Messages that wait in a client's outbox, sending included. `send` refuses more.
pub const OUTBOX_MESSAGES_MAX: usize = 1_000;

/// Entries that wait in a client for its app: so many of the user's own timeline, and so
/// many of all large conversations together. The client pulls no further while it holds
/// as many, and drops pushes beyond (it pulls them later).
pub const INBOX_ENTRIES_MAX: usize = 1_000;

/// Entries that arrived ahead of a gap and wait for it to be filled, counted as
/// [`INBOX_ENTRIES_MAX`] are. Further ones are dropped, and pulled later.
pub const INBOX_EARLY_MAX: usize = 256;

/// Requests (history, conversations, marks …) that wait for an answer. The
/// client refuses more.
pub const REQUESTS_PENDING_MAX: usize = 128;

/// Own messages whose delivery state a client follows after `sent`. The oldest
/// is forgotten first; receipts still tell.
pub const SENT_TRACKED_MAX: usize = 1_000;

/// Users that a message mentions. More are refused as `field_invalid`.
pub const MENTIONS_MAX: usize = 50;

/// Users named in one change of a group. More are refused as `field_invalid`.
pub const GROUP_CHANGE_USERS_MAX: usize = 100;

/// Longest title of a group or channel, in bytes.
pub const TITLE_BYTES_MAX: usize = 256;

/// Longest announcement of a group or channel, in bytes counted like [`BODY_BYTES_MAX`].
pub const ANNOUNCEMENT_BYTES_MAX: usize = 4 * 1024;

/// Large conversations that one user belongs to. Joining more is refused as `conversation_full`.
pub const CROWDS_PER_USER_MAX: usize = 200;

/// Large conversations that a client pulls at the same time. The others wait for their turn.
pub const CROWD_PULLS_MAX: usize = 4;

/// Broadcasts of an app that are drafts, shown, or stopped and not expired. No more can be
/// made, so a device never holds more.
pub const BROADCASTS_MAX: usize = 256;

/// Longest name of a method, in bytes.
pub const METHOD_BYTES_MAX: usize = 64;

/// Bytes that a text takes inside a JSON string, quotes not counted.
#[must_use]
pub fn json_bytes(text: &str) -> usize {
    text.bytes()
        .map(|byte| match byte {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
            0x00..0x20 => 6,
            _ => 1,
        })
        .sum()
}
