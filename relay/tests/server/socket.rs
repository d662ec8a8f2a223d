//! What sessions do, over real sockets.

mod broadcasts;
mod calls;
mod chat;
mod crowds;
mod devices;
mod groups;
mod lagging;
mod presence;
mod rooms;
mod tokens;
