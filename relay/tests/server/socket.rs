//! What sessions do, over real sockets.

mod chat;
mod devices;
mod lagging;
mod tokens;
