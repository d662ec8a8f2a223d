//! What is asked of the reading connections. Each answer is one statement, or several that
//! are about what never changes, so that it is one consistent snapshot.

pub(super) mod conversations;
pub(super) mod devices;
pub(super) mod groups;
pub(super) mod history;
pub(super) mod page;
pub(super) mod positions;
pub(super) mod sent;
